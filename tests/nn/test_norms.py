"""Norms against timm's and torchvision's, and what freezing means in training."""

import pytest
import timm.layers
import torch
from random_weights import assert_equal, lively, random_state
from torch import nn
from torchvision.ops.misc import FrozenBatchNorm2d as TorchvisionFrozen

from resnet_hub import create_model
from resnet_hub.nn.layers.norms import FrozenBatchNorm2d, LayerNorm2d, RMSNorm2d

IMAGES = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
PAIRS = {
    "layer": (LayerNorm2d, timm.layers.LayerNorm2d),
    "rms": (RMSNorm2d, timm.layers.RmsNorm2d),
    "frozen": (FrozenBatchNorm2d, TorchvisionFrozen),
}


@pytest.mark.parametrize(("ours", "theirs"), PAIRS.values(), ids=PAIRS)
def test_a_norm_has_the_tensors_and_the_numbers_of_its_original(ours, theirs):
    ours, theirs = ours(24), theirs(24)
    theirs.load_state_dict(random_state(theirs), strict=True)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    x = torch.randn(2, 24, 5, 7, generator=torch.Generator().manual_seed(1))
    assert_equal(ours(x), theirs(x))


def test_a_frozen_network_learns_no_norm_and_counts_no_batch():
    model = lively(num_classes=3, norm_layer="frozen_batch").train()
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    model(IMAGES).sum().backward()
    assert not [name for name, _ in model.named_parameters() if ".bn" in name]
    assert all(torch.equal(buffer, before[name]) for name, buffer in model.named_buffers())


def test_a_frozen_network_answers_in_training_as_batch_normalization_in_evaluation():
    model, usual = create_model("resnet18", norm_layer="frozen_batch"), lively("resnet18")
    state = {name: tensor for name, tensor in usual.state_dict().items() if "num_batches" not in name}
    model.load_state_dict(state, strict=True)
    assert_equal(model.train()(IMAGES), usual(IMAGES))


def test_the_last_frozen_norms_do_not_start_at_zero_where_they_would_stay():
    model = create_model("resnet18", norm_layer="frozen_batch", zero_init_last=True)
    assert model.layer1[0].bn2.weight.min() == 1


@pytest.mark.parametrize("norm", ["layer", "groupnorm1", "rmsnorm"])
def test_the_last_norms_start_at_zero_where_they_can_learn(norm):
    model = create_model("test_resnet", norm_layer=norm)
    assert not model.layer1[0].last_norm().weight.any()
    assert not any(isinstance(module, nn.BatchNorm2d) for module in model.modules())

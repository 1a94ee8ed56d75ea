"""A layer beside a network is its head only where nothing stands between the two; all else is told, never guessed."""

import logging

import pytest
import torch
from random_weights import assert_equal, lively
from torch import nn
from torchvision.models import resnet
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.models.segmentation.fcn import FCN, FCNHead

from resnet_hub import AutoResNet
from resnet_hub.errors import CheckpointError

IMAGES = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
FEATURES = 512


@pytest.fixture(scope="module")
def network():
    return lively("resnet18", num_classes=5)


@pytest.fixture(scope="module")
def trunk(network):
    return {name: tensor for name, tensor in network.state_dict().items() if not name.startswith("fc.")}


def named(prefix, layer):
    return {f"{prefix}.{name}": tensor for name, tensor in layer.state_dict().items()}


def opened(file, content, **options):
    torch.save(content, file)
    return AutoResNet.from_pretrained(file, architecture="resnet18", **options)


HEAD = nn.Linear(FEATURES, 5)


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("head", ["classifier", "head"])
def test_a_head_of_another_name_in_the_network_itself_is_taken(prefix, head, network, trunk, tmp_path, caplog):
    content = {f"{prefix}{name}": tensor for name, tensor in (trunk | named(head, network.fc)).items()}
    with caplog.at_level(logging.INFO):
        model = opened(tmp_path / "net.pth", {"state_dict": content, "rank1": 0.8})
    assert_equal(model(IMAGES), network(IMAGES))
    assert any(f"'{head}' is taken as its head" in message for message in caplog.messages)


BETWEEN = {
    "a norm behind the pooling": named("bottleneck", nn.BatchNorm1d(FEATURES)),
    "a layer norm": named("ln", nn.LayerNorm(FEATURES)),
    "a layer that gives as many features": named("neck.0", nn.Linear(FEATURES, FEATURES)),
}


@pytest.mark.parametrize("between", BETWEEN.values(), ids=BETWEEN)
@pytest.mark.parametrize("body", ["backbone.", "module.base."])
def test_a_head_behind_another_layer_is_not_taken_for_one_behind_the_network(
    between, body, network, trunk, tmp_path, caplog
):
    around = body.removesuffix("base.").removesuffix("backbone.")
    beside = {f"{around}{name}": tensor for name, tensor in (between | named("classifier", HEAD)).items()}
    content = {f"{body}{name}": tensor for name, tensor in trunk.items()} | beside
    with pytest.raises(CheckpointError, match=r"2 missing \(fc\.weight, fc\.bias\)"):
        opened(tmp_path / "net.pth", content)
    assert any("left out: " in message and "classifier" in message for message in caplog.messages)
    features = opened(tmp_path / "net.pth", content, num_classes=0)(IMAGES)
    assert_equal(features, network.forward_head(network.forward_features(IMAGES), pre_logits=True))


def test_what_a_loss_has_learned_is_no_layer_between(network, trunk, tmp_path):
    content = {f"model.{name}": tensor for name, tensor in trunk.items()}
    content |= {"criterion.weight": torch.randn(7, FEATURES)} | named("classifier", network.fc)
    assert_equal(opened(tmp_path / "net.pth", {"state_dict": content})(IMAGES), network(IMAGES))


HEADS = {
    "of two tasks": named("fc_age", HEAD) | named("fc_sex", nn.Linear(FEATURES, 2)),
    "of several layers": named("1", nn.Sequential(nn.BatchNorm1d(2 * FEATURES), nn.Linear(2 * FEATURES, 5))),
    "of a cosine": {"classifier.L.weight": torch.randn(5, FEATURES)},
}


@pytest.mark.parametrize("heads", HEADS.values(), ids=HEADS)
def test_a_head_that_is_not_known_is_told_and_replaced_by_a_new_one(heads, trunk, tmp_path, caplog):
    content = {f"0.model.{name}": tensor for name, tensor in trunk.items()} | heads
    with pytest.raises(CheckpointError, match=r"2 missing \(fc\.weight, fc\.bias\)"):
        opened(tmp_path / "net.pth", content)
    assert opened(tmp_path / "net.pth", content, num_classes=3).num_classes == 3
    assert any("new head of 3 classes" in message for message in caplog.messages)


def test_tensors_that_no_architecture_has_are_named_with_the_network_beside_them(trunk, tmp_path):
    torch.save(trunk | named("fc", HEAD) | {"attention.conv.weight": torch.ones(1, FEATURES, 1, 1)}, tmp_path / "a.pth")
    with pytest.raises(CheckpointError) as refused:
        AutoResNet.from_pretrained(tmp_path / "a.pth")
    assert refused.value.code == "checkpoint.network_and_more"
    assert refused.value.fields["names"] == "attention.conv.weight"
    assert "resnet18" in refused.value.fields["candidates"].split(", ")


def test_a_network_for_volumes_is_told_by_its_convolutions(trunk, tmp_path):
    deep = {name: tensor[:, :, None] if tensor.ndim == 4 else tensor for name, tensor in trunk.items()}
    torch.save({"state_dict": deep}, tmp_path / "r3d.pth")
    with pytest.raises(CheckpointError) as refused:
        AutoResNet.from_pretrained(tmp_path / "r3d.pth")
    assert refused.value.code == "checkpoint.three_dimensional"
    assert refused.value.fields["tensor"] == "conv1.weight"


def test_the_backbone_of_a_segmentation_network_stays_dilated(tmp_path, caplog):
    dilated = resnet.ResNet(resnet.Bottleneck, [2, 2, 2, 2], replace_stride_with_dilation=[False, True, True])
    trunk = IntermediateLayerGetter(dilated, {"layer4": "out"})
    whole = FCN(trunk, FCNHead(2048, 4)).eval()
    torch.save(whole.state_dict(), tmp_path / "fcn.pth")
    network = AutoResNet.from_pretrained(tmp_path / "fcn.pth", architecture="resnet26", num_classes=0).eval()
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.allclose(network.forward_features(image), whole.backbone(image)["out"], atol=1e-6)
    assert "classifier (a segmentation head, so that the backbone is taken as dilated: output_stride=8)" in caplog.text

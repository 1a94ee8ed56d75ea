"""A network in the hands of PyTorch's tools answers as timm's does in the same hands, and so does its classifier."""

import copy
import io
import pickle

import pytest
import timm
import torch
import torch.distributed as dist
from random_weights import assert_equal, lively, random_state
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.nn.utils import parametrizations, prune

from resnet_hub import ImageClassifier
from resnet_hub.preprocessing.pixels import normalize

PIXELS = torch.randint(0, 256, (2, 3, 64, 64), generator=torch.Generator().manual_seed(0)).to(torch.uint8)


def sent(model):
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


def in_place(change):
    """The network itself, after something was done to it."""

    def done(model):
        change(model)
        return model

    return done


def pruned_everywhere(model):
    layers = [(layer, "weight") for layer in model.modules() if isinstance(layer, nn.Conv2d)]
    prune.global_unstructured(layers, prune.L1Unstructured, amount=0.3)


def sharded(model):
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    mesh = init_device_mesh("cpu", (1,))
    for block in model.layer1:
        fully_shard(block, mesh=mesh)
    fully_shard(model, mesh=mesh)


def with_averages(model):
    averaged = torch.optim.swa_utils.AveragedModel(model)
    averaged.update_parameters(model)
    return averaged.module


def doubled(module, given, result):
    return 2 * result


TOOLS = {
    "copied": copy.deepcopy,
    "pickled": lambda model: pickle.loads(pickle.dumps(model)),
    "saved whole": sent,
    "in double precision": nn.Module.double,
    "in channels last": lambda model: model.to(memory_format=torch.channels_last),
    "in shared memory": nn.Module.share_memory,
    "pruned": in_place(lambda model: prune.l1_unstructured(model.layer1[0].conv1, "weight", 0.5)),
    "pruned by structure": in_place(
        lambda model: prune.ln_structured(model.layer2[0].conv1, "weight", 0.5, n=2, dim=0)
    ),
    "pruned everywhere": in_place(pruned_everywhere),
    "weight norm": in_place(lambda model: parametrizations.weight_norm(model.layer1[0].conv1)),
    "older weight norm": in_place(lambda model: nn.utils.weight_norm(model.fc)),
    "spectral norm": in_place(lambda model: parametrizations.spectral_norm(model.eval().fc)),
    "an orthogonal head": in_place(lambda model: parametrizations.orthogonal(model.fc)),
    "a hook": in_place(lambda model: model.layer1[0].register_forward_hook(doubled)),
    "quantized": lambda model: torch.ao.quantization.quantize_dynamic(model, {nn.Linear}),
    "averaged": with_averages,
    "synchronized": nn.SyncBatchNorm.convert_sync_batchnorm,
    "sharded": in_place(sharded),
}


@pytest.fixture(autouse=True)
def no_process_group():
    yield
    if dist.is_initialized():
        dist.destroy_process_group()


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
def test_what_works_with_timms_network_works_here(tool):
    theirs = timm.create_model("test_resnet", num_classes=5)
    theirs.load_state_dict(random_state(theirs))
    answers = []
    for model in (theirs, lively("test_resnet", num_classes=5)):
        torch.manual_seed(0)
        changed = tool(model).eval()
        images = normalize(PIXELS, lively("test_resnet").preprocessing)
        with torch.no_grad():
            answers.append(changed(images.to(next(changed.parameters()).dtype)).float().softmax(1))
        if dist.is_initialized():
            dist.destroy_process_group()
    assert_equal(answers[1], answers[0])
    assert_equal(ImageClassifier(changed, device="cpu").scores_of(PIXELS), answers[0])

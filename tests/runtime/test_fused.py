"""The fast function of a network: equal to the network, in float32 and in bfloat16, for every kind of block."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from processor import FUSED, backend
from random_weights import lively

from resnet_hub import ImageClassifier, ResNet, create_model
from resnet_hub.errors import CheckpointError, ConfigError, ImageError
from resnet_hub.preprocessing.pixels import normalize
from resnet_hub.runtime import native_bf16
from resnet_hub.runtime.fused import can_fuse, chosen_backend, fused_network

# As shares of the range of the logits: rounding in another order, and eight bits of mantissa.
TOLERANCES = {torch.float32: 2e-6, torch.bfloat16: 2e-2}

# What rounds is magnified by these random weights, in PyTorch's own operations as much.
MAGNIFIED = {"resnetv2_50x1_bit": 8}

NETWORKS = {
    "basic blocks": "resnet18",
    "bottlenecks": "resnet26",
    "deep stem, averaged shortcut": "resnet26d",
    "tiered stem": "resnet26t",
    "groups": "resnext50_32x4d",
    "wide": "wide_resnet50_2",
    "squeeze and excitation": "seresnet50",
    "channel attention": "ecaresnet26t",
    "blurred strides": "resnetblur50",
    "averaged strides": "resnetaa50",
    "convolved pooling": "resnetrs50",
    "group norm": "resnet50_gn",
    "pruned": "ecaresnet50d_pruned",
    "shortcuts without weights": "cifar_resnet20",
    "no shortcuts": "cifar_plain20",
    "activation first": "resnetv2_50",
    "activation first, basic blocks": "resnetv2_18",
    "activation first, deep stem": "resnetv2_18d",
    "standardized weights": "resnetv2_50x1_bit",
    "evolved norms": "resnetv2_50d_evos",
}
OPTIONS = {
    "another activation": ("resnet26", {"act_layer": "silu"}),
    "frozen norms": ("resnet26", {"norm_layer": "frozenbatchnorm2d"}),
    "dilated": ("resnet26", {"output_stride": 8}),
    "one channel, several classes of one image": ("resnet18", {"in_chans": 1, "task": "multi_label"}),
    "numbers": ("resnet18", {"num_classes": 2, "task": "regression"}),
    "activation first, another activation": ("resnetv2_18", {"act_layer": "silu"}),
    "activation first, frozen norms": ("resnetv2_18", {"norm_layer": "frozenbatchnorm2d"}),
    "strides in front": ("resnet26", {"stride_place": "1x1", "strides": [2, 2], "plain_stem_width": 24}),
    "activation first, strides in last blocks": (
        "resnetv2_50",
        {"stride_place": "last_block", "strides": [2, 1], "conv_bias": True, "stem_pool": "zero_padded_max"},
    ),
    "pooled features": ("resnet18", {"num_classes": 0}),
    "pooling twice": ("resnet18", {"global_pool": "catavgmax"}),
    "dropped in training only": ("resnet26", {"drop_path_rate": 0.5, "drop_block_rate": 0.5, "drop_rate": 0.5}),
}
FULL = {**{case: (name, {}) for case, name in NETWORKS.items()}, **OPTIONS}


def small(name, options):
    """The options of a case with few and narrow blocks: the first of a stage, one after it and one with a stride."""
    if "pruned" in name or name.startswith("cifar"):
        return options
    sizes = {"depths": (2, 2), "widths": (64, 128)}
    return {**({"depths": (1, 1, 1, 2)} if "output_stride" in options else sizes), **options}


# The cases in full have their rows in `make parity`.
CASES = [
    *(pytest.param((name, small(name, options)), id=case) for case, (name, options) in FULL.items()),
    *(
        pytest.param(row, id=f"{case}, full", marks=pytest.mark.parity)
        for case, row in FULL.items()
        if small(*row) != row[1]
    ),
]


def noise(model, count=2, side=64):
    return torch.randn(count, model.config.in_chans, side, side, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module", params=CASES)
def network(request):
    """A network of each case with its own logits of the noise, for both types of numbers."""
    name, options = request.param
    model = lively(name, **options)
    with torch.inference_mode():
        return model, model(noise(model))


@torch.inference_mode()
def difference(model, expected, dtype):
    """The largest difference to the network's own logits, as a share of their range."""
    found = fused_network(model, dtype)(noise(model))
    assert found.dtype == torch.float32
    return float((found - expected).abs().max() / (expected.max() - expected.min()))


@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
def test_the_fast_function_is_the_network(network, dtype):
    model, expected = network
    assert can_fuse(model, dtype) == FUSED[dtype]
    if FUSED[dtype]:
        tolerance = TOLERANCES[dtype] * MAGNIFIED.get(model.config.architecture, 1)
        assert difference(model, expected, dtype) < tolerance
    else:
        assert chosen_backend("auto", model, dtype) == "eager"
        with pytest.raises(ConfigError, match=r"is not to be had for this .* in bfloat16"):
            chosen_backend("fused", model, dtype)


def test_networks_of_other_blocks_run_as_they_are():
    model = create_model("cifar_resnet20_gain").eval()
    assert not can_fuse(model, torch.float32)
    assert ImageClassifier(model, device="cpu").backend == "eager"
    with pytest.raises(ConfigError, match=r"'fused' .* cifar_resnet20_gain in float32") as refused:
        ImageClassifier(model, device="cpu", backend="fused")
    assert refused.value.code == "runtime.cannot_be_fused"


@pytest.mark.parametrize(("name", "head"), [("resnet18", "fc"), ("resnetv2_18", "head.fc")])
@torch.inference_mode()
def test_a_network_in_training_mode_is_copied_in_evaluation_mode(name, head):
    model = lively(name, depths=(1, 1), widths=(64, 64))
    layer, (parent, _, last) = model.get_classifier(), head.rpartition(".")
    setattr(model.get_submodule(parent), last, torch.nn.Sequential(torch.nn.Dropout(0.5), layer))
    expected = model.eval()(noise(model))
    found = fused_network(model.train(), torch.float32)(noise(model))
    assert (found - expected).abs().max() < 1e-5 * (expected.max() - expected.min())


def test_weights_of_a_type_that_cannot_be_fused_run_as_they_are():
    model = create_model("cifar_resnet20").double()
    assert ImageClassifier(model, device="cpu").backend == "eager"
    assert ImageClassifier(model, device="cpu", precision="bf16").backend == backend(torch.bfloat16)


def test_the_network_itself_stays_as_it_is():
    model = lively("cifar_resnet20")
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    fused_network(model, torch.bfloat16 if FUSED[torch.bfloat16] else torch.float32)(noise(model))
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_a_image_s_answer_does_not_depend_on_those_beside_it():
    model = lively("resnet18", depths=(2, 2), widths=(64, 128))
    run, images = fused_network(model, torch.float32), noise(model, count=5, side=32)
    together = run(images)
    for index in range(5):
        torch.testing.assert_close(run(images[index : index + 1])[0], together[index], rtol=1e-4, atol=1e-4)


def test_threads_share_one_function():
    model = lively("cifar_resnet20")
    run = fused_network(model, torch.float32)
    batches = [noise(model) + shift for shift in range(8)]
    expected = [run(batch) for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        for found, wanted in zip(pool.map(run, batches), expected, strict=True):
            assert torch.equal(found, wanted)


def test_damaged_weights_are_told_wherever_they_are():
    places = {"cifar_resnet20": ("conv1.weight", "layer3.2.bn2.bias", "layer1.0.bn1.running_var")}
    places |= {"test_resnet": ("layer1.0.conv1.weight",), "resnetv2_18": ("stages.1.blocks.1.norm1.running_mean",)}
    for architecture, name in ((architecture, name) for architecture, names in places.items() for name in names):
        model = lively(architecture)
        with torch.no_grad():
            model.state_dict()[name].view(-1)[0] = torch.nan
        with pytest.raises(CheckpointError, match="damaged; use another checkpoint"):
            ImageClassifier(model, device="cpu").warm_up()


def test_images_that_do_not_fit_are_refused_as_by_the_network():
    with pytest.raises(ImageError, match=r"expected \(N, 3, height, width\)"):
        fused_network(lively("resnet18"), torch.float32)(torch.zeros(1, 4, 32, 32))


@pytest.mark.parametrize("step", [50, pytest.param(20, marks=pytest.mark.parity)])
@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_photographs_get_the_five_classes_and_the_logits_of_the_network(name, step, data_folder):
    files = sorted((data_folder / "imagenet_samples").iterdir())[::step]
    classifier = ImageClassifier.from_pretrained(data_folder / f"weights/{name}-imagenet", device="cpu")
    images = torch.cat([normalize(classifier.prepare(file), classifier.preprocessing) for file in files])
    with torch.inference_mode():
        expected, found = classifier.model(images), fused_network(classifier.model, torch.float32)(images)
    assert torch.equal(found.topk(5).indices, expected.topk(5).indices)
    assert (found - expected).abs().max() < 1e-5 * (expected.max() - expected.min())
    assert [[best.index for best in ranked] for ranked in classifier(files)] == expected.topk(5).indices.tolist()


def agreement(model, images):
    """How many images get the same class in bfloat16 as in float32."""
    exact, quick = (ImageClassifier(model, device="cpu", precision=precision) for precision in ("fp32", "bf16"))
    assert (exact.backend, quick.backend) == ("fused", backend(torch.bfloat16))
    return sum(one[0].index == other[0].index for one, other in zip(exact(images), quick(images), strict=True))


def test_bfloat16_names_the_same_classes(data_folder):
    model = ResNet.from_pretrained(
        data_folder / "weights/cifar-akamaster/resnet20-12fca82f.th", architecture="cifar_resnet20"
    )
    with np.load(data_folder / "cifar10_lossless_test1000.npz") as file:
        images = list(file["images"][:60])
    assert agreement(model, images) >= len(images) - 1


@pytest.mark.parity
def test_bfloat16_names_the_same_classes_of_photographs(data_folder):
    files = sorted((data_folder / "imagenet_samples").iterdir())[::5]
    model = ResNet.from_pretrained(data_folder / "weights/resnet18-imagenet")
    assert agreement(model, files) >= len(files) - 1


def test_native_bfloat16_is_what_the_processor_says():
    said = torch.cpu.get_capabilities()
    assert native_bf16() == bool(said.get("avx512_bf16") or said.get("amx_bf16"))

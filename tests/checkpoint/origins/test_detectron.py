"""detectron2's and Caffe2's files: their numbers are those of the network that wrote them, folded norms too."""

import pickle
import re

import pytest
import torch
from random_weights import assert_equal, lively

from resnet_hub import ResNet, create_model
from resnet_hub.errors import CheckpointError

IMAGES = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
NORM = re.compile(r"(.*(?:bn\d|downsample\.1)\.)(running_mean|running_var|weight|bias)")


def folded(state):
    """The same network with norms of a scale and a bias, as detectron2's first versions and Detectron kept them."""
    kept = {}
    for name, tensor in state.items():
        found = NORM.fullmatch(name)
        if found is None:
            kept[name] = tensor
        elif found[2] == "weight":
            mean, variance, bias = (state[found[1] + leaf] for leaf in ("running_mean", "running_var", "bias"))
            kept[name] = tensor / (variance + 1e-5).sqrt()
            kept[f"{found[1]}bias"] = bias - mean * kept[name]
    return {name: tensor for name, tensor in kept.items() if not name.endswith("num_batches_tracked")}


def detectron_name(name):
    name = re.sub(r"^(conv1|bn1)\.", lambda found: {"conv1": "stem.conv1.", "bn1": "stem.conv1.norm."}[found[1]], name)
    name = re.sub(r"^layer(\d)\.", lambda found: f"res{int(found[1]) + 1}.", name)
    name = re.sub(r"\.bn(\d)\.", r".conv\1.norm.", name)
    return name.replace(".downsample.0.", ".shortcut.").replace(".downsample.1.", ".shortcut.norm.")


def caffe_name(name, leaves):
    if name.startswith("fc."):
        return f"fc1000_{name[3]}"
    if name == "conv1.weight":
        return "conv1_w"
    *place, leaf = name.split(".")
    if place == ["bn1"]:
        return f"res_conv1_{leaves[leaf]}"
    stage, block, part, *inner = place
    branch = "branch1" if part == "downsample" else f"branch2{'abc'[int(part[-1]) - 1]}"
    is_norm = part.startswith("bn") or inner == ["1"]
    return f"res{int(stage[5:]) + 1}_{block}_{branch}_{leaves[leaf] if is_norm else 'w'}"


SCALES = {"weight": "bn_s", "bias": "bn_b"}
STATISTICS = {
    "weight": "bn_gamma",
    "bias": "bn_beta",
    "running_mean": "bn_running_mean",
    "running_var": "bn_running_var",
}


def written(state, name_of):
    """A pickle of arrays, the first convolution in the order BGR."""
    blobs = {name_of(name): tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")}
    first = name_of("conv1.weight")
    return {name: (tensor.flip(1) if name == first else tensor).numpy() for name, tensor in blobs.items()}


@pytest.fixture(scope="module")
def network():
    return lively("resnet50", stride_place="1x1", num_classes=5)


@pytest.fixture(scope="module")
def expected(network):
    return network(IMAGES)


def saved(file, blobs, **around):
    file.write_bytes(pickle.dumps({"model": blobs, **around}))
    return file


def test_detectron2_s_norms_without_statistics_are_asked_for_and_read_as_what_the_caller_says(
    network, expected, tmp_path, caplog
):
    blobs = written(folded(network.state_dict()), lambda name: detectron_name(name).replace("fc.", "stem.fc."))
    file = saved(tmp_path / "R-50.pkl", blobs, __author__="Caffe2")
    with pytest.raises(CheckpointError) as refused:
        ResNet.from_pretrained(file)
    assert refused.value.code == "checkpoint.norms_of_which_kind"
    assert refused.value.fields["group"] == "resnet50_gn"
    assert "resnet50" in refused.value.fields["batch"].split(", ")
    assert_equal(ResNet.from_pretrained(file, architecture="resnet50")(IMAGES), expected)
    assert any("its norms have no statistics, so they are taken as folded" in message for message in caplog.messages)


def test_detectron2_s_group_norms_are_read_as_what_they_are(tmp_path):
    model = lively("resnet50_gn", num_classes=5)
    blobs = written(model.state_dict(), lambda name: detectron_name(name).replace("fc.", "stem.fc."))
    file = saved(tmp_path / "R-50-GN.pkl", blobs)
    again = ResNet.from_pretrained(file, architecture="resnet50_gn")
    assert again.config.norm_layer == "groupnorm"
    assert_equal(again(IMAGES), model(IMAGES))


def test_a_network_without_a_counterpart_here_says_so(tmp_path):
    state = create_model("resnet101").state_dict()
    blobs = written(folded(state), lambda name: detectron_name(name).replace("fc.", "stem.fc."))
    with pytest.raises(CheckpointError, match=r"resnet101.*or group norms \(no network of this package\)"):
        ResNet.from_pretrained(saved(tmp_path / "R-101.pkl", blobs))


def test_caffe2_s_folded_norms_are_read_at_once(network, expected, tmp_path):
    blobs = written(folded(network.state_dict()), lambda name: caffe_name(name, SCALES))
    model = ResNet.from_pretrained(saved(tmp_path / "R-50.pkl", blobs))
    assert model.preprocessing.mean == pytest.approx([value / 255 for value in (122.7717, 115.9465, 102.9801)])
    assert_equal(model(IMAGES), expected)


def test_the_blobs_of_detectron2_s_own_files_keep_their_statistics(network, expected, tmp_path):
    blobs = written(network.state_dict(), lambda name: caffe_name(name, STATISTICS))
    model = ResNet.from_pretrained(saved(tmp_path / "R-50.pkl", blobs))
    assert model.preprocessing.mean == pytest.approx([value / 255 for value in (123.675, 116.28, 103.53)])
    assert_equal(model(IMAGES), expected)


@pytest.mark.parametrize("leaves", [SCALES, STATISTICS], ids=["folded", "with statistics"])
def test_blobs_of_a_network_with_groups_stride_at_the_3x3(leaves, tmp_path):
    model = lively("resnext50_32x4d", num_classes=5)
    state = folded(model.state_dict()) if leaves is SCALES else model.state_dict()
    again = ResNet.from_pretrained(saved(tmp_path / "X-50.pkl", written(state, lambda name: caffe_name(name, leaves))))
    assert again.config.stride_place == model.config.stride_place
    assert_equal(again(IMAGES), model(IMAGES))


def test_group_norms_have_names_of_their_own_in_blobs(tmp_path):
    model = lively("resnet50_gn", num_classes=5)
    leaves = {"weight": "gn_s", "bias": "gn_b"}
    blobs = written(model.state_dict(), lambda name: caffe_name(name, leaves).removeprefix("res_"))
    again = ResNet.from_pretrained(saved(tmp_path / "R-50-GN.pkl", blobs))
    assert again.config.norm_layer == "groupnorm"
    assert_equal(again(IMAGES), model(IMAGES))

"""Encoders and backbones: the trunk is read under our names, what serves training only is named and left out."""

import pickle
import re

import pytest
import torch
import torchvision
from error_facts import code_and_fields
from random_weights import assert_equal, lively, random_state
from torch import nn

from resnet_hub import ResNet
from resnet_hub.checkpoint.weights import read_weights
from resnet_hub.config import Preprocessing
from resnet_hub.errors import CheckpointError

NETWORK = lively(num_classes=3)
STATE = NETWORK.state_dict()
TRUNK = {name: tensor for name, tensor in STATE.items() if not name.startswith("fc.")}
SMALL = torch.ones(2, 2)
IMAGES = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def under(prefix, state=TRUNK):
    return {prefix + name: tensor for name, tensor in state.items()}


def opened(content, folder, **options):
    torch.save(content, folder / "net.pth")
    return ResNet.from_pretrained(folder / "net.pth", **options)


METHODS = {
    "MoCo v1": ({"state_dict": under("module.encoder_q.", STATE)}, "fc (projection head)"),
    "MoCo v2": (
        {"state_dict": {**under("module.encoder_q."), "module.encoder_q.fc.0.weight": SMALL, "module.queue": SMALL}},
        "fc (projection head), queue (queue of keys)",
    ),
    "SimSiam": (
        {"state_dict": under("module.", {**under("encoder."), "encoder.fc.6.bias": SMALL, "predictor.0.bias": SMALL})},
        "fc (projection head), predictor (prediction head)",
    ),
    "SimCLR": (
        {"state_dict": {**under("backbone."), "backbone.fc.0.weight": SMALL, "backbone.fc.2.weight": SMALL}},
        "fc (head of several layers)",
    ),
    "BYOL": (
        {**under("online_encoder.net."), "online_encoder.projector.net.0.weight": SMALL},
        "online_encoder.projector (projection head)",
    ),
    "SwAV": (
        under("module.", {**TRUNK, "projection_head.0.weight": SMALL, "prototypes.weight": SMALL}),
        "projection_head (projection head), prototypes (prototypes)",
    ),
    "DINO": (
        {"teacher": {**under("backbone."), "head.mlp.0.weight": SMALL, "head.last_layer.weight_g": SMALL}},
        "head.mlp (projection head), head.last_layer (projection head)",
    ),
    "VICReg": (
        {"model": {**under("module.backbone."), "module.projector.0.weight": SMALL}},
        "projector (projection head)",
    ),
}


@pytest.mark.parametrize(("content", "left"), METHODS.values(), ids=METHODS)
def test_an_encoder_gives_features_and_what_trained_it_is_named(content, left, tmp_path, caplog):
    model = opened(content, tmp_path)
    with torch.inference_mode():
        assert torch.equal(model(IMAGES), NETWORK.forward_head(NETWORK.forward_features(IMAGES), pre_logits=True))
    assert model.num_classes == 0
    assert f"left out: {left}" in caplog.text
    assert "gives features until num_classes= asks for one" in caplog.text


def test_an_encoder_takes_a_new_head(tmp_path):
    model = opened(METHODS["MoCo v2"][0], tmp_path, label_names=["cat", "dog"])
    assert (model.num_classes, model.head_is_new, model.label_names) == (2, True, ("cat", "dog"))


def test_an_encoder_sees_what_linear_evaluations_show(tmp_path):
    expected = Preprocessing(interpolation="bilinear", crop_pct=0.875)
    assert opened(METHODS["SwAV"][0], tmp_path).preprocessing == expected


def test_an_encoder_of_another_depth_is_refused_by_its_own_name(tmp_path):
    torch.save(METHODS["SimCLR"][0], tmp_path / "net.pth")
    with pytest.raises(CheckpointError, match="They are those of test_resnet, not of resnet50"):
        ResNet.from_pretrained(tmp_path / "net.pth", architecture="resnet50")


def test_mmpretrain_s_head_lies_beside_the_backbone_and_its_classes_among_the_notes(tmp_path):
    head = {f"head.{name}": tensor for name, tensor in STATE.items() if name.startswith("fc.")}
    notes = {"dataset_meta": {"classes": ["cat", "dog", "bird"]}}
    model = opened({"meta": notes, "state_dict": {**under("backbone."), **head}}, tmp_path)
    assert (model.label_names, model.preprocessing.interpolation) == (("cat", "dog", "bird"), "bilinear")
    with torch.inference_mode():
        assert torch.equal(model(IMAGES), NETWORK(IMAGES))


def test_class_names_that_do_not_fit_are_left_out_and_said(tmp_path, caplog):
    head = {f"head.{name}": tensor for name, tensor in STATE.items() if name.startswith("fc.")}
    content = {"meta": {"CLASSES": ("cat", "dog")}, "state_dict": {**under("backbone."), **head}}
    assert opened(content, tmp_path).label_names is None
    assert "2 class names for 3 classes are left out; give label_names=" in caplog.text


NOTED = {
    "as torchvision's folders have them": {"class_to_idx": {"cat": 0, "bird": 2, "ant": 1}},
    "the other way round": {"idx_to_class": {"0": "cat", "1": "ant", "2": "bird"}},
    "in their order": {"classes": ["cat", "ant", "bird"], "epoch": 3},
}


@pytest.mark.parametrize("notes", NOTED.values(), ids=NOTED)
def test_class_names_that_a_script_notes_are_those_of_the_network(notes, tmp_path):
    assert opened({"state_dict": STATE, **notes}, tmp_path).label_names == ("cat", "ant", "bird")


@pytest.mark.parametrize("notes", [{"classes": 3}, {"class_to_idx": {"cat": 1, "ant": 2, "bird": 3}}, {"classes": []}])
def test_a_note_that_names_no_class_for_each_number_names_none(notes, tmp_path):
    assert opened({"state_dict": STATE, **notes}, tmp_path).label_names is None


def test_the_encoder_of_mmselfsup_is_taken_and_its_momentum_twin_named(tmp_path, caplog):
    opened({"state_dict": {**under("backbone."), **under("encoder_k.0."), "queue": SMALL}}, tmp_path)
    assert (
        "took 'state_dict.backbone' of several networks; weights='state_dict.encoder_k.0' takes another" in caplog.text
    )


@pytest.mark.parametrize("nested", [False, True], ids=["layers", "convolution and norm"])
def test_the_deep_stem_of_openmmlab_is_ours_under_other_names(nested, tmp_path):
    convolution = {0: "stem.0.conv.", 3: "stem.1.conv.", 6: "stem.2.conv.", 1: "stem.0.bn.", 4: "stem.1.bn."}
    state = {}
    for name, tensor in STATE.items():
        if found := re.match(r"conv1\.(\d)\.", name):
            theirs = convolution[int(found[1])] if nested else f"stem.{found[1]}."
            name = theirs + name[found.end() :]
        elif name.startswith("bn1."):
            name = ("stem.2.bn." if nested else "stem.7.") + name.removeprefix("bn1.")
        state[("" if name.startswith("fc.") else "backbone.") + name.replace("fc.", "head.fc.")] = tensor
    torch.save({"state_dict": state}, tmp_path / "net.pth")
    read = read_weights(tmp_path / "net.pth")
    assert read.keys() == STATE.keys()
    assert all(torch.equal(read[name], tensor) for name, tensor in STATE.items())


def of_detectron(state):
    """The names that detectron2 gives a backbone of torchvision's."""
    renamed = {}
    for name, tensor in state.items():
        if not name.startswith("fc.") and not name.endswith("num_batches_tracked"):
            name = re.sub(r"^layer(\d)", lambda found: f"res{int(found[1]) + 1}", name)
            name = re.sub(r"^bn1", "stem.conv1.norm", re.sub(r"^conv1", "stem.conv1", name))
            name = re.sub(r"\.bn(\d)\.", r".conv\1.norm.", name)
            name = name.replace("downsample.0", "shortcut").replace("downsample.1", "shortcut.norm")
            renamed[f"backbone.bottom_up.{name}"] = tensor
    return {"model": {**renamed, "proposal_generator.anchor.weight": SMALL}}


def bottleneck(stride_place):
    """torchvision's ResNet-50, with the stride at the 1x1 as Caffe's networks have it, or where it is there."""
    with torch.device("meta"):
        model = torchvision.models.resnet50(num_classes=2).eval()
    model.load_state_dict(random_state(model), assign=True)
    for stage in (model.layer2, model.layer3, model.layer4) if stride_place == "1x1" else ():
        stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)
    model.fc = nn.Identity()
    return model


@pytest.mark.parametrize(("author", "place"), [(None, "1x1"), ("torchvision", "3x3")], ids=["Caffe's", "torchvision's"])
def test_a_backbone_of_detectron_answers_as_the_network_that_it_is(author, place, tmp_path, caplog):
    theirs = bottleneck(place)
    content = of_detectron(theirs.state_dict()) | ({"__author__": author} if author else {})
    ours = opened(content, tmp_path)
    with torch.inference_mode():
        assert_equal(ours(IMAGES), theirs(IMAGES.flip(1) if author is None else IMAGES))
    mean, std = ours.preprocessing.mean, ours.preprocessing.std
    usual = Preprocessing(interpolation="bilinear", crop_pct=0.875)
    pixels = (tuple(value / 255 for value in (123.675, 116.28, 103.53)), (1 / 255,) * 3)
    assert (mean, std) == (pixels if author is None else (usual.mean, usual.std))
    assert "left out: proposal_generator" in caplog.text


def of_caffe(state):
    """The blobs that Detectron keeps of a network whose norms are a scale and a bias."""
    blobs = {}
    for name, tensor in state.items():
        name = re.sub(r"^layer(\d)\.(\d+)\.", lambda found: f"res{int(found[1]) + 1}_{found[2]}_", name)
        name = re.sub(r"_conv(\d)", lambda found: f"_branch2{'abc'[int(found[1]) - 1]}", name)
        name = re.sub(r"_bn(\d)", lambda found: f"_branch2{'abc'[int(found[1]) - 1]}_bn", name)
        name = name.replace("_downsample.0", "_branch1").replace("_downsample.1", "_branch1_bn")
        name = re.sub("^bn1", "res_conv1_bn", name)
        name = re.sub(r"bn\.weight$", "bn_s", re.sub(r"bn\.bias$", "bn_b", name)).replace(".weight", "_w")
        if not re.search("running|tracked|^fc", name):
            blobs |= {name: tensor.numpy(), f"{name}_momentum": tensor.numpy()}
    return {"blobs": blobs}


def test_a_pickle_of_caffe_s_blobs_answers_as_the_network_that_it_is(tmp_path, caplog):
    theirs = bottleneck("1x1")
    for name, tensor in theirs.state_dict().items():
        if "running" in name:
            tensor.fill_(0.0 if name.endswith("mean") else 1 - 1e-5)
    (tmp_path / "R-50.pkl").write_bytes(pickle.dumps(of_caffe(theirs.state_dict())))
    ours = ResNet.from_pretrained(tmp_path / "R-50.pkl")
    with torch.inference_mode():
        assert_equal(ours(IMAGES), theirs(IMAGES.flip(1)))
    assert ours.preprocessing.std == (1 / 255,) * 3
    assert "conv1_w_momentum (momentum)" in caplog.text


UNKNOWN = {
    "ViT": {"cls_token": SMALL, "pos_embed": SMALL, "blocks.0.attn.qkv.weight": SMALL},
    "VGG": {"features.0.weight": torch.ones(2, 3, 3, 3), "features.0.bias": SMALL, "classifier.0.weight": SMALL},
}


@pytest.mark.parametrize("state", UNKNOWN.values(), ids=UNKNOWN)
def test_another_kind_of_network_is_refused_by_what_it_holds(state, tmp_path):
    with pytest.raises(CheckpointError) as refused:
        opened(state, tmp_path)
    assert code_and_fields(refused.value) == (
        "checkpoint.no_residual_network",
        {"name": "net.pth", "names": ", ".join(state)},
    )


def test_a_residual_network_that_no_architecture_is_like_is_refused_by_its_stages(tmp_path):
    longer = {re.sub(r"layer2\.0", "layer2.1", name): tensor for name, tensor in STATE.items()}
    with pytest.raises(CheckpointError) as refused:
        opened({**STATE, **longer}, tmp_path)
    assert code_and_fields(refused.value) == (
        "checkpoint.weights_of_which_network",
        {"name": "net.pth", "depths": (1, 2, 1, 1)},
    )


def test_weights_that_are_not_finite_are_refused(tmp_path):
    broken = {**STATE, "bn1.bias": STATE["bn1.bias"] * float("nan")}
    with pytest.raises(CheckpointError) as refused:
        opened(broken, tmp_path)
    assert code_and_fields(refused.value) == (
        "checkpoint.not_finite",
        {"file": str(tmp_path / "net.pth"), "count": 1, "names": "bn1.bias"},
    )


def test_class_names_that_are_no_text_are_left_out_and_said(tmp_path, caplog):
    head = {f"head.{name}": tensor for name, tensor in STATE.items() if name.startswith("fc.")}
    content = {"meta": {"CLASSES": ("cat", "dog", "\ud800")}, "state_dict": {**under("backbone."), **head}}
    assert opened(content, tmp_path).label_names is None
    assert "one of them is no text" in caplog.text


NO_PLAIN_VALUES = {"meta": lambda tensor: tensor.to("meta"), "torch.sparse_coo": lambda tensor: tensor.to_sparse()}


@pytest.mark.filterwarnings("ignore:.*[Ss]parse.* invariant")
@pytest.mark.parametrize(("kind", "made"), NO_PLAIN_VALUES.items(), ids=NO_PLAIN_VALUES)
def test_tensors_without_plain_values_are_refused(kind, made, tmp_path):
    with pytest.raises(CheckpointError) as refused:
        opened({**STATE, "bn1.bias": made(STATE["bn1.bias"])}, tmp_path)
    assert code_and_fields(refused.value) == (
        "checkpoint.no_plain_values",
        {"file": str(tmp_path / "net.pth"), "name": "bn1.bias", "kind": kind},
    )

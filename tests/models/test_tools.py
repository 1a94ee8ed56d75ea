"""What takes a network apart: hooks, traces, compilers, exporters, heads for detection; whatever works on timm's works.

Each tool is run on timm's network as well, so that a tool that has changed is not taken for our mistake.
"""

import warnings
from collections import OrderedDict

import pytest
import timm
import torch
from huggingface_hub import HfApi
from random_weights import random_state, without_storage
from timm.models import FeatureDictNet, FeatureHookNet, FeatureListNet, push_to_hf_hub
from timm.models import FeatureInfo as TheirInfo
from timm.models._features import FeatureGetterNet
from torch import nn
from torch.export import Dim
from torch.fx import symbolic_trace
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names
from torchvision.models.segmentation.deeplabv3 import DeepLabHead, DeepLabV3

from resnet_hub import AutoResNet, create_model

IMAGES = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
OTHER_IMAGES = torch.randn(3, 3, 96, 64, generator=torch.Generator().manual_seed(1))
SMALL = {"test_resnet": {}, "resnetv2_18": {"depths": (1, 1, 1, 1), "widths": (16, 32, 32, 64)}}
"""One network of each family, and what makes it small."""
THEIR_WORDS = {"depths": "layers", "widths": "channels"}


def ours(name, **options):
    return alive(create_model, name, **SMALL[name], **options)


def theirs(name, **options):
    return alive(timm.create_model, name, **{THEIR_WORDS[key]: value for key, value in SMALL[name].items()}, **options)


def alive(create, name, **options):
    model = without_storage(create, name, num_classes=5, drop_rate=0.1, drop_path_rate=0.1, **options)
    model.load_state_dict(random_state(model), assign=True)
    return model


def quietly(tool):
    """Runs a tool whose own warnings, of its age, are not ours to mend."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tool()


def scripted(model):
    return quietly(lambda: torch.jit.script(model))


def traced(model):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", torch.jit.TracerWarning)
        return torch.jit.trace(model, IMAGES)


def extracted(model):
    node = quietly(lambda: get_graph_node_names(model))[1][-1]
    extractor = quietly(lambda: create_feature_extractor(model, {node: "logits"}))
    return lambda images: extractor(images)["logits"]


def exported(model):
    sides = {0: Dim("batch", max=64), 2: 32 * Dim("height", max=32), 3: 32 * Dim("width", max=32)}
    return torch.export.export(model, (IMAGES,), dynamic_shapes=(sides,)).module()


@pytest.mark.parametrize(
    "tool",
    [scripted, traced, symbolic_trace, lambda model: scripted(symbolic_trace(model)), extracted, exported],
    ids=["script", "trace", "fx", "script of fx", "extractor", "export"],
)
@pytest.mark.parametrize("name", SMALL)
def test_what_is_made_of_a_network_answers_as_it_does_at_any_size(name, tool):
    for model in (ours(name), theirs(name)):
        made = tool(model)
        for images in (IMAGES, OTHER_IMAGES):
            assert torch.equal(made(images), model(images))


@pytest.mark.parametrize("name", SMALL)
def test_a_network_is_compiled_in_one_piece(name):
    for model in (ours(name), theirs(name)):
        assert torch.equal(torch.compile(model, backend="eager", fullgraph=True)(IMAGES), model(IMAGES))


def levels_of(network, **options):
    return lambda model: network(model, out_indices=(0, 1, 4), **options)


def flattened(network):
    """The network that takes another apart, one module deeper for the family whose levels are so deep."""
    return lambda model: levels_of(network, flatten_sequential="." in model.feature_info[1]["module"])(model)


@pytest.mark.parametrize(
    "tool",
    [
        levels_of(FeatureHookNet),
        levels_of(FeatureGetterNet),
        flattened(FeatureListNet),
        lambda model: lambda images: [*flattened(FeatureDictNet)(model)(images).values()],
    ],
    ids=["hooks", "getter", "list", "dict"],
)
@pytest.mark.parametrize("name", SMALL)
def test_the_feature_networks_of_timm_give_the_levels_of_ours(name, tool):
    for model in (ours(name), theirs(name)):
        expected = [level.clone() for level in model.forward_intermediates(IMAGES, [0, 1, 4], intermediates_only=True)]
        for found, level in zip(tool(model)(IMAGES), expected, strict=True):
            assert torch.equal(found, level)


@pytest.mark.parametrize("name", SMALL)
def test_every_module_is_called_so_that_its_hooks_are(name):
    model, called = ours(name), []
    for inner, module in model.named_modules():
        module.register_forward_hook(lambda module, inputs, output, inner=inner: called.append(inner))
    model(IMAGES)
    assert {inner for inner, _ in model.named_modules()} == set(called)


def test_hooks_of_stages_see_the_levels_under_gradient_checkpointing_too():
    model, seen = ours("test_resnet").train(), {}
    model.set_grad_checkpointing()
    for level in model.feature_info[1:]:
        name = level["module"]
        model.get_submodule(name).register_forward_hook(
            lambda module, inputs, output, name=name: seen.update({name: output})
        )
    last, levels = model.forward_intermediates(IMAGES, [1, 2, 3, 4])
    assert last is levels[-1]
    assert all(one is other for one, other in zip(seen.values(), levels, strict=True))


LAYERS = {"layer1": "0", "layer2": "1", "layer3": "2", "layer4": "3"}


def test_heads_of_torchvision_stand_on_the_stages():
    for model in (ours("test_resnet"), theirs("test_resnet")):
        channels = [level["num_chs"] for level in model.feature_info[1:]]
        levels = IntermediateLayerGetter(model, LAYERS)(IMAGES)
        assert [level.shape[1] for level in levels.values()] == channels
        pyramid = BackboneWithFPN(model, LAYERS, channels, 8)
        assert [level.shape[1:] for level in pyramid(IMAGES).values()] == [(8, n, n) for n in (16, 8, 4, 2, 1)]
        segmenting = DeepLabV3(IntermediateLayerGetter(model, {"layer4": "out"}), DeepLabHead(channels[-1], 3)).eval()
        assert segmenting(IMAGES)["out"].shape == (2, 3, 64, 64)


@pytest.mark.parametrize("make", [ours, theirs], ids=["ours", "theirs"])
def test_a_whole_detection_model_of_torchvision_stands_on_a_network_and_trains_it(make):
    model = make("test_resnet")
    backbone = BackboneWithFPN(model, LAYERS, [level["num_chs"] for level in model.feature_info[1:]], 8)
    torch.manual_seed(0)
    detecting = FasterRCNN(backbone, num_classes=3, min_size=64, max_size=64, box_detections_per_img=4)
    targets = [{"boxes": torch.tensor([[8.0, 8.0, 40.0, 48.0]]), "labels": torch.tensor([2])} for _ in IMAGES]
    losses = detecting(list(IMAGES), targets)
    assert set(losses) == {"loss_classifier", "loss_box_reg", "loss_objectness", "loss_rpn_box_reg"}
    sum(losses.values()).backward()
    assert all(weight.grad.isfinite().all() for weight in (model.conv1[0].weight, model.layer4[0].conv1.weight))
    with torch.inference_mode():
        for found in detecting.eval()(list(IMAGES)):
            count = len(found["scores"])
            assert 0 < count <= 4
            assert (found["boxes"].shape, found["labels"].shape) == ((count, 4), (count,))
            assert ((found["boxes"] >= 0) & (found["boxes"] <= 64)).all()


def test_what_timm_pushes_of_a_network_opens_as_it(fake_hub):
    model = ours("test_resnet")
    model.label_names = tuple("abcde")
    push_to_hf_hub(model, "alice/pushed", model_card={"license": "mit"})
    assert {"config.json", "model.safetensors", "README.md"} <= {*HfApi().list_repo_files("alice/pushed")}
    for again in (
        AutoResNet.from_pretrained("alice/pushed"),
        timm.create_model("hf-hub:alice/pushed", pretrained=True),
    ):
        assert torch.equal(again.eval()(IMAGES), model(IMAGES))
    assert AutoResNet.from_pretrained("alice/pushed").label_names == model.label_names


def test_a_replaced_stage_is_what_computes():
    model = ours("test_resnet")
    model.layer4 = nn.Sequential(OrderedDict(stage=model.layer4, larger=nn.Upsample(scale_factor=2)))
    assert model.forward_features(IMAGES).shape[-2:] == (4, 4)
    assert torch.equal(scripted(model)(IMAGES), model(IMAGES))


@pytest.mark.parametrize("training", [True, False])
def test_a_script_follows_the_mode(training):
    model = ours("test_resnet")
    script = scripted(model).train(training)
    model.train(training)
    answers = []
    for network in (model, script):
        torch.manual_seed(0)
        answers.append(network(IMAGES))
    assert torch.equal(*answers)


@pytest.mark.parametrize("options", [{"norm": True}, {"stop_early": True}, {"norm": True, "stop_early": True}], ids=str)
@pytest.mark.parametrize("indices", [[1], [0], [2, 4], 2, None], ids=str)
@pytest.mark.parametrize("name", SMALL)
def test_intermediates_take_the_words_of_timm(name, indices, options):
    model, peer = ours(name), theirs(name)
    last, levels = model.forward_intermediates(IMAGES, indices, output_fmt="NCHW", **options)
    their_last, their_levels = peer.forward_intermediates(IMAGES, indices, output_fmt="NCHW", **options)
    if indices != [0]:  # for which timm gives what the stem's pooling puts out
        torch.testing.assert_close(last, their_last)
    for level, their_level in zip(levels, their_levels, strict=True):
        torch.testing.assert_close(level, their_level)


def test_the_feature_info_of_a_network_answers_as_timms_does():
    model, peer = ours("test_resnet"), theirs("test_resnet")
    info, their_info = model.feature_info, TheirInfo(peer.feature_info, (0, 1, 2, 3, 4))
    assert info[2] == {key: value for key, value in their_info[2].items() if key != "index"}
    for question in ("channels", "reduction", "module_name", "get_dicts"):
        assert getattr(info, question)() == getattr(their_info, question)()
        assert getattr(info.from_other(2), question)() == getattr(their_info.from_other(2), question)()
    assert info.channels([0, -1]) == their_info.channels([0, -1])

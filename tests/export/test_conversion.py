"""Networks written for other libraries: each opens there with the line that is said, and gives the same logits."""

import dataclasses
from pathlib import Path

import pytest
import safetensors.torch
import timm
import torch
import torchvision
import transformers
from error_facts import code_and_fields
from random_weights import assert_equal, lively
from transformers import AutoImageProcessor

from resnet_hub import AutoResNet
from resnet_hub.cli.commands.conversion import TARGETS as NAMED_TARGETS
from resnet_hub.errors import CheckpointError, ConfigError
from resnet_hub.export import TARGETS, export_network

NAMES = ("cat", "dog", "bird")
IMAGES = torch.randn(2, 4, 64, 64, generator=torch.Generator().manual_seed(0))
SMALL = {"depths": (1, 2), "widths": (16, 32)}
OWN, WRAPPED = "ResNetForImageClassification", "TimmWrapperForImageClassification"
# A network -> what each library takes it for; None where it cannot say it.
ROWS = {
    "plain": ("resnet18", {}, {"timm": "resnet18", "torchvision": "resnet18", "transformers": OWN}),
    "groups": ("resnext50_32x4d", {}, {"timm": "resnext50_32x4d", "torchvision": "resnext50_32x4d"}),
    "in transformers and timm alone": ("resnet26", {}, {"timm": "resnet26", "transformers": OWN}),
    "frozen norms": ("resnet18", {"norm_layer": "frozen_batch"}, {"torchvision": "resnet18", "transformers": OWN}),
    "several classes of one image": ("resnet18", {"task": "multi_label"}, {"torchvision": "resnet18"}),
    "deep stem": ("resnet18d", {}, {"timm": "resnet18d", "torchvision": None, "transformers": WRAPPED}),
    "attention": ("test_resnet", {"attn_layer": "se"}, {"timm": None, "torchvision": None, "transformers": None}),
    "another size": ("resnet18", SMALL, {"timm": None, "torchvision": None, "transformers": OWN}),
    "strides in front": (
        "resnet50",
        {**SMALL, "stride_place": "1x1", "strides": (2, 2), "plain_stem_width": 24},
        {"timm": None, "torchvision": None, "transformers": OWN},
    ),
    "four channels": ("resnet18", {"in_chans": 4, **SMALL}, {"torchvision": None, "transformers": OWN}),
    "CIFAR": ("cifar_resnet20", {}, {"timm": None, "torchvision": None, "transformers": None}),
    "activation first": ("resnetv2_18", {}, {"timm": "resnetv2_18", "torchvision": None, "transformers": WRAPPED}),
    "no classes": (
        "resnet18",
        {"num_classes": 0},
        {"timm": "resnet18", "torchvision": None, "transformers": "ResNetModel"},
    ),
    "no classes, wrapped": ("resnet18d", {"num_classes": 0}, {"transformers": "TimmWrapperModel"}),
}
PAIRS = [
    pytest.param(name, options, to, kind, id=f"{case} to {to}")
    for case, (name, options, kinds) in ROWS.items()
    for to, kind in kinds.items()
]
LIBRARIES = {"timm": timm, "torchvision": torchvision, "transformers": transformers, "safetensors": safetensors}


def network(name, options):
    labels = None if options.get("num_classes") == 0 else NAMES
    return lively(name, **{"num_classes": 3, **options}, label_names=labels)


@torch.inference_mode()
def logits(model, images):
    result = model.eval()(images)
    found = result if isinstance(result, torch.Tensor) else result.get("logits", result.get("pooler_output"))
    return found.flatten(1)


def opened(line):
    """What the line of Python makes that is said to open the network in its library."""
    if not line.startswith("model = "):
        return eval(line, dict(LIBRARIES))
    names = dict(LIBRARIES)
    exec(line, names)
    return names["model"]


@pytest.mark.parametrize(("name", "options", "to", "kind"), PAIRS)
def test_a_library_opens_it_with_the_same_logits_or_it_is_refused(name, options, to, kind, tmp_path):
    model = network(name, options)
    images = IMAGES[:, : model.config.in_chans]
    if kind is None:
        with pytest.raises(CheckpointError) as refused:
            export_network(model, tmp_path / "out", to)
        assert refused.value.code == "export.not_expressible"
        assert refused.value.fields["library"] == to
        assert not (tmp_path / "out").exists()
        return
    written = export_network(model, tmp_path / "out", to)
    assert written.kind == kind
    theirs = opened(written.opens_with)
    assert_equal(logits(model, images), logits(theirs, images))
    assert to != "transformers" or type(theirs).__name__ == kind
    assert all(file.is_file() for file in written.files)
    assert written.files[0].suffix == ".safetensors"


@pytest.mark.parametrize("case", ["plain", "another size", "strides in front", "no classes", "deep stem"])
def test_what_is_written_for_transformers_comes_back_as_it_was(case, tmp_path):
    name, options, _ = ROWS[case]
    model = network(name, options)
    export_network(model, tmp_path, "transformers")
    again = AutoResNet.from_pretrained(tmp_path)
    assert (again.label_names, again.num_classes) == (model.label_names, model.num_classes)
    for name, tensor in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor)


INPUTS = {
    "usual": {},
    "crop that no share gives": {"input_size": (3, 224, 224), "crop_pct": 0.95},
    "large": {"input_size": (3, 448, 448), "crop_pct": 0.875, "interpolation": "bilinear"},
    "squashed": {"input_size": (3, 96, 96), "crop_pct": 1.0, "crop_mode": "squash"},
    "squashed and cropped": {"input_size": (3, 96, 96), "crop_pct": 0.8, "crop_mode": "squash"},
}


@pytest.mark.parametrize("changes", INPUTS.values(), ids=INPUTS)
def test_transformers_resizes_and_crops_as_we_do(changes, tmp_path):
    model = network("resnet18", SMALL)
    model.preprocessing = before = dataclasses.replace(model.preprocessing, **changes)
    export_network(model, tmp_path, "transformers")
    after = AutoResNet.from_pretrained(tmp_path).preprocessing
    grown = [int(seen.input_size[1] / seen.crop_pct) for seen in (before, after)]
    assert grown[0] == grown[1]
    assert dataclasses.replace(after, crop_pct=before.crop_pct) == before
    image = torch.zeros(300, 400, 3, dtype=torch.uint8).numpy()
    seen = AutoImageProcessor.from_pretrained(tmp_path)(image, return_tensors="pt")["pixel_values"]
    assert tuple(seen.shape[1:]) == before.input_size


@pytest.mark.parametrize(
    "changes", [{"crop_mode": "border"}, {"input_size": (3, 64, 32)}, {"value_range": ((0, 10),)}], ids=str
)
def test_an_input_that_transformers_cannot_say_makes_it_a_wrapper(changes, tmp_path):
    model = network("resnet18", {})
    model.preprocessing = dataclasses.replace(model.preprocessing, **changes)
    assert export_network(model, tmp_path, "transformers").kind == WRAPPED


def test_what_torchvision_has_no_place_for_is_said(tmp_path):
    written = export_network(network("resnet18", {}), tmp_path, "torchvision")
    assert written.left_out == ("the preprocessing", "the class names")
    assert [file.name for file in tmp_path.iterdir()] == ["model.safetensors"]


@pytest.mark.parametrize("to", TARGETS)
def test_a_temperature_that_no_library_divides_by_is_said(to, tmp_path):
    model = network("resnet18", {})
    model.metadata = dataclasses.replace(model.metadata, temperature=1.5)
    assert "the temperature 1.5 of its scores" in export_network(model, tmp_path, to).left_out


def test_the_refusal_names_what_cannot_be_said(tmp_path):
    model = network("resnet50", {**SMALL, "stride_place": "1x1"})
    with pytest.raises(CheckpointError) as refused:
        export_network(model, tmp_path, "timm")
    found = code_and_fields(refused.value)
    assert found[0] == "export.not_expressible"
    assert "stride_place='1x1'" in found[1]["what"]


def test_an_unknown_library_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="to='caffe' is not known; choose one of 'timm', 'torchvision', 'transfor"):
        export_network(network("resnet18", {}), tmp_path, "caffe")


@pytest.mark.parametrize("to", TARGETS)
def test_a_folder_that_cannot_be_written_is_a_sentence(to, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError) as refused:
        export_network(network("resnet18", {}), Path(tmp_path / "file" / "out"), to)
    assert refused.value.code == "checkpoint.not_written"


def test_the_command_names_the_libraries_that_there_are():
    assert tuple(TARGETS) == NAMED_TARGETS

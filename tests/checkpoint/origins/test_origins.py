"""Each row of the table against the library or the names it stands for: equal answers, its input, its class names."""

import argparse
import re
from collections import OrderedDict
from functools import cache
from hashlib import sha256

import numpy as np
import pytest
import torch
import torchvision
from error_facts import code_and_fields
from PIL import Image
from random_weights import assert_equal, lively, random_state
from torch import nn
from torchvision.transforms._presets import ImageClassification

from resnet_hub import ResNet
from resnet_hub.checkpoint.origins import ORIGINS, Contents
from resnet_hub.checkpoint.origins.libraries import torchvision as published
from resnet_hub.checkpoint.origins.notes import noted_architecture
from resnet_hub.config import Preprocessing
from resnet_hub.errors import CheckpointError, ConfigError
from resnet_hub.preprocessing.pixels import normalize, to_pixels
from resnet_hub.registry import named_network

IMAGES = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
USUAL = Preprocessing(interpolation="bilinear", crop_pct=0.875)


@cache
def peer(name="resnet18", **options):
    """A network of torchvision's with random weights and statistics, in evaluation mode."""
    with torch.device("meta"):
        model = getattr(torchvision.models, name)(num_classes=4, **options).eval()
    model.load_state_dict(random_state(model), assign=True)
    return model


@cache
def trunk():
    """The tensors of `peer()` without its head."""
    return {name: tensor for name, tensor in peer().state_dict().items() if not name.startswith("fc.")}


def outputs(model, images=IMAGES):
    with torch.inference_mode():
        return model(images)


def features():
    return outputs(nn.Sequential(*list(peer().children())[:-1])).flatten(1)


def opened(content, folder, **options):
    torch.save(content, folder / "net.pth")
    return ResNet.from_pretrained(folder / "net.pth", **options)


@pytest.mark.parametrize("name", ["resnet18", "resnext50_32x4d"])
def test_a_file_of_torchvision_answers_as_there_and_sees_what_it_sees_there(name, tmp_path, caplog):
    ours = opened(peer(name).state_dict(), tmp_path)
    assert (ours.config.architecture, ours.preprocessing) == (name, USUAL)
    assert_equal(outputs(ours), outputs(peer(name)))
    assert "its input is assumed to be the usual one of torchvision" in caplog.text


@pytest.mark.parametrize("name", ["resnet50", "wide_resnet50_2", "resnet101", "resnext101_64x4d"])
@pytest.mark.parity
def test_every_kind_of_torchvision_s_networks_answers_as_there(name, tmp_path):
    ours = opened(peer(name).state_dict(), tmp_path)
    assert ours.config.architecture == name
    assert_equal(outputs(ours), outputs(peer(name)))


def test_the_input_can_be_chosen_in_whole_or_in_part(tmp_path, caplog):
    wanted = Preprocessing(input_size=(3, 96, 96), interpolation="lanczos")
    assert opened(peer().state_dict(), tmp_path, preprocessing=wanted).preprocessing == wanted
    part = ResNet.from_pretrained(tmp_path / "net.pth", preprocessing={"crop_pct": 0.5}).preprocessing
    assert (part.crop_pct, part.interpolation) == (0.5, "bilinear")
    assert "assumed" not in caplog.text


def test_the_tag_of_published_weights_gives_their_input(tmp_path):
    assert opened(peer().state_dict(), tmp_path, architecture="resnet18.a1_in1k").preprocessing.crop_pct == 0.95


@pytest.mark.parametrize("resize", [256, 232])
def test_a_published_file_of_torchvision_is_told_by_its_digest(resize, tmp_path, monkeypatch, caplog):
    torch.save(peer().state_dict(), tmp_path / "net.pth")
    size = round((tmp_path / "net.pth").stat().st_size / 2**20, 3)
    monkeypatch.setattr(published, "PUBLISHED", {"0" * 8: (size, 1), digest(tmp_path / "net.pth"): (size, resize)})
    model = ResNet.from_pretrained(tmp_path / "net.pth")
    assert model.preprocessing == Preprocessing(interpolation="bilinear", crop_pct=224 / resize)
    assert caplog.messages == []


def digest(file):
    return sha256(file.read_bytes()).hexdigest()[:8]


def test_the_published_files_are_those_of_torchvision():
    names = published.ARCHITECTURES[:5], ("resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d")
    found = {}
    for name in (*names[0], *names[1], "wide_resnet50_2", "wide_resnet101_2"):
        for weights in torchvision.models.get_model_weights(name):
            resize = weights.transforms.keywords.get("resize_size", 256)
            found[re.search(r"-(\w{8})\.pth", weights.url)[1]] = (weights.meta["_file_size"], resize)
    assert found == published.PUBLISHED


@pytest.mark.parametrize(("resize", "crop"), [(256, 224), (232, 224), (38, 21), (50, 28), (64, 64)])
def test_an_image_is_seen_as_torchvision_s_own_transform_shows_it(resize, crop):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (61, 83, 3), np.uint8).repeat(4, 0).repeat(4, 1))
    theirs = ImageClassification(resize_size=resize, crop_size=crop)(image)
    ours = published.seen(resize, crop)
    assert torch.equal(normalize(to_pixels(image, ours), ours)[0], theirs)


def test_torchvision_s_script_says_its_input_itself(tmp_path, caplog):
    args = argparse.Namespace(model="resnet18", val_resize_size=232, val_crop_size=192, interpolation="bicubic")
    model = opened({"model": dict(peer().state_dict()), "args": args, "epoch": 3}, tmp_path)
    expected = Preprocessing(input_size=(3, 192, 192), interpolation="bicubic", crop_pct=192 / 232)
    assert (model.preprocessing, caplog.messages) == (expected, [])


def test_torch_s_example_of_imagenet_is_of_torchvision(tmp_path):
    content = {"arch": "resnet18", "state_dict": dict(peer().state_dict()), "best_acc1": torch.tensor(70.0)}
    assert opened(content, tmp_path).preprocessing == USUAL


def test_timm_s_script_says_its_network_and_its_input_itself(tmp_path, caplog):
    args = argparse.Namespace(model="resnet18", img_size=192, crop_pct=0.9, mean=[0.5] * 3, std=None, interpolation="")
    content = {"arch": "resnet18", "state_dict": dict(peer().state_dict()), "args": args, "version": 2}
    model = opened(content, tmp_path)
    expected = Preprocessing(input_size=(3, 192, 192), interpolation="bicubic", crop_pct=0.9, mean=(0.5,) * 3)
    assert (model.config.architecture, model.preprocessing) == ("resnet18", expected)
    assert_equal(outputs(model), outputs(peer()))
    assert caplog.messages == []


@pytest.mark.parametrize(
    "notes", [{"mean": "abc"}, {"crop_pct": "x"}, {"img_size": -3}, {"input_size": 5}, {"std": [0, 0, 0]}], ids=str
)
def test_an_input_that_is_none_in_the_notes_is_left_out_and_said(notes, tmp_path, caplog):
    model = opened({"arch": "test_resnet", "state_dict": lively().state_dict(), "args": notes}, tmp_path)
    assert model.preprocessing == named_network("test_resnet")[1]
    assert "net.pth: the input in its notes is left out, as " in caplog.text


@pytest.mark.parametrize(
    ("noted", "known"),
    [("ResNet50.a1_in1k", "resnet50.a1_in1k"), ("resnet50.mine", "resnet50"), ("tv_resnet50", "resnet50.tv_in1k")],
)
def test_a_noted_network_is_known_by_its_tag_and_by_its_old_name(noted, known):
    assert noted_architecture(Contents({}, extras={"arch": noted})) == known


@pytest.mark.parametrize("noted", ["vit_base_patch16_224", "", 5, None, ["resnet50"]], ids=str)
def test_another_note_names_no_network(noted):
    assert noted_architecture(Contents({}, extras={"arch": noted, "args": noted})) is None


def test_an_input_of_no_known_form_is_refused(tmp_path):
    with pytest.raises(ConfigError) as refused:
        opened(lively().state_dict(), tmp_path, preprocessing=5)
    assert code_and_fields(refused.value) == ("checkpoint.no_preprocessing", {"value": 5})


def test_a_file_in_shared_names_says_whose_input_is_assumed_and_how_to_take_another(tmp_path, caplog):
    model = opened(dict(peer().state_dict()), tmp_path, architecture="resnet18")
    assert model.preprocessing.interpolation == "bicubic"
    assert "architecture='resnet18.tv_in1k' takes torchvision's, preprocessing= any other" in caplog.text


def test_a_sequential_of_torchvision_s_children_is_read_by_its_numbers(tmp_path):
    state = nn.Sequential(*list(peer().children())[:-1]).state_dict()
    assert_equal(outputs(opened({f"features.{name}": tensor for name, tensor in state.items()}, tmp_path)), features())


def test_a_classifier_behind_a_sequential_is_its_head(tmp_path):
    theirs = nn.ModuleDict({"encoder": nn.Sequential(*list(peer().children())[:-1]), "classifier": peer().fc})
    assert_equal(outputs(opened(theirs.state_dict(), tmp_path)), outputs(peer()))


class SmallBlock(nn.Module):
    """A block as kuangliu's project writes it."""

    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)
        other = stride != 1 or inputs != width
        projection = [nn.Conv2d(inputs, width, 1, stride, bias=False), nn.BatchNorm2d(width)]
        self.shortcut = nn.Sequential(*(projection if other else []))

    def forward(self, x):
        return torch.relu(self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x))))) + self.shortcut(x))


class SmallNetwork(nn.Module):
    """ResNet-18 for 32 x 32 px, as that project writes it."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64)
        for stage, (inputs, width) in enumerate([(64, 64), (64, 128), (128, 256), (256, 512)], 1):
            blocks = SmallBlock(inputs, width, 1 if stage == 1 else 2), SmallBlock(width, width, 1)
            setattr(self, f"layer{stage}", nn.Sequential(*blocks))
        self.linear = nn.Linear(512, 10)

    def forward(self, x):
        x = self.layer2(self.layer1(torch.relu(self.bn1(self.conv1(x)))))
        return self.linear(self.layer4(self.layer3(x)).mean((2, 3)))


def test_a_network_of_kuangliu_s_keeps_the_size_of_the_image(tmp_path):
    with torch.device("meta"):
        theirs = SmallNetwork().eval()
    theirs.load_state_dict(random_state(theirs), assign=True)
    ours = opened({"net": {f"module.{name}": tensor for name, tensor in theirs.state_dict().items()}}, tmp_path)
    assert (ours.config.stem, ours.config.stem_pool, ours.preprocessing.input_size) == ("3x3", "none", (3, 32, 32))
    assert_equal(outputs(ours, IMAGES[:, :, :32, :32]), outputs(theirs, IMAGES[:, :, :32, :32]))


def test_a_network_of_akamaster_s_is_told_from_the_plain_one_of_its_shapes(tmp_path):
    theirs = lively("cifar_resnet20")
    renamed = {re.sub("^fc", "linear", name): tensor for name, tensor in theirs.state_dict().items()}
    ours = opened({"state_dict": {f"module.{name}": tensor for name, tensor in renamed.items()}}, tmp_path)
    assert ours.config.architecture == "cifar_resnet20"
    assert torch.equal(outputs(ours), outputs(theirs))


def test_a_small_first_convolution_without_a_known_writer_is_refused_with_both_readings(tmp_path):
    state = OrderedDict(peer().state_dict(), **{"conv1.weight": torch.ones(64, 3, 3, 3)})
    with pytest.raises(CheckpointError) as refused:
        opened({"arch": "resnet18", "state_dict": state}, tmp_path)
    assert code_and_fields(refused.value) == (
        "checkpoint.small_stem",
        {"name": "net.pth", "architecture": "resnet18"},
    )
    options = {"architecture": "resnet18", "stem": "3x3", "stem_pool": "max"}
    assert ResNet.from_pretrained(tmp_path / "net.pth", **options).config.stem_pool == "max"


def test_quantized_weights_are_refused_by_name(tmp_path):
    state = {"conv1.scale": torch.ones(()), "conv1.zero_point": torch.zeros(()), **trunk()}
    with pytest.raises(CheckpointError) as refused:
        opened(state, tmp_path)
    assert code_and_fields(refused.value) == ("checkpoint.quantized", {"file": "net.pth"})


def test_every_row_has_a_name_of_its_own():
    assert len({row.name for row in ORIGINS}) == len(ORIGINS)

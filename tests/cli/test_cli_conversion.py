"""`resnet-hub convert`, and `info` and `predict` of bare weights files."""

import json
import shutil

import pytest
import torch
from conftest import REPOSITORY
from huggingface_hub import HfApi
from images import image
from random_weights import lively
from safetensors.torch import load_file, save_file

from resnet_hub import AutoResNet
from resnet_hub.cli.commands.conversion import TARGETS
from resnet_hub.cli.entry import COMMANDS
from resnet_hub.metadata import CheckpointMetadata
from resnet_hub.terminal import ArgumentParser

NAMES = ("cat", "dog", "bird")


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """A checkpoint folder, the same network as a bare file, and an image."""
    folder = tmp_path_factory.mktemp("sources")
    model = lively("resnet18", num_classes=3, depths=(1, 1, 1, 1), label_names=NAMES)
    model.save_pretrained(folder / "small")
    plain = lively("test_resnet", num_classes=3, label_names=NAMES)
    plain.save_pretrained(folder / "plain")
    torch.save({"state_dict": plain.state_dict(), "epoch": 3}, folder / "net.pth")
    image("red", 0).save(folder / "red.png")
    return folder


def test_a_file_becomes_a_folder_and_the_line_that_opens_it_is_printed(run, sources, tmp_path):
    target = tmp_path / "out"
    status, text, _ = run("convert", sources / "net.pth", target, "--architecture", "test_resnet")
    assert (status, text) == (0, f"AutoResNet.from_pretrained({str(target)!r})\n")
    assert eval(text).num_classes == 3
    assert not list(target.glob("*.bin"))


def test_a_network_is_written_for_a_library(run, sources, tmp_path):
    status, text, said = run("convert", sources / "small", tmp_path / "out", "--to", "transformers")
    assert status == 0
    assert text.startswith("transformers.AutoModelForImageClassification.from_pretrained(")
    assert "written as ResNetForImageClassification; it opens with the line below" in said
    values = json.loads((tmp_path / "out" / "config.json").read_text())
    assert (values["model_type"], values["id2label"]["2"]) == ("resnet", "bird")
    assert AutoResNet.from_pretrained(tmp_path / "out").label_names == NAMES


def test_what_a_library_cannot_say_or_keep_is_a_sentence(run, sources, tmp_path):
    status, text, said = run("convert", sources / "small", tmp_path / "out", "--to", "torchvision")
    assert (status, text) == (2, "")
    assert said == (
        "error: torchvision cannot say what this network is: it has no depths=[1, 1, 1, 1]; "
        "convert it without --to, for resnet_hub\n"
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("small", "small"), "{small} has a checkpoint already; give another folder, or --overwrite"),
        (("small", "net.pth"), "{net.pth} is a file; give a folder, which is made if it is missing"),
        (("small", "new", "--revision", "dev"), "{small} is a folder here, which has no revision 'dev'; drop one"),
        (("small", "new", "--to", "caffe"), "argument --to: invalid choice: 'caffe' (choose from 'timm', "),
        (("red.png", "new"), "{red.png} is an image, not weights; give the network first and the images after it"),
        (("net.pth", "new", "--weights", "ema"), "{net.pth} holds one network only; drop weights='ema'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_mistake_is_a_sentence_and_nothing_is_written(run, sources, arguments, says, tmp_path):
    places = {name: sources / name for name in ("small", "net.pth", "red.png")} | {"new": tmp_path / "new"}
    before = load_file(sources / "small" / "model.safetensors")
    status, text, said = run("convert", *(places.get(argument, argument) for argument in arguments))
    for name in places:
        says = says.replace(f"{{{name}}}", repr(str(places[name])))
    assert (status, text) == (2, "")
    assert said.splitlines()[-1].startswith(f"error: {says}"), said
    assert not (tmp_path / "new").exists()
    assert load_file(sources / "small" / "model.safetensors").keys() == before.keys()


def test_a_checkpoint_is_replaced_where_that_is_asked(run, sources, tmp_path):
    for _ in range(2):
        status, _, _ = run("convert", sources / "small", tmp_path / "out", "--overwrite")
        assert status == 0


def test_a_bare_file_is_described_and_asked(run, sources):
    named = ("--architecture", "test_resnet")
    status, text, _ = run("info", sources / "net.pth", *named, "--json")
    facts = json.loads(text)
    assert (status, facts["architecture"], facts["num_classes"]) == (0, "test_resnet", 3)
    status, text, _ = run("info", sources / "net.pth", *named, "--num-classes", 7, "--json")
    assert json.loads(text)["num_classes"] == 7
    status, text, _ = run("predict", sources / "net.pth", sources / "red.png", *named, "--num-classes", 3)
    assert status == 0
    assert len(text.splitlines()) == 4


def test_a_head_that_would_be_random_names_nothing(run, sources):
    status, text, said = run(
        "predict", sources / "net.pth", sources / "red.png", "--architecture", "test_resnet", "--num-classes", 7
    )
    assert (status, text) == (2, "")
    assert "is random until it is trained, and would name nothing; drop --num-classes" in said


def test_the_commands_of_the_page_on_other_libraries_are_right():
    page = (REPOSITORY / "docs" / "other-libraries.md").read_text("utf-8")
    lines = [line.partition("#")[0].split() for line in page.splitlines() if line.startswith("resnet-hub ")]
    assert len(lines) == 3
    for _, name, *arguments in lines:
        parser = ArgumentParser(name)
        COMMANDS[name].add_arguments(parser)
        assert parser.parse_args(arguments).source
    assert all(f"| `{target}` |" in page for target in TARGETS)


def test_an_architecture_by_name_takes_no_flags_of_files(run):
    status, _, said = run("info", "resnet50", "--num-classes", 7)
    assert status == 2
    assert "'resnet50' is an architecture, of which --architecture and --num-classes say nothing" in said


def test_safetensors_without_a_config_are_converted_too(run, sources, tmp_path):
    state = load_file(sources / "plain" / "model.safetensors")
    save_file({f"module.{name}": tensor for name, tensor in state.items()}, tmp_path / "net.safetensors")
    status, _, _ = run(
        "convert", tmp_path / "net.safetensors", tmp_path / "out", "--to", "timm", "--architecture", "test_resnet"
    )
    assert status == 0
    assert torch.equal(AutoResNet.from_pretrained(tmp_path / "out").fc.weight, state["fc.weight"])


CARD = "---\nlicense: cc-by-nc-4.0\n---\n# Ants\n"


@pytest.mark.parametrize("place", ["folder", "alice/ants", "alice/ants@main"])
def test_the_license_of_the_card_beside_the_weights_comes_along(run, sources, place, tmp_path, fake_hub):
    source = tmp_path / "ants"
    shutil.copytree(sources / "small", source)
    (source / "README.md").write_text(CARD)
    HfApi().create_repo("alice/ants")
    HfApi().upload_folder(folder_path=source, repo_id="alice/ants")
    status, _, said = run("convert", source if place == "folder" else place, tmp_path / "out")
    assert (status, "the license is that of the card: cc-by-nc-4.0" in said) == (0, True)
    assert AutoResNet.from_pretrained(tmp_path / "out").metadata.license == "cc-by-nc-4.0"
    assert "license: cc-by-nc-4.0" in (tmp_path / "out" / "README.md").read_text()


def test_the_license_that_weights_record_goes_before_the_card_s(run, sources, tmp_path):
    model = AutoResNet.from_pretrained(sources / "small")
    model.metadata = CheckpointMetadata(license="mit")
    model.save_pretrained(tmp_path / "ants")
    (tmp_path / "ants" / "README.md").write_text(CARD)
    _, _, said = run("convert", tmp_path / "ants", tmp_path / "out")
    assert "license" not in said
    assert AutoResNet.from_pretrained(tmp_path / "out").metadata.license == "mit"


def test_a_card_that_cannot_be_read_costs_the_license_alone(run, sources, tmp_path):
    shutil.copytree(sources / "small", tmp_path / "ants")
    (tmp_path / "ants" / "README.md").write_text("---\n[\n---\n")
    status, _, said = run("convert", tmp_path / "ants", tmp_path / "out")
    assert status == 0
    assert "no license is written, since the card beside the weights cannot be read: " in said

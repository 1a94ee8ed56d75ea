"""Damaged, hostile and unwritable files: each is refused in one sentence, and nothing half done is left behind."""

import json
import re
from pathlib import Path

import pytest
from random_weights import lively
from safetensors import SafetensorError

from resnet_hub import ResNet
from resnet_hub.checkpoint import folder as checkpoint
from resnet_hub.checkpoint.folder import local_path
from resnet_hub.checkpoint.format import MAX_CONFIG_BYTES
from resnet_hub.errors import CheckpointError, ConfigError
from resnet_hub.metadata import CheckpointMetadata


@pytest.fixture
def folder(tmp_path):
    """A saved network of three classes."""
    lively(num_classes=3).save_pretrained(tmp_path / "saved")
    return tmp_path / "saved"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("config.json", "has no config.json; a checkpoint folder has config.json and model.safetensors"),
        ("model.safetensors", "has no model.safetensors; a checkpoint folder has config.json and model.safetensors"),
    ],
)
def test_a_missing_file_is_named(name, sentence, folder):
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=re.escape(f"'{folder}' {sentence}")):
        ResNet.from_pretrained(folder)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is no valid JSON (Expecting value: line 1 column 1 (char 0)); download or save the checkpoint again"),
        (b'{"architecture": "resnet18"', "is no valid JSON (Expecting ',' delimiter"),
        (b'\xff{"architecture": "resnet18"}', "is no valid JSON ('utf-8' codec can't decode byte 0xff"),
        (b"[" * 200_000, "is no valid JSON (maximum recursion depth exceeded"),
        (b'{"num_classes": ' + b"9" * 5000 + b"}", "is no valid JSON (Exceeds the limit"),
        (b'["architecture"]', "holds no JSON object; expected the config of a network"),
        (b"null", "holds no JSON object; expected the config of a network"),
        (b'{"pretrained_cfg": {"mean": [NaN]}}', "is no valid JSON (NaN is no finite number)"),
        (b'{"crop_pct": -Infinity}', "is no valid JSON (-Infinity is no finite number)"),
        (b'{"crop_pct": 1e999}', "is no valid JSON (1e999 is no finite number)"),
        (b'{"num_classes": 2, "a": {"b": 1, "b": 2}}', "is no valid JSON ('b' is there twice)"),
    ],
    ids=["empty", "cut off", "no text", "deep", "huge number", "list", "null", "nan", "infinity", "overflow", "twice"],
)
def test_a_config_that_is_no_json_object_is_refused(content, sentence, folder):
    (folder / "config.json").write_bytes(content)
    with pytest.raises(CheckpointError, match=re.escape(f"config.json' {sentence}")):
        ResNet.from_pretrained(folder)


def test_a_config_of_absurd_size_is_not_read(folder):
    with (folder / "config.json").open("ab") as file:
        file.truncate(MAX_CONFIG_BYTES + 1)
    with pytest.raises(CheckpointError, match="has 16,777,217 bytes; at most 16,777,216 are read"):
        ResNet.from_pretrained(folder)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"architecture": "resnet19"}, "there is no architecture 'resnet19'; the nearest are 'resnet1"),
        ({"num_classes": 4, "label_names": ["a"]}, "config.json has 1 label_names, but the network has 4 classes"),
        ({"resnet_hub": {"format": 2}}, "config.json has format 2; this version reads 1: upgrade resnet_hub"),
        ({"resnet_hub": {"options": {"depths": [9999] * 4}}}, "depths=9999 is out of range; expected a whole number"),
        (
            {"resnet_hub": {"options": {"base_width": 65536, "block": "bottleneck"}}},
            r"would have about [\d,.]+ billion parameters",
        ),
    ],
    ids=["architecture", "labels", "format", "depth", "width"],
)
def test_a_config_that_cannot_be_meant_is_refused_by_from_pretrained(changes, sentence, folder):
    values = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**values, **changes}))
    with pytest.raises((CheckpointError, ConfigError), match=sentence):
        ResNet.from_pretrained(folder)


@pytest.mark.parametrize(
    "error",
    [OSError(28, "No space left on device"), SafetensorError("IoError: No space left on device"), KeyboardInterrupt()],
    ids=["disk full", "disk full in safetensors", "interrupted"],
)
def test_an_interrupted_write_leaves_the_old_checkpoint(error, folder, monkeypatch):
    before = {file.name: file.read_bytes() for file in folder.iterdir()}

    def write_half(_tensors, file, **_options):
        Path(file).write_bytes(b"half")
        raise error

    monkeypatch.setattr(checkpoint, "save_file", write_half)
    expected = KeyboardInterrupt if isinstance(error, KeyboardInterrupt) else CheckpointError
    with pytest.raises(expected, match=None if expected is KeyboardInterrupt else "No space left on device"):
        lively("test_resnet", num_classes=7).save_pretrained(folder)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CheckpointError, match=r"cannot write the checkpoint into '.*file/saved' \(Not a directory\)"):
        lively().save_pretrained(tmp_path / "file" / "saved")


@pytest.mark.parametrize(
    "details", [{"loss": float("nan")}, {"classes": {1, 2}}, {"name": "\ud800"}], ids=["nan", "set", "half a character"]
)
def test_metadata_that_are_no_json_are_refused_before_anything_is_written(details, tmp_path):
    model = lively()
    model.metadata = CheckpointMetadata.from_json(details)
    with pytest.raises(CheckpointError, match=r"config\.json cannot be written \(.*\); what a network says of itself"):
        model.save_pretrained(tmp_path / "saved", card="# Card")
    assert not (tmp_path / "saved").exists()


def test_written_files_can_be_read_by_everyone(folder):
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o644}


@pytest.mark.parametrize(
    "source", ["./nothing", "../nothing", "/nothing/here", "~/nothing", "~nobody-here/x", "a/b/c", Path("nothing")]
)
def test_a_source_that_can_only_be_a_path_is_refused_where_nothing_is_there(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointError, match=r"there is no folder or file '.*'; give a checkpoint folder, or 'own"):
        local_path(source)


@pytest.mark.parametrize("source", ["owner/name", "resnet50.a1_in1k", "owner/name@main", "n" * 300], ids=len)
def test_a_source_that_may_be_a_name_on_the_hub_is_no_path(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert local_path(source) is None


@pytest.mark.parametrize("source", ["owner/name", "~/owner/name"])
def test_a_folder_that_is_there_is_a_path_whatever_its_name(source, tmp_path, monkeypatch):
    (tmp_path / "owner/name").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert local_path(source).samefile(tmp_path / "owner/name")

"""Damaged, hostile and unwritable files: each is refused in one sentence, and nothing half done is left behind."""

import json
import logging
import pickle
import re
from pathlib import Path

import pytest
import torch
from random_weights import lively
from safetensors import SafetensorError

from resnet_hub import ResNet, checkpoint
from resnet_hub.checkpoint import local_path
from resnet_hub.checkpoint_config import MAX_CONFIG_BYTES
from resnet_hub.errors import CheckpointError, ConfigError
from resnet_hub.weights_file import read_weights

NO_WEIGHTS = {
    "empty": b"",
    "text": b"no weights",
    "zeros": bytes(100),
    "pickle of nothing": b"\x80\x02.",
    "pickle with a gap": b"\x80\x02h\x05.",
    "pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
}
NO_STATE_DICTS = {"list": [1, 2], "text": {"weight": "text"}, "nested": {"a": {"b": torch.ones(1)}}}


class Hostile:
    """Makes a file when it is unpickled by a reader that trusts its input."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return Path.touch, (self.file,)


@pytest.fixture
def folder(tmp_path):
    """A saved network of three classes."""
    lively(num_classes=3).save_pretrained(tmp_path / "saved")
    return tmp_path / "saved"


@pytest.fixture
def pickled(folder):
    """A folder as older tools wrote it, with a pickle instead of model.safetensors."""
    (folder / "model.safetensors").unlink()
    torch.save(lively(num_classes=3).state_dict(), folder / "pytorch_model.bin")
    return folder


@pytest.mark.parametrize("content", NO_WEIGHTS.values(), ids=NO_WEIGHTS)
@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin", "net.pth"])
def test_a_file_that_holds_no_weights_is_refused(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=rf"{re.escape(name)}' cannot be read as weights .* save it again"):
        read_weights(tmp_path / name)


@pytest.mark.parametrize("kind", ["safetensors", "zip", "old"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_a_truncated_file_is_refused(kind, share, folder):
    file = folder / "model.safetensors"
    if kind != "safetensors":
        file = folder / "net.pth"
        torch.save(lively().state_dict(), file, _use_new_zipfile_serialization=kind == "zip")
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
    with pytest.raises(CheckpointError, match="cannot be read as weights"):
        read_weights(file)


@pytest.mark.parametrize("old", [False, True], ids=["zip", "old"])
@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.safetensors", "net.pth"])
def test_code_in_a_pickle_is_refused_and_not_run(name, old, folder, tmp_path):
    mark = tmp_path / "this file would be made"
    (folder / "model.safetensors").unlink()
    torch.save({"weight": Hostile(mark)}, folder / name, _use_new_zipfile_serialization=not old)
    with pytest.raises(CheckpointError, match="cannot be read as weights"):
        ResNet.from_pretrained(folder / name if name == "net.pth" else folder, architecture="test_resnet")
    assert not mark.exists()


def test_the_hostile_pickle_of_these_tests_works_on_a_reader_that_trusts_it(tmp_path):
    pickle.loads(pickle.dumps(Hostile(tmp_path / "made")))
    assert (tmp_path / "made").exists()


@pytest.mark.parametrize("content", NO_STATE_DICTS.values(), ids=NO_STATE_DICTS)
def test_a_pickle_of_something_else_is_refused(content, tmp_path):
    torch.save(content, tmp_path / "net.pth")
    with pytest.raises(CheckpointError, match="holds no table of tensors; expected a network's state dict"):
        read_weights(tmp_path / "net.pth")


def test_an_older_folder_with_a_pickle_is_read_and_said_so(pickled, caplog):
    assert torch.equal(ResNet.from_pretrained(pickled).fc.weight, lively(num_classes=3).fc.weight)
    assert caplog.record_tuples == [
        (
            "resnet_hub.weights_file",
            logging.WARNING,
            f"{pickled} has no model.safetensors; its pickle pytorch_model.bin is read for tensors only",
        )
    ]


def test_the_pickle_beside_safe_weights_is_not_touched(folder, caplog):
    (folder / "pytorch_model.bin").write_bytes(b"no weights")
    ResNet.from_pretrained(folder)
    assert not caplog.messages


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
    ],
    ids=["empty", "cut off", "no text", "deep", "huge number", "list", "null"],
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
            r"would have about [\d,.]+ thousand million parameters",
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
def test_details_that_are_no_json_are_refused_before_anything_is_written(details, tmp_path):
    model = lively()
    model.details = details
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

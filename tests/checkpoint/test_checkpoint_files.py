"""Damaged, hostile and unwritable files: each is refused in one sentence, and nothing half done is left behind."""

import json
from pathlib import Path

import pytest
from error_facts import Begins, code_and_fields
from random_weights import lively
from safetensors import SafetensorError

from resnet_hub import ResNet
from resnet_hub.checkpoint import folder as checkpoint
from resnet_hub.checkpoint.config.format import MAX_CONFIG_BYTES
from resnet_hub.checkpoint.places import local_path
from resnet_hub.errors import CheckpointError, ConfigError
from resnet_hub.metadata import CheckpointMetadata


@pytest.fixture
def folder(tmp_path):
    """A saved network of three classes."""
    lively(num_classes=3).save_pretrained(tmp_path / "saved")
    return tmp_path / "saved"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("config.json", "checkpoint.no_config"),
        ("model.safetensors", "checkpoint.no_weights"),
    ],
)
def test_a_missing_file_is_named(name, code, folder):
    (folder / name).unlink()
    with pytest.raises(CheckpointError) as refused:
        ResNet.from_pretrained(folder)
    assert code_and_fields(refused.value) == (code, {"path": str(folder)})


@pytest.mark.parametrize(
    ("content", "code", "expected"),
    [
        (b"", "checkpoint.invalid_json", {"error": "Expecting value: line 1 column 1 (char 0)"}),
        (
            b'{"architecture": "resnet18"',
            "checkpoint.invalid_json",
            {"error": Begins("Expecting ',' delimiter")},
        ),
        (
            b'\xff{"architecture": "resnet18"}',
            "checkpoint.invalid_json",
            {"error": ("checkpoint.json_no_utf8", {"byte": 0})},
        ),
        (
            b"[" * 200_000,
            "checkpoint.invalid_json",
            {"error": ("checkpoint.json_too_deep", {})},
        ),
        (
            b'{"num_classes": ' + b"9" * 5000 + b"}",
            "checkpoint.invalid_json",
            {"error": ("checkpoint.json_long_number", {})},
        ),
        (b'["architecture"]', "checkpoint.no_json_object", {}),
        (b"null", "checkpoint.no_json_object", {}),
        (
            b'{"pretrained_cfg": {"mean": [NaN]}}',
            "checkpoint.invalid_json",
            {"error": ("checkpoint.no_finite_number", {"number": "NaN"})},
        ),
        (
            b'{"crop_pct": -Infinity}',
            "checkpoint.invalid_json",
            {"error": ("checkpoint.no_finite_number", {"number": "-Infinity"})},
        ),
        (
            b'{"crop_pct": 1e999}',
            "checkpoint.invalid_json",
            {"error": ("checkpoint.no_finite_number", {"number": "1e999"})},
        ),
        (
            b'{"num_classes": 2, "a": {"b": 1, "b": 2}}',
            "checkpoint.invalid_json",
            {"error": ("checkpoint.key_twice", {"key": "b"})},
        ),
    ],
    ids=["empty", "cut off", "no text", "deep", "huge number", "list", "null", "nan", "infinity", "overflow", "twice"],
)
def test_a_config_that_is_no_json_object_is_refused(content, code, expected, folder):
    (folder / "config.json").write_bytes(content)
    with pytest.raises(CheckpointError) as refused:
        ResNet.from_pretrained(folder)
    assert code_and_fields(refused.value) == (code, {"file": str(folder / "config.json"), **expected})


def test_a_config_of_absurd_size_is_not_read(folder):
    with (folder / "config.json").open("ab") as file:
        file.truncate(MAX_CONFIG_BYTES + 1)
    with pytest.raises(CheckpointError, match="has 16,777,217 bytes; at most 16,777,216 are read"):
        ResNet.from_pretrained(folder)


@pytest.mark.parametrize(
    ("changes", "code", "expected"),
    [
        ({"architecture": "resnet19"}, "registry.no_architecture", {"name": "resnet19", "nearest": Begins("'resnet1")}),
        ({"num_classes": 4, "label_names": ["a"]}, "checkpoint.label_names_for_each_class", {"names": 1, "classes": 4}),
        ({"resnet_hub": {"format": 2}}, "checkpoint.newer_format", {"found": 2, "known": 1}),
        (
            {"resnet_hub": {"options": {"depths": [9999] * 4}}},
            "checks.no_whole_number",
            {"name": "depths", "value": 9999, "low": 1, "high": 1024},
        ),
        (
            {"resnet_hub": {"options": {"base_width": 65536, "block": "bottleneck"}}},
            "nn.too_many_parameters",
            {
                "architecture": "test_resnet",
                "estimate": pytest.approx(140.22, abs=0.01),
                "gigabytes": pytest.approx(560.88, abs=0.01),
                "most": 4.0,
            },
        ),
    ],
    ids=["architecture", "labels", "format", "depth", "width"],
)
def test_a_config_that_cannot_be_meant_is_refused_by_from_pretrained(changes, code, expected, folder):
    values = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**values, **changes}))
    with pytest.raises((CheckpointError, ConfigError)) as refused:
        ResNet.from_pretrained(folder)
    assert code_and_fields(refused.value) == (code, expected)


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
    with pytest.raises(CheckpointError) as refused:
        lively().save_pretrained(tmp_path / "file" / "saved")
    assert code_and_fields(refused.value) == (
        "checkpoint.not_written",
        {"folder": str(tmp_path / "file" / "saved"), "reason": "Not a directory"},
    )


@pytest.mark.parametrize(
    "details", [{"loss": float("nan")}, {"classes": {1, 2}}, {"name": "\ud800"}], ids=["nan", "set", "half a character"]
)
def test_metadata_that_are_no_json_are_refused_before_anything_is_written(details, tmp_path):
    model = lively()
    model.metadata = CheckpointMetadata.from_json(details)
    with pytest.raises(CheckpointError) as refused:
        model.save_pretrained(tmp_path / "saved", card="# Card")
    assert refused.value.code == "checkpoint.config_not_written"
    assert not (tmp_path / "saved").exists()


def test_written_files_can_be_read_by_everyone(folder):
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o644}


@pytest.mark.parametrize(
    "source", ["./nothing", "../nothing", "/nothing/here", "~/nothing", "~nobody-here/x", "a/b/c", Path("nothing")]
)
def test_a_source_that_can_only_be_a_path_is_refused_where_nothing_is_there(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointError) as refused:
        local_path(source)
    assert code_and_fields(refused.value) == ("checkpoint.no_such_path", {"path": str(source)})


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

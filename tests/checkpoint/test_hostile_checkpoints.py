"""Strangers' checkpoints: each is read or refused in one short sentence that only prints, in a moment."""

import json
import struct
import time

import pytest
import torch
from random_weights import lively

from resnet_hub import ResNet
from resnet_hub.errors import CheckpointError, ResNetHubError

LONG = 5_000_000
SECONDS = 1.5
"""Of processor time, ten times what the slowest takes here; the quadratic readers of old took minutes."""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder with a network of three classes, and what its config.json says."""
    folder = tmp_path_factory.mktemp("hostile")
    lively(num_classes=3).save_pretrained(folder)
    return folder, json.loads((folder / "config.json").read_text())


def many(unit, count=100_000):
    return "{" + ",".join(unit.replace("#", str(number)) for number in range(count)) + "}"


def nested(depth):
    return "[" * depth + "]" * depth


ANY = None  # it may be read or refused
CONFIGS = {
    "many keys": ({"x": many('"k#": 1')}, "read"),
    "many nested keys": ({"resnet_hub": many('"k#": {"a": {"b": [#]}}', 30_000)}, "read"),
    "many options": ({"model_args": many('"k#": 1')}, "config.unknown_option"),
    "many class names by number": ({"label_names": many('"#": "x"')}, "checkpoint.label_names_for_each_class"),
    "deep": ({"x": nested(100_000)}, "checkpoint.invalid_json"),
    "digits": ({"x": "9" * 1_000_000}, "checkpoint.invalid_json"),
    "problem type of another kind": ({"problem_type": "[]"}, "checkpoint.problem_type"),
    "architectures of another kind": ({"architectures": "5", "model_type": '"timm_wrapper"'}, "read"),
    "long architecture": ({"architecture": f'"{"r" * LONG}"'}, "registry.no_architecture"),
    "long option": ({"model_args": f'{{"{"k" * LONG}": 1}}'}, "config.unknown_option"),
    "long norm": ({"model_args": f'{{"norm_layer": "{"n" * LONG}"}}'}, ANY),
    "long section": ({"resnet_hub": f'"{"x" * LONG}"'}, "checkpoint.no_named_values"),
    "long problem type": ({"problem_type": f'["{"x" * LONG}"]'}, "checkpoint.problem_type"),
    "long format": ({"resnet_hub": f'{{"format": "{"x" * LONG}"}}'}, "checkpoint.newer_format"),
    "long class name": ({"label_names": f'["{"x" * LONG}", "b", "c"]'}, "read"),
}


def outcome(read):
    """What becomes of a checkpoint: "read" or the code of its error; the sentence is checked, and the time."""
    began = time.process_time()
    try:
        read()
    except ResNetHubError as error:
        for language in ("en", "zh-CN"):
            sentence = error.sentence(language)
            assert len(sentence) < 2000
            assert sentence.isprintable()
        code = error.code
    else:
        code = "read"
    assert time.process_time() - began < SECONDS
    return code


@pytest.mark.parametrize("name", CONFIGS)
def test_a_hostile_config_is_read_or_refused(name, saved, tmp_path):
    folder, config = saved
    changed, expected = CONFIGS[name]
    values = {key: json.dumps(value) for key, value in config.items()} | changed
    content = "{" + ", ".join(f'"{key}": {value}' for key, value in values.items()) + "}"
    (tmp_path / "config.json").write_text(content)
    (tmp_path / "model.safetensors").symlink_to(folder / "model.safetensors")
    found = outcome(lambda: ResNet.from_pretrained(tmp_path))
    assert expected in (ANY, found)


ENCODED = {
    "byte order mark": (lambda text: b"\xef\xbb\xbf" + text.encode(), None),
    "UTF-16": (lambda text: text.encode("utf-16"), "checkpoint.json_nul"),
    "UTF-16 without its mark": (lambda text: text.encode("utf-16-be"), "checkpoint.json_nul"),
    "Latin-1": (lambda text: text.replace("}", ', "\xe9": 1}').encode("latin-1"), "checkpoint.json_no_utf8"),
    "NUL bytes": (lambda text: bytes(len(text)), "checkpoint.json_nul"),
    "NUL bytes at the end": (lambda text: text[:50].encode() + bytes(500), "checkpoint.json_nul"),
}


@pytest.mark.parametrize("name", ENCODED)
def test_a_config_in_another_encoding_is_read_or_told(name, saved, tmp_path):
    folder, config = saved
    encode, code = ENCODED[name]
    (tmp_path / "config.json").write_bytes(encode(json.dumps(config)))
    (tmp_path / "model.safetensors").symlink_to(folder / "model.safetensors")
    if code is None:
        assert ResNet.from_pretrained(tmp_path).num_classes == 3
        return
    with pytest.raises(CheckpointError) as refused:
        ResNet.from_pretrained(tmp_path)
    assert refused.value.fields["error"].code == code


def listing(names, shape=(0,)):
    header = json.dumps({name: {"dtype": "F32", "shape": shape, "data_offsets": [0, 0]} for name in names}).encode()
    return struct.pack("<Q", len(header)) + header


WEIGHTS = {
    "a name of megabytes": (lambda: listing(["x" * 3_000_000]), "checkpoint.misfits"),
    "wrappers of megabytes": (lambda: listing(["module." * 400_000 + "a"]), "checkpoint.misfits"),
    "parts of megabytes": (lambda: listing(["a." * 1_500_000]), "checkpoint.misfits"),
    "shortcuts": (lambda: listing([".shortcut." * 300_000]), "checkpoint.misfits"),
    "names that steer a terminal": (lambda: listing(["\x1b[31mevil\u202e\n" * 99, "\x07"]), "checkpoint.misfits"),
    "many empty tensors": (lambda: listing(f"t{number}" for number in range(70_000)), "checkpoint.header_too_large"),
    "a shape of many sides": (lambda: listing(["fc.weight"], [1] * 100_000 + [0]), ANY),
    "a header beyond the file": (lambda: struct.pack("<Q", 2**40) + b"{}", "checkpoint.unreadable_weights"),
    "nothing": (lambda: b"", "checkpoint.no_weights_file"),
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_hostile_weights_are_refused(name, saved, tmp_path):
    folder, _ = saved
    make, expected = WEIGHTS[name]
    (tmp_path / "config.json").symlink_to(folder / "config.json")
    (tmp_path / "model.safetensors").write_bytes(make())
    found = outcome(lambda: ResNet.from_pretrained(tmp_path))
    assert found != "read"
    assert expected in (ANY, found)


REPEATED = {
    "beside the network": {"x.weight": torch.zeros(1).expand(2**36)},
    "in its place": {"layer1.0.conv1.weight": torch.zeros(1).expand(2**18, 2**18, 3, 3)},
    "one storage many times": dict.fromkeys((f"x{number}.weight" for number in range(4_000)), torch.zeros(2**20)),
}


@pytest.mark.parametrize("more", REPEATED.values(), ids=REPEATED)
def test_a_few_numbers_that_stand_for_many_are_refused_before_they_are_read(more, tmp_path):
    model = lively("cifar_resnet20", num_classes=3)
    torch.save(model.state_dict() | more, tmp_path / "net.pth")
    found = outcome(lambda: ResNet.from_pretrained(tmp_path / "net.pth", architecture="cifar_resnet20"))
    assert found == "checkpoint.larger_than_stored"

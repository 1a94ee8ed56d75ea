"""Weights files: tensors come out under plain names, in little memory; whatever else is in them stays there."""

import json
import logging
import pickle
import re
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch
from conftest import REPOSITORY
from error_facts import Begins, code_and_fields
from random_weights import lively
from safetensors.torch import load_file, save_file

from resnet_hub import ResNet
from resnet_hub.checkpoint import weights as weights_file
from resnet_hub.checkpoint.weights import read_weights
from resnet_hub.errors import CheckpointError

NO_WEIGHTS = {
    "pickle of nothing": b"\x80\x02.",
    "pickle with a gap": b"\x80\x02h\x05.",
}
NO_SAFETENSORS = {
    "absurd header": struct.pack("<Q", 2**40) + b"{}",
    "large header": struct.pack("<Q", 100_000_001) + bytes(1000),
    "header is no JSON": struct.pack("<Q", 8) + b"weights!",
    "beyond the end": (header := json.dumps({"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 36]}}).encode())
    and struct.pack("<Q", len(header)) + header,
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
    with pytest.raises(CheckpointError) as refused:
        read_weights(tmp_path / "net.pth")
    assert code_and_fields(refused.value) == ("checkpoint.no_tensors", {"file": str(tmp_path / "net.pth")})


def test_an_older_folder_with_a_pickle_is_read_and_said_so(pickled, caplog):
    assert torch.equal(ResNet.from_pretrained(pickled).fc.weight, lively(num_classes=3).fc.weight)
    assert caplog.record_tuples == [
        (
            "resnet_hub.checkpoint.weights",
            logging.WARNING,
            f"{pickled} has no model.safetensors; its pickle pytorch_model.bin is read for tensors only",
        )
    ]


def test_the_pickle_beside_safe_weights_is_not_touched(folder, caplog):
    (folder / "pytorch_model.bin").write_bytes(b"no weights")
    ResNet.from_pretrained(folder)
    assert not caplog.messages


@pytest.mark.parametrize("content", NO_SAFETENSORS.values(), ids=NO_SAFETENSORS)
def test_a_tampered_header_is_refused(content, tmp_path):
    (tmp_path / "net.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError) as refused:
        read_weights(tmp_path / "net.safetensors")
    assert code_and_fields(refused.value) == (
        "checkpoint.unreadable_weights",
        {"file": str(tmp_path / "net.safetensors"), "reason": Begins("Error while deserializing header: ")},
    )


@pytest.mark.parametrize("name", ["net.safetensors", "net.pth"])
def test_a_file_larger_than_any_network_is_refused_before_it_is_read(name, tmp_path, monkeypatch):
    (tmp_path / name).write_bytes(bytes(101))
    monkeypatch.setattr(weights_file, "MAX_WEIGHTS_BYTES", 100)
    with pytest.raises(CheckpointError, match=f"{name}' has 101 bytes of weights; at most 100 are read"):
        read_weights(tmp_path / name)


def test_a_small_zip_that_grows_beyond_any_network_is_refused(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "net.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("net/data/0", bytes(10**6))
    monkeypatch.setattr(weights_file, "MAX_WEIGHTS_BYTES", 10**5)
    with pytest.raises(CheckpointError) as refused:
        read_weights(tmp_path / "net.pth")
    assert code_and_fields(refused.value) == (
        "checkpoint.weights_too_large",
        {"file": str(tmp_path / "net.pth"), "size": 10**6, "most": 10**5},
    )


def test_a_tensor_that_pretends_to_be_huge_takes_no_memory(folder):
    state = dict(lively(num_classes=3).state_dict())
    state["fc.weight"] = torch.zeros(1, dtype=torch.float16).expand(10**6, 10**6)
    (folder / "model.safetensors").unlink()
    torch.save(state, folder / "pytorch_model.bin")
    with pytest.raises(CheckpointError) as refused:
        ResNet.from_pretrained(folder)
    code, facts = code_and_fields(refused.value)
    assert code == "checkpoint.larger_than_stored"
    assert facts["file"] == str(folder / "pytorch_model.bin")
    assert facts["size"] > 2 * 10**12
    assert facts["stored"] < 10**7


@pytest.mark.parametrize(
    "prefix", ["model.", "timm_model.", "backbone.net.", "module.model.", "model.module.", "_orig_mod.timm_model."]
)
def test_the_name_of_the_part_that_holds_the_whole_network_is_dropped(prefix, tmp_path):
    state = lively().state_dict()
    save_file({prefix + name: tensor for name, tensor in state.items()}, tmp_path / "net.safetensors")
    assert read_weights(tmp_path / "net.safetensors").keys() == state.keys()


def test_a_name_that_only_some_tensors_share_is_kept(tmp_path):
    save_file({"a.b.x": torch.ones(1), "a.c.x": torch.ones(1)}, tmp_path / "net.safetensors")
    assert read_weights(tmp_path / "net.safetensors").keys() == {"b.x", "c.x"}


@pytest.mark.parametrize("dtype", [None, torch.float32, torch.bfloat16])
def test_floating_point_tensors_come_in_the_type_that_is_asked_for(dtype, folder):
    state, saved = read_weights(folder, dtype), load_file(folder / "model.safetensors")
    assert {tensor.dtype for tensor in state.values()} == {dtype or torch.float32, torch.int64}
    assert all(torch.equal(state[name], tensor.to(state[name].dtype)) for name, tensor in saved.items())


MEASURING = """
import os, sys
import torch
from resnet_hub import ResNet

def now(what):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(what))

def load(folder, dtype):
    open("/proc/self/clear_refs", "w").write("5")  # the peak is counted from here
    before = now("VmRSS")
    state = ResNet.from_pretrained(folder, dtype=getattr(torch, dtype)).state_dict()
    touched = [tensor.flatten()[::512].sum() for tensor in state.values()]  # a number of each page
    return (now("VmHWM") - before) / sum(tensor.nbytes for tensor in state.values())

for folder, dtype in zip(sys.argv[2::2], sys.argv[3::2]):
    if not os.fork():  # each from the same start, whatever an earlier one has left of its memory
        load(sys.argv[1], dtype)
        print(load(folder, dtype), flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_loading_takes_little_more_memory_than_the_weights(tmp_path):
    lively().save_pretrained(tmp_path / "small")
    for name in ("float32", "float16"):
        lively("resnet50").to(getattr(torch, name)).save_pretrained(tmp_path / name)
    cases = [("float32", "bfloat16"), ("float16", "float32"), ("float32", "float32")]
    command = [sys.executable, "-c", MEASURING, tmp_path / "small"]
    for saved, asked in cases:
        command += [tmp_path / saved, asked]
    measured = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    ratios = dict(zip(cases, map(float, measured.stdout.split()), strict=True))
    assert all(0.9 < ratio < 1.3 for ratio in ratios.values()), ratios

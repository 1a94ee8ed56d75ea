"""Pickles: notes are emptied, code is never run, and a refusal names what a file holds."""

import os
from collections import OrderedDict, defaultdict
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import torch
from error_facts import code_and_fields
from torch import nn

from resnet_hub.checkpoint.readers.pickles import names_in, read_pickle
from resnet_hub.checkpoint.weights import read_weights
from resnet_hub.errors import CheckpointError

TENSOR = torch.arange(3.0)


class Config(dict):
    """Options that are read as attributes, as many projects have them."""

    def __init__(self, **values):
        super().__init__(values)
        self.__dict__.update(values)


Config.__module__, Config.__qualname__ = "easydict", "EasyDict"


class Runs:
    """Makes a file where it is unpickled by a reader that trusts its input."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


@pytest.mark.parametrize("old", [False, True], ids=["zip", "old"])
@pytest.mark.parametrize(
    "note",
    [np.float64(0.5), np.ones(3), Path("runs"), datetime(2025, 1, 1), defaultdict(list, a=[1]), {1}, 1 + 2j],
    ids=lambda note: type(note).__name__,
)
def test_notes_are_emptied_and_tensors_stay(note, old, tmp_path):
    torch.save({"weight": TENSOR, "note": note}, tmp_path / "net.pth", _use_new_zipfile_serialization=not old)
    assert torch.equal(read_pickle(tmp_path / "net.pth")["weight"], TENSOR)


def test_a_class_of_options_that_is_not_installed_is_read_without_it(tmp_path, monkeypatch):
    module = type(os)("easydict")
    module.EasyDict = Config
    with monkeypatch.context() as there:
        there.setitem(__import__("sys").modules, "easydict", module)
        torch.save({"weight": TENSOR, "cfg": Config(depth=50)}, tmp_path / "net.pth")
    read = read_pickle(tmp_path / "net.pth")
    assert torch.equal(read["weight"], TENSOR)
    assert (type(read["cfg"]), read["cfg"]["depth"]) == (OrderedDict, 50)


@pytest.mark.parametrize(
    ("function", "name"),
    [(os.system, f"{os.name}.system"), (eval, "builtins.eval"), (getattr, "builtins.getattr"), (open, "io.open")],
    ids=str,
)
@pytest.mark.parametrize("old", [False, True], ids=["zip", "old"])
def test_code_is_named_and_not_run(function, name, old, tmp_path):
    arguments = (str(tmp_path / "made"), "w") if function is open else (f"touch {tmp_path / 'made'}",)
    torch.save(
        {"weight": TENSOR, "x": Runs(function, *arguments)},
        tmp_path / "net.pth",
        _use_new_zipfile_serialization=not old,
    )
    with pytest.raises(CheckpointError) as refused:
        read_weights(tmp_path / "net.pth")
    assert code_and_fields(refused.value) == (
        "checkpoint.unsafe_pickle",
        {"file": str(tmp_path / "net.pth"), "what": ("checkpoint.runs_code", {"names": name})},
    )
    assert [file.name for file in tmp_path.iterdir()] == ["net.pth"]


def test_a_whole_model_is_refused_by_the_name_of_its_class(tmp_path):
    torch.save(nn.Sequential(nn.Conv2d(1, 1, 1)), tmp_path / "net.pth")
    with pytest.raises(CheckpointError) as refused:
        read_weights(tmp_path / "net.pth")
    what = refused.value.fields["what"]
    assert (what.code, "torch.nn.modules.container.Sequential" in what.fields["names"]) == (
        "checkpoint.whole_model",
        True,
    )
    assert "state_dict()" in str(refused.value)


def test_names_are_found_in_pickles_of_every_protocol(tmp_path):
    for protocol in (2, 4):
        torch.save({"a": Path("x"), "b": Path("y")}, tmp_path / "net.pth", pickle_protocol=protocol)
        assert names_in(tmp_path / "net.pth") == {f"{type(Path()).__module__}.{type(Path()).__name__}"}


def test_an_allowance_ends_with_the_reading(tmp_path):
    torch.save({"weight": TENSOR, "note": np.float64(0.5)}, tmp_path / "net.pth")
    before = set(torch.serialization.get_safe_globals())
    read_pickle(tmp_path / "net.pth")
    assert set(torch.serialization.get_safe_globals()) == before

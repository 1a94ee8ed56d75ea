"""Pickles of NumPy's arrays: tensors of the same values come out of them, and nothing else is made."""

import os
import pickle

import numpy as np
import pytest
import torch
from error_facts import code_and_fields

from resnet_hub.checkpoint.readers.numpy_arrays import read_array_pickle
from resnet_hub.checkpoint.readers.pickles import read_pickle
from resnet_hub.checkpoint.weights import read_weights
from resnet_hub.errors import CheckpointError

ARRAY = np.arange(12, dtype=np.float32).reshape(3, 4)
ARRAYS = {
    "float32": ARRAY,
    "columns first": np.asfortranarray(ARRAY),
    "other byte order": ARRAY.astype(">f4"),
    "half": ARRAY.astype(np.float16),
    "double": ARRAY.astype(np.float64),
    "int64": ARRAY.astype(np.int64),
    "bool": ARRAY > 3,
    "a part": ARRAY[::2, 1:],
    "nothing": ARRAY[:0],
    "one number": np.array(3.0),
}


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_an_array_in_a_plain_pickle_is_a_tensor(array, protocol, tmp_path):
    (tmp_path / "net.pkl").write_bytes(pickle.dumps({"model": {"weight": array}}, protocol))
    read = read_array_pickle(tmp_path / "net.pkl")["model"]["weight"]
    assert torch.equal(read, torch.from_numpy(array.astype(array.dtype.newbyteorder("="))))


def test_an_array_that_torch_saved_is_a_tensor(tmp_path):
    torch.save({"weight": ARRAY}, tmp_path / "net.pth")
    assert torch.equal(read_pickle(tmp_path / "net.pth")["weight"], torch.from_numpy(ARRAY))


def test_texts_are_no_tensors(tmp_path):
    (tmp_path / "net.pkl").write_bytes(pickle.dumps({"names": np.array(["cat"]), "objects": np.array([{}], object)}))
    assert read_array_pickle(tmp_path / "net.pkl") == {"names": None, "objects": None}


class Runs:
    """Makes a file where it is unpickled by a reader that trusts its input."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return os.system, (f"touch {self.file}",)


def test_code_beside_arrays_is_named_and_not_run(tmp_path):
    (tmp_path / "net.pkl").write_bytes(pickle.dumps({"weight": ARRAY, "x": Runs(tmp_path / "made")}))
    with pytest.raises(CheckpointError) as refused:
        read_weights(tmp_path / "net.pkl")
    assert code_and_fields(refused.value)[1]["what"] == ("checkpoint.runs_code", {"names": f"{os.name}.system"})
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_pickle_of_arrays_is_refused(share, tmp_path):
    whole = pickle.dumps({"model": {"weight": ARRAY}})
    (tmp_path / "net.pkl").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(CheckpointError, match="cannot be read as weights"):
        read_weights(tmp_path / "net.pkl")


def test_an_array_that_is_larger_than_its_bytes_is_refused(tmp_path):
    whole = pickle.dumps({"model": {"weight": ARRAY}}, 2)
    (tmp_path / "net.pkl").write_bytes(whole.replace(b"K\x03K\x04\x86", b"K\x03K\x40\x86"))
    with pytest.raises(CheckpointError, match="cannot be read as weights"):
        read_weights(tmp_path / "net.pkl")


class Numbered:
    """An array that gives a number in place of its bytes, of which as many zeros could be made."""

    def __reduce__(self):
        make, arguments, _ = ARRAY.__reduce__()
        return make, arguments, (1, (8,), np.dtype("u1"), False, 8)


def test_an_array_of_a_number_in_place_of_bytes_is_refused(tmp_path):
    (tmp_path / "net.pkl").write_bytes(pickle.dumps({"weight": Numbered()}))
    with pytest.raises(CheckpointError, match="cannot be read as weights"):
        read_weights(tmp_path / "net.pkl")

"""What is written into a weights file are tensors that every reader opens; others are refused by their names."""

import pytest
import torch
from error_facts import code_and_fields
from safetensors.torch import load_file

from resnet_hub.checkpoint import write_weights
from resnet_hub.checkpoint.plain_tensors import plain_tensors
from resnet_hub.errors import CheckpointError

MATRIX = torch.arange(6.0).reshape(2, 3)


class Quantized(torch.Tensor):
    """A tensor whose numbers mean something else, as those of quantization libraries."""


@pytest.mark.parametrize(
    ("tensor", "expected"),
    [
        (MATRIX.to("meta"), ("checkpoint.tensor_without_storage", {"name": "fc.weight"})),
        (MATRIX.to_sparse(), ("checkpoint.no_plain_tensor", {"name": "fc.weight", "kind": "sparse_coo"})),
        (MATRIX.as_subclass(Quantized), ("checkpoint.no_plain_tensor", {"name": "fc.weight", "kind": "Quantized"})),
    ],
    ids=["no storage", "sparse", "a class of its own"],
)
def test_a_tensor_that_is_not_its_numbers_is_refused(tensor, expected):
    with pytest.raises(CheckpointError) as refused:
        plain_tensors({"conv1.weight": MATRIX, "fc.weight": tensor})
    assert code_and_fields(refused.value) == expected


def test_tensors_that_share_memory_are_written_each_for_itself(tmp_path):
    flat = torch.arange(10.0)
    state = {"whole": flat, "first": flat[:4], "last": flat[4:], "again": flat, "empty": flat[:0]}
    write_weights(tmp_path / "weights.safetensors", state)
    for name, tensor in load_file(tmp_path / "weights.safetensors").items():
        assert torch.equal(tensor, state[name])


def test_what_is_plain_is_not_copied():
    assert plain_tensors({"fc.weight": MATRIX})["fc.weight"].data_ptr() == MATRIX.data_ptr()

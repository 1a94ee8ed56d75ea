"""Folders of torch.distributed.checkpoint: tensors come out of their shards, damage is refused, no code is run."""

import logging
import pickle
import warnings
from io import BytesIO

import pytest
import torch
import torch.distributed.checkpoint as dcp
from error_facts import code_and_fields
from random_weights import lively
from torch.distributed.checkpoint.filesystem import _StorageInfo
from torch.distributed.checkpoint.metadata import Metadata, MetadataIndex, TensorProperties, TensorStorageMetadata

from resnet_hub import ResNet
from resnet_hub.checkpoint.readers.distributed import DISTRIBUTED_METADATA, read_distributed
from resnet_hub.errors import CheckpointError

NETWORK = lively(num_classes=3)
TENSOR = torch.arange(24.0).reshape(4, 6)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """What accelerate leaves of a sharded network, of its optimizer and of its counters."""
    folder = tmp_path_factory.mktemp("state")
    content = {
        "model": NETWORK.state_dict(),
        "optimizer": {"state": {"fc.weight": {"exp_avg": torch.ones(3)}}, "lr": 0.1},
        "epoch": 3,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is one process
        dcp.save(content, checkpoint_id=folder / "pytorch_model_fsdp_0")
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    """A copy to be damaged."""
    for file in (saved / "pytorch_model_fsdp_0").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def test_a_sharded_network_is_put_together(saved, caplog):
    caplog.set_level(logging.INFO, "resnet_hub")
    model = ResNet.from_pretrained(saved)
    assert "left out: optimizer, epoch" in caplog.text
    assert model.config.architecture == "test_resnet"
    assert all(torch.equal(model.state_dict()[name], tensor) for name, tensor in NETWORK.state_dict().items())


def sharded(folder, *, size=(4, 6), parts=((0, 0), (2, 0)), name="__0_0.distcp"):
    """The metadata of a folder with one tensor in shards of two rows, as two processes write it."""
    places, content = {}, b""
    for start in parts:
        shard = BytesIO()
        torch.save(TENSOR[start[0] : start[0] + 2].clone(), shard)
        index = MetadataIndex("weight", torch.Size(start))
        places[index] = _StorageInfo(name, len(content), len(shard.getvalue()))
        content += shard.getvalue()
    (folder / "__0_0.distcp").write_bytes(content)
    entry = TensorStorageMetadata(TensorProperties(), torch.Size(size), [])
    (folder / DISTRIBUTED_METADATA).write_bytes(pickle.dumps(Metadata({"weight": entry}, storage_data=places)))
    return folder / DISTRIBUTED_METADATA


def test_shards_of_two_processes_are_one_tensor(tmp_path):
    assert torch.equal(read_distributed(sharded(tmp_path))["weight"], TENSOR)
    assert read_distributed(tmp_path / DISTRIBUTED_METADATA, only_shapes=True)["weight"].shape == (4, 6)


@pytest.mark.parametrize(
    "fault",
    [{"parts": ((0, 0),)}, {"parts": ((0, 0), (3, 0))}, {"size": (2, 6)}, {"size": (-4, -6)}, {"name": "../x"}],
    ids=str,
)
def test_shards_that_are_not_what_the_metadata_says_are_refused(fault, tmp_path):
    with pytest.raises(CheckpointError) as refused:
        read_distributed(sharded(tmp_path, **fault))
    assert code_and_fields(refused.value) == ("checkpoint.damaged_shards", {"folder": str(tmp_path)})


def test_a_tensor_that_pretends_to_be_huge_is_refused_unread(tmp_path):
    with pytest.raises(CheckpointError) as refused:
        read_distributed(sharded(tmp_path, size=(10**6, 10**6)))
    assert refused.value.code == "checkpoint.weights_too_large"


@pytest.mark.parametrize("damage", ["missing", "truncated", "metadata"])
def test_a_damaged_folder_is_refused(damage, folder):
    shard = next(folder.glob("*.distcp"))
    if damage == "missing":
        shard.unlink()
    else:
        file = shard if damage == "truncated" else folder / DISTRIBUTED_METADATA
        file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(CheckpointError) as refused:
        ResNet.from_pretrained(folder, architecture="test_resnet")
    assert code_and_fields(refused.value) == ("checkpoint.damaged_shards", {"folder": str(folder)})


class Runs:
    """Makes a file where it is unpickled by a reader that trusts its input."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return exec, (f"open({str(self.file)!r}, 'w')",)


def test_code_in_the_metadata_is_not_run(folder, tmp_path):
    (folder / DISTRIBUTED_METADATA).write_bytes(pickle.dumps(Runs(tmp_path / "made")))
    with pytest.raises(CheckpointError):
        ResNet.from_pretrained(folder)
    assert not (tmp_path / "made").exists()

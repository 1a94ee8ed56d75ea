"""Weights in several files beside an index: read as one, and never from outside their folder."""

import json

import pytest
import torch
from error_facts import code_and_fields
from random_weights import lively
from safetensors.torch import save_file

from resnet_hub import ResNet
from resnet_hub.checkpoint.readers import shards
from resnet_hub.errors import CheckpointError

KINDS = {
    "safetensors": ("model.safetensors.index.json", "model-0000{}-of-00003.safetensors", save_file),
    "pickles": ("pytorch_model.bin.index.json", "pytorch_model-0000{}-of-00003.bin", torch.save),
}


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def sharded(request, tmp_path):
    """A folder with a network in three files, its index, and the network."""
    index, name, write = request.param
    model = lively(num_classes=3)
    model.save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    owners = {}
    for number in range(3):
        part = dict(list(model.state_dict().items())[number::3])
        write(part, tmp_path / name.format(number + 1))
        owners |= dict.fromkeys(part, name.format(number + 1))
    (tmp_path / index).write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": owners}))
    return tmp_path, tmp_path / index, model


def refusal(folder):
    with pytest.raises(CheckpointError) as refused:
        ResNet.from_pretrained(folder)
    return code_and_fields(refused.value)


def edit(index, change):
    values = json.loads(index.read_text())
    change(values["weight_map"])
    index.write_text(json.dumps(values))


def test_the_shards_of_a_folder_are_read_as_one_file(sharded):
    folder, _, model = sharded
    loaded = ResNet.from_pretrained(folder).state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in model.state_dict().items())


def test_an_index_may_be_given_itself(sharded):
    _, index, model = sharded
    loaded = ResNet.from_pretrained(index, architecture="test_resnet")
    assert torch.equal(loaded.fc.weight, model.fc.weight)


@pytest.mark.parametrize("name", ["../secret.safetensors", "/etc/passwd", "a/b.bin", "..", "", "a\\b.bin"])
def test_a_file_outside_the_folder_is_never_opened(name, sharded):
    folder, index, _ = sharded
    edit(index, lambda owners: owners.update({"fc.weight": name}))
    assert refusal(folder) == ("checkpoint.shard_elsewhere", {"file": str(index), "name": name})


def test_a_file_that_is_missing_is_named(sharded):
    folder, index, _ = sharded
    gone = shards.shard_files(index)[1]
    gone.unlink()
    assert refusal(folder) == ("checkpoint.no_shard", {"file": str(index), "name": gone.name, "count": 3})


def test_a_tensor_that_is_not_where_the_index_says_is_named(sharded):
    folder, index, _ = sharded
    owner = shards.shard_files(index)[0].name
    edit(index, lambda owners: owners.update({"fc.other": owner}))
    found = refusal(folder)
    assert found == ("checkpoint.shard_lacks", {"file": owner, "name": "fc.other", "index": str(index)})


@pytest.mark.parametrize("content", ["{}", '{"weight_map": []}', '{"weight_map": {}}', '{"weight_map": {"a": 1}}'])
def test_an_index_without_a_table_is_refused(content, sharded):
    folder, index, _ = sharded
    index.write_text(content)
    assert refusal(folder) == ("checkpoint.no_index", {"file": str(index)})


def test_all_files_together_are_held_to_the_limit(sharded, monkeypatch):
    folder, index, _ = sharded
    size = sum(file.stat().st_size for file in shards.shard_files(index))
    monkeypatch.setattr(shards, "MAX_WEIGHTS_BYTES", size - 1)
    assert refusal(folder)[0] == "checkpoint.weights_too_large"
    monkeypatch.setattr(shards, "MAX_SHARDS", 2)
    assert refusal(folder)[0] == "checkpoint.too_many_shards"


@pytest.mark.parametrize("share", [0.02, 0.5])
def test_a_truncated_shard_is_refused(share, sharded):
    folder, index, _ = sharded
    file = shards.shard_files(index)[2]
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
    assert refusal(folder)[0] == "checkpoint.unreadable_weights"

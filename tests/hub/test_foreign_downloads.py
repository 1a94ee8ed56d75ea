"""What other writers have beside config.json: shards with their index, and what transformers says of the input."""

from dataclasses import replace

import pytest
import torch
from checkpoints import cut_weights
from huggingface_hub import HfApi
from random_weights import lively

from resnet_hub import ResNet
from resnet_hub.checkpoint import read_config
from resnet_hub.errors import CheckpointError, HubError
from resnet_hub.export import export_network
from resnet_hub.hub import download, download_checkpoint

REPO = "alice/net"


def upload(folder):
    HfApi().create_repo(REPO)
    return HfApi().upload_folder(folder_path=folder, repo_id=REPO).oid


@pytest.fixture
def sharded(tmp_path):
    """A folder with a network in two files and their index, and the network."""
    model = lively(num_classes=3)
    model.save_pretrained(tmp_path)
    cut_weights(tmp_path)
    return tmp_path, model


def test_shards_are_downloaded_with_their_index_and_cached(fake_hub, sharded):
    folder, model = sharded
    commit = upload(folder)
    assert torch.equal(ResNet.from_pretrained(REPO).fc.weight, model.fc.weight)
    fake_hub.state.requests.clear()
    assert torch.equal(ResNet.from_pretrained(f"{REPO}@{commit}").fc.weight, model.fc.weight)
    assert not fake_hub.state.requests
    assert ResNet.from_pretrained(REPO, local_files_only=True).num_classes == 3


def test_an_index_on_the_hub_points_to_no_other_folder(fake_hub, sharded):
    folder, _ = sharded
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"fc.weight": "../../x.safetensors"}}')
    upload(folder)
    with pytest.raises(CheckpointError, match="which is not beside it"):
        ResNet.from_pretrained(REPO)


def test_all_shards_together_are_held_to_the_limit(fake_hub, sharded, monkeypatch):
    folder, _ = sharded
    upload(folder)
    monkeypatch.setattr(download, "MAX_WEIGHTS_BYTES", 1_300_000)
    with pytest.raises(HubError) as refused:
        ResNet.from_pretrained(REPO)
    assert refused.value.code == "hub.file_too_large"


@pytest.mark.parametrize("config_only", [True, False])
def test_a_network_of_transformers_comes_with_what_says_its_input(fake_hub, config_only, tmp_path):
    model = lively("resnet18", num_classes=3, depths=(1, 1), widths=(16, 32))
    model.preprocessing = replace(model.preprocessing, input_size=(3, 64, 64), crop_pct=0.8)
    export_network(model, tmp_path, "transformers")
    upload(tmp_path)
    saved = read_config(download_checkpoint(REPO, config_only=config_only))
    assert (saved.preprocessing.input_size, saved.preprocessing.crop_pct) == ((3, 64, 64), 0.8)


def test_one_without_it_is_asked_for_it_once(fake_hub, tmp_path):
    export_network(lively("resnet18", num_classes=3, depths=(1, 1), widths=(16, 32)), tmp_path, "transformers")
    (tmp_path / "preprocessor_config.json").unlink()
    commit = upload(tmp_path)
    assert ResNet.from_pretrained(REPO).num_classes == 3
    fake_hub.state.requests.clear()
    assert ResNet.from_pretrained(f"{REPO}@{commit}").num_classes == 3
    assert not fake_hub.state.requests

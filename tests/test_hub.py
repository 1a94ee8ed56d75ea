"""hub.py against the fake Hub: what is pushed comes back, of one commit and with as few requests as can be."""

import json

import pytest
from huggingface_hub import HfApi

from resnet_hub.hub import download_checkpoint
from resnet_hub.upload import push_checkpoint

REPO = "alice/net"


@pytest.mark.parametrize("source", [REPO, f"{REPO}@main", f"hf-hub:{REPO}"])
def test_a_pushed_checkpoint_comes_back(fake_hub, plain_checkpoint, source):
    push_checkpoint(plain_checkpoint, REPO)
    loaded = download_checkpoint(source)
    for name in ("config.json", "model.safetensors"):
        assert (loaded / name).read_bytes() == (plain_checkpoint / name).read_bytes()


def test_only_the_needed_files_are_downloaded(fake_hub, plain_checkpoint):
    push_checkpoint(plain_checkpoint, REPO)
    assert sorted(path.name for path in download_checkpoint(REPO).iterdir()) == ["config.json", "model.safetensors"]


def test_an_older_commit_can_be_loaded(fake_hub, plain_checkpoint):
    commit = push_checkpoint(plain_checkpoint, REPO).rpartition("/")[2]
    (plain_checkpoint / "config.json").write_text("{}")
    push_checkpoint(plain_checkpoint, REPO)
    loaded = download_checkpoint(REPO, revision=commit)
    assert json.loads((loaded / "config.json").read_text()) == {"architecture": "resnet18"}


def test_both_files_are_of_one_commit(fake_hub, plain_checkpoint):
    push_checkpoint(plain_checkpoint, REPO)
    download_checkpoint(REPO)
    commit = fake_hub.repository(REPO).resolve("main").sha
    assert ("HEAD", f"/{REPO}/resolve/{commit}/model.safetensors") in fake_hub.state.requests


def test_a_cached_commit_costs_one_file_request(fake_hub, plain_checkpoint):
    push_checkpoint(plain_checkpoint, REPO)
    download_checkpoint(REPO)
    fake_hub.state.requests.clear()
    download_checkpoint(REPO)
    assert [path for method, path in fake_hub.state.requests if "resolve/" in path] == [
        f"/{REPO}/resolve/main/config.json"
    ]


def test_older_weights_are_fetched_where_there_are_no_others(fake_hub, plain_checkpoint):
    api = HfApi()
    api.create_repo(REPO)
    for name in ("config.json", "pytorch_model.bin"):
        api.upload_file(path_or_fileobj=b"{}", path_in_repo=name, repo_id=REPO)
    assert (download_checkpoint(REPO) / "pytorch_model.bin").read_bytes() == b"{}"

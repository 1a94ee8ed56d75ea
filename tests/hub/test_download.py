"""hub.py against the fake Hub: what is pushed comes back, of one commit and with as few requests as can be."""

import json
import logging
import os
from unittest.mock import ANY

import pytest
import zygote
from error_facts import code_and_fields
from fake_hub.state import Fault
from huggingface_hub import HfApi, constants

from resnet_hub.errors import HubError
from resnet_hub.hub import cache_integrity as hub_cache
from resnet_hub.hub.download import MAX_BYTES, download_checkpoint, mend_checkpoint
from resnet_hub.hub.upload import push_checkpoint

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


@pytest.mark.parametrize("weights", ["model.safetensors", "pytorch_model.bin"])
def test_a_cached_commit_asked_for_by_its_hash_costs_no_request(fake_hub, weights):
    api = HfApi()
    api.create_repo(REPO)
    for name in ("config.json", weights):
        api.upload_file(path_or_fileobj=b"{}", path_in_repo=name, repo_id=REPO)
    folder = download_checkpoint(REPO)
    fake_hub.state.requests.clear()
    assert download_checkpoint(f"{REPO}@{folder.name}") == folder
    assert not fake_hub.state.requests


def test_a_pull_request_can_be_loaded(fake_hub, plain_checkpoint):
    push_checkpoint(plain_checkpoint, REPO)
    (plain_checkpoint / "config.json").write_text("{}")
    push_checkpoint(plain_checkpoint, REPO, create_pr=True)
    assert (download_checkpoint(f"{REPO}@refs/pr/1") / "config.json").read_text() == "{}"
    assert (download_checkpoint(REPO) / "config.json").read_text() != "{}"


def test_a_branch_that_has_moved_on_is_downloaded_anew(fake_hub, plain_checkpoint):
    push_checkpoint(plain_checkpoint, REPO)
    first = download_checkpoint(REPO)
    (plain_checkpoint / "config.json").write_text("{}")
    push_checkpoint(plain_checkpoint, REPO)
    assert download_checkpoint(REPO) != first
    assert (download_checkpoint(REPO, local_files_only=True) / "config.json").read_text() == "{}"


def test_older_weights_are_fetched_where_there_are_no_others(fake_hub, plain_checkpoint):
    api = HfApi()
    api.create_repo(REPO)
    for name in ("config.json", "pytorch_model.bin"):
        api.upload_file(path_or_fileobj=b"{}", path_in_repo=name, repo_id=REPO)
    assert (download_checkpoint(REPO) / "pytorch_model.bin").read_bytes() == b"{}"
    assert download_checkpoint(REPO, local_files_only=True) == download_checkpoint(REPO)


@pytest.mark.parametrize(("private", "gated"), [(True, False), (False, "auto")], ids=["private", "gated"])
@pytest.mark.parametrize("place", ["argument", "environment"])
def test_a_token_opens_what_its_account_may_see(fake_hub, plain_checkpoint, monkeypatch, private, gated, place):
    push_checkpoint(plain_checkpoint, REPO, private=private)
    HfApi().update_repo_settings(REPO, gated=gated)
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(HubError):
        download_checkpoint(REPO)
    if place == "environment":
        monkeypatch.setenv("HF_TOKEN", fake_hub.token)
    folder = download_checkpoint(REPO, token=fake_hub.token if place == "argument" else None)
    assert (folder / "model.safetensors").read_bytes() == b"weights"


@pytest.mark.parametrize(
    "fault",
    [Fault("HEAD", "*", 503), Fault("HEAD", "*", 429), Fault("HEAD", "*", drop=True), Fault("HEAD", "*", 403)],
    ids=["down", "too many requests", "hangs up", "forbidden"],
)
def test_a_cached_checkpoint_is_used_with_a_warning_where_the_hub_does_not_answer(
    fake_hub, plain_checkpoint, caplog, fault
):
    push_checkpoint(plain_checkpoint, REPO)
    folder = download_checkpoint(REPO)
    fake_hub.state.faults.append(fault)
    with caplog.at_level(logging.WARNING, "resnet_hub"):
        assert download_checkpoint(REPO) == folder
    assert next(record.getMessage() for record in caplog.records if record.name == "resnet_hub.hub.download").endswith(
        f"the cached commit {folder.name} is used"
    )


def test_what_is_larger_than_any_network_s_is_not_downloaded(fake_hub, plain_checkpoint, monkeypatch):
    push_checkpoint(plain_checkpoint, REPO)
    monkeypatch.setitem(MAX_BYTES, "model.safetensors", 6)
    with pytest.raises(HubError) as refused:
        download_checkpoint(REPO)
    assert code_and_fields(refused.value) == (
        "hub.file_too_large",
        {"named": ("hub.model", {"repo_id": "alice/net"}), "file": "model.safetensors", "size": 7, "most": 6},
    )
    assert not [path for method, path in fake_hub.state.requests if method == "GET" and "/cdn/" in path]


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_file_that_arrives_damaged_is_not_kept(fake_hub, plain_checkpoint, name):
    push_checkpoint(plain_checkpoint, REPO)
    path = "/cdn/*" if name == "model.safetensors" else "/api/resolve-cache/*"
    fake_hub.state.faults.append(Fault("GET", path, corrupt=True, times=1))
    with pytest.raises(HubError) as refused:
        download_checkpoint(REPO)
    assert code_and_fields(refused.value) == (
        "hub.wrong_hash",
        {"file": name, "named": ("hub.model", {"repo_id": "alice/net"})},
    )
    assert (download_checkpoint(REPO) / name).read_bytes() == (plain_checkpoint / name).read_bytes()


def damaged(plain_checkpoint):
    """A downloaded folder whose weights were changed on the disk since."""
    push_checkpoint(plain_checkpoint, REPO)
    folder = download_checkpoint(REPO)
    hub_cache.stored_file(folder / "model.safetensors").write_bytes(b"w")
    return folder


PLACE = {"revision": None, "token": None, "cache_dir": None}


def test_a_cached_file_that_changed_is_fetched_again(fake_hub, plain_checkpoint):
    folder = damaged(plain_checkpoint)
    assert mend_checkpoint(folder, REPO, **PLACE)
    assert (folder / "model.safetensors").read_bytes() == b"weights"
    assert not mend_checkpoint(folder, REPO, **PLACE)


@pytest.mark.parametrize("switch", ["argument", "setting", "down"])
def test_a_cached_file_that_changed_is_named_where_the_hub_cannot_be_asked(
    fake_hub, plain_checkpoint, monkeypatch, switch
):
    folder = damaged(plain_checkpoint)
    stored = hub_cache.stored_file(folder / "model.safetensors")
    if switch == "setting":
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    if switch == "down":
        fake_hub.state.faults.append(Fault("HEAD", "*", 503))
    with pytest.raises(HubError) as e:
        mend_checkpoint(folder, REPO, local_files_only=switch == "argument", **PLACE)
    assert code_and_fields(e.value) == (
        "hub.damaged_cache",
        {
            "names": "model.safetensors",
            "named": ("hub.model", {"repo_id": "alice/net"}),
            "error": ANY,
            "stored": repr(str(stored)),
        },
    )
    assert stored.exists()


LOADING = """
import sys, time
from pathlib import Path
from huggingface_hub import constants
from resnet_hub.hub import download_checkpoint
Path(sys.argv[1]).touch()
while len(list(Path(sys.argv[1]).parent.glob("ready*"))) < 2:
    time.sleep(0.001)
folder = download_checkpoint("alice/net", cache_dir=sys.argv[2])
print((folder / "model.safetensors").stat().st_size, (folder / "config.json").read_text())
"""


def test_two_processes_that_load_at_once_into_one_cache_both_get_everything(fake_hub, plain_checkpoint, tmp_path):
    (plain_checkpoint / "model.safetensors").write_bytes(bytes(20_000_000))
    push_checkpoint(plain_checkpoint, REPO)
    started = [
        zygote.start(
            ["-c", LOADING, tmp_path / f"ready{number}", tmp_path / "shared"],
            needs=["resnet_hub.hub"],
            env={**os.environ, "HF_ENDPOINT": fake_hub.url},
        )
        for number in range(2)
    ]
    printed = [process.communicate(timeout=300)[0] for process in started]
    assert printed == ['20000000 {"architecture": "resnet18"}\n'] * 2
    assert not list((tmp_path / "shared").rglob("*.incomplete"))
    assert not hub_cache.damaged_files(download_checkpoint(REPO, cache_dir=tmp_path / "shared"))

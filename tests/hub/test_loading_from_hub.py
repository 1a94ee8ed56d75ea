"""`from_pretrained` by a Hub id: what is there becomes a network; what cannot is named with its repository."""

import json
import logging
from pathlib import Path

import pytest
import torch
from error_facts import code_and_fields
from fake_hub.state import Fault
from huggingface_hub import HfApi
from random_weights import lively

from resnet_hub import ResNet
from resnet_hub.errors import CheckpointError, ResNetHubError
from resnet_hub.hub import cache_integrity as hub_cache

REPO = "alice/net"
IMAGES = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def folder(tmp_path):
    """A saved network of three classes."""
    lively(num_classes=3, label_names=("cat", "dog", "bird")).save_pretrained(tmp_path / "saved")
    return tmp_path / "saved"


def upload(folder, repo_id=REPO, **options):
    """Puts the files on the Hub as they are; returns the commit."""
    HfApi().create_repo(repo_id, **options)
    return HfApi().upload_folder(folder_path=folder, repo_id=repo_id).oid


def assert_loaded(model):
    with torch.inference_mode():
        assert torch.equal(model(IMAGES), lively(num_classes=3)(IMAGES))


@pytest.mark.parametrize("source", [REPO, f"{REPO}@main", f"hf-hub:{REPO}", "hf_hub:alice/net@main"])
def test_a_private_network_is_loaded_by_every_way_to_write_its_id(source, fake_hub, folder, monkeypatch):
    upload(folder, private=True)
    monkeypatch.delenv("HF_TOKEN")
    assert_loaded(ResNet.from_pretrained(source, token=fake_hub.token))


def test_a_published_name_is_loaded_from_its_publisher(fake_hub, folder, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", fake_hub.state.add_account("timm"))
    upload(folder, "timm/test_resnet.r160_in1k")
    assert_loaded(ResNet.from_pretrained("test_resnet.r160_in1k"))


def test_a_network_asked_for_by_its_commit_is_loaded_again_without_a_request(fake_hub, folder):
    commit = upload(folder)
    ResNet.from_pretrained(REPO, revision=commit)
    fake_hub.state.requests.clear()
    assert_loaded(ResNet.from_pretrained(f"{REPO}@{commit}"))
    assert not fake_hub.state.requests


def test_a_cached_file_that_was_damaged_is_fetched_again_and_loaded(fake_hub, folder, caplog):
    commit = upload(folder)
    ResNet.from_pretrained(REPO)
    cached = hub_cache.cached_file(REPO, "model.safetensors", commit, None)
    cached.resolve().write_bytes(cached.read_bytes()[:1000])
    with caplog.at_level(logging.WARNING, "resnet_hub"):
        assert_loaded(ResNet.from_pretrained(f"{REPO}@{commit}"))
    assert "the cached model.safetensors of alice/net@" in caplog.text
    assert_loaded(ResNet.from_pretrained(REPO, local_files_only=True))


def test_a_damaged_file_says_offline_what_to_delete(fake_hub, folder):
    commit = upload(folder)
    ResNet.from_pretrained(REPO)
    cached = hub_cache.cached_file(REPO, "model.safetensors", commit, None).resolve()
    cached.write_bytes(b"")
    with pytest.raises(ResNetHubError) as refused:
        ResNet.from_pretrained(REPO, local_files_only=True)
    facts = refused.value.fields
    assert (refused.value.code, facts["error"].code) == ("hub.damaged_cache", "hub.may_not_be_asked")
    assert code_and_fields(facts["named"]) == ("hub.model", {"repo_id": REPO})
    assert (facts["names"], facts["stored"]) == ("model.safetensors", repr(str(cached)))


def cut_weights(folder):
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])


def change_config(**changes):
    def change(folder):
        values = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**values, **changes}))

    return change


BAD = {
    "truncated": (cut_weights, r"model.safetensors' cannot be read as weights .* download or save it again"),
    "other architecture": (
        change_config(architecture="resnet18"),
        r"do not fit .* They are those of test_resnet, not of resnet18",
    ),
    "other head": (
        change_config(num_classes=5, label_names=None),
        r"Their head has 3 classes and the config says 5: correct the config, or ask for a new head with num_classes=",
    ),
    "names": (
        change_config(label_names=["a"]),
        r"config.json has 1 label_names, but the network has 3 classes; give l",
    ),
    "future": (
        change_config(resnet_hub={"format": 2}),
        r"config.json has format 2; this version reads 1: upgrade resn",
    ),
    "text": (
        lambda folder: (folder / "config.json").write_text("weights"),
        r"config.json' is no valid JSON .* download",
    ),
    "another model": (
        change_config(architecture=None),
        r"config.json names no architecture, so it is no image network",
    ),
    "pointer": (
        lambda folder: (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\n"),
        r"is a pointer of Git LFS in place of the weights; fetch them with `git lfs pull`",
    ),
}


@pytest.mark.parametrize(("change", "sentence"), BAD.values(), ids=BAD)
def test_what_is_wrong_on_the_hub_itself_is_said_with_its_name(change, sentence, fake_hub, folder):
    change(folder)
    upload(folder)
    with pytest.raises(CheckpointError, match=rf"^model 'alice/net' cannot be opened: .*{sentence}") as caught:
        ResNet.from_pretrained(REPO)
    assert isinstance(caught.value.__cause__, CheckpointError)


class Hostile:
    """Makes a file when it is unpickled by a reader that trusts its input."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return Path.touch, (self.file,)


def test_a_repository_with_nothing_but_a_pickle_is_loaded_with_a_notice(fake_hub, folder, caplog):
    (folder / "model.safetensors").unlink()
    torch.save(lively(num_classes=3).state_dict(), folder / "pytorch_model.bin")
    upload(folder)
    with caplog.at_level(logging.WARNING, "resnet_hub"):
        assert_loaded(ResNet.from_pretrained(REPO))
    assert "has no model.safetensors; its pickle pytorch_model.bin is read for tensors only" in caplog.text


def test_a_pickle_with_code_is_refused_and_not_run(fake_hub, folder, tmp_path):
    mark = tmp_path / "this file would be made"
    (folder / "model.safetensors").unlink()
    torch.save({"weight": Hostile(mark)}, folder / "pytorch_model.bin")
    upload(folder)
    with pytest.raises(CheckpointError) as refused:
        ResNet.from_pretrained(REPO)
    assert (refused.value.code, refused.value.fields["name"]) == ("models.cannot_be_opened", REPO)
    assert refused.value.fields["error"].code == "checkpoint.unsafe_pickle"
    assert not mark.exists()


def test_a_repository_without_a_config_is_opened_with_an_architecture(fake_hub, folder):
    """The mixin writes none for a class without arguments."""
    (folder / "config.json").unlink()
    commit = upload(folder)
    assert_loaded(ResNet.from_pretrained(REPO, architecture="test_resnet"))
    assert_loaded(ResNet.from_pretrained(REPO, architecture="test_resnet", local_files_only=True))
    assert_loaded(ResNet.from_pretrained(f"{REPO}@{commit}", architecture="test_resnet"))
    with pytest.raises(ResNetHubError, match=r"model 'alice/net' has no config.json"):
        ResNet.from_pretrained(REPO)


def test_a_failure_while_the_cached_copy_is_good_is_no_failure(fake_hub, folder):
    upload(folder)
    ResNet.from_pretrained(REPO)
    fake_hub.state.faults.append(Fault("HEAD", "*", 503))
    assert_loaded(ResNet.from_pretrained(REPO))

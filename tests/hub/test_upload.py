"""upload.py against the fake Hub: one commit holds the checkpoint, and nothing but it."""

from pathlib import Path

import pytest
from error_facts import code_and_fields
from huggingface_hub import HfApi

from resnet_hub import ResNet
from resnet_hub.errors import CheckpointError, ConfigError, HubError
from resnet_hub.hub.download import download_checkpoint
from resnet_hub.hub.upload import PUSHED_FILES, push_checkpoint

REPO = "alice/net"


def head(hub, branch="main", repo=REPO):
    return hub.repository(repo).resolve(branch)


def test_a_push_is_one_commit_and_returns_its_address(fake_hub, plain_checkpoint):
    url = push_checkpoint(plain_checkpoint, REPO, commit_message="first weights")
    assert url == f"{fake_hub.url}/{REPO}/commit/{head(fake_hub).sha}"
    assert [commit.title for commit in fake_hub.repository(REPO).commits.values()] == [
        "initial commit",
        "first weights",
    ]


def test_a_second_push_sends_only_what_changed(fake_hub, plain_checkpoint):
    push_checkpoint(plain_checkpoint, REPO)
    (plain_checkpoint / "config.json").write_text('{"architecture": "resnet34"}')
    push_checkpoint(plain_checkpoint, REPO)
    assert head(fake_hub).sent == ("config.json",)


def test_pushing_the_same_again_makes_no_commit(fake_hub, plain_checkpoint):
    assert push_checkpoint(plain_checkpoint, REPO) == push_checkpoint(plain_checkpoint, REPO)


def test_of_a_run_folder_only_the_named_files_are_sent(fake_hub, plain_checkpoint):
    for name in (*PUSHED_FILES, "state/optimizer.bin", "examples/person.jpg", "state/config.json", "notes.txt"):
        path = plain_checkpoint / name
        path.parent.mkdir(exist_ok=True)
        if not path.exists():
            path.write_bytes(b"x")
    push_checkpoint(plain_checkpoint, REPO)
    assert sorted(head(fake_hub).sent) == sorted(PUSHED_FILES)


@pytest.mark.parametrize("name", ["split.parquet", "samples.png"])
def test_a_push_without_split_or_samples_takes_away_those_of_other_weights(name, fake_hub, plain_checkpoint):
    (plain_checkpoint / name).write_bytes(b"x")
    push_checkpoint(plain_checkpoint, REPO)
    assert name in head(fake_hub).files
    (plain_checkpoint / name).unlink()
    push_checkpoint(plain_checkpoint, REPO)
    assert name not in head(fake_hub).files


def test_a_missing_branch_is_made_and_main_left_alone(fake_hub, plain_checkpoint):
    push_checkpoint(plain_checkpoint, REPO, revision="dev")
    assert "config.json" in head(fake_hub, "dev").files
    assert "config.json" not in head(fake_hub).files


def test_a_pull_request_is_opened_and_its_address_returned(fake_hub, plain_checkpoint):
    push_checkpoint(plain_checkpoint, REPO)
    (plain_checkpoint / "config.json").write_text("{}")
    bob = fake_hub.state.add_account("bob")
    assert push_checkpoint(plain_checkpoint, REPO, create_pr=True, token=bob) == f"{fake_hub.url}/{REPO}/discussions/1"


def test_a_pull_request_against_a_branch_is_refused_before_anything_is_sent(fake_hub, plain_checkpoint):
    with pytest.raises(ConfigError, match=r"create_pr=True.*'dev'"):
        push_checkpoint(plain_checkpoint, REPO, create_pr=True, revision="dev")
    assert not fake_hub.state.requests


@pytest.mark.parametrize("repo_id", ["net", "resnet50.a1_in1k"])
def test_a_push_needs_an_owner(fake_hub, plain_checkpoint, repo_id):
    with pytest.raises(ConfigError, match="whose repository"):
        push_checkpoint(plain_checkpoint, repo_id)


def test_a_commit_is_no_place_to_push_to(fake_hub, plain_checkpoint):
    with pytest.raises(ConfigError, match="is a commit"):
        push_checkpoint(plain_checkpoint, REPO, revision="a" * 40)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_an_incomplete_folder_is_not_pushed(fake_hub, plain_checkpoint, name):
    (plain_checkpoint / name).unlink()
    with pytest.raises(CheckpointError, match=name):
        push_checkpoint(plain_checkpoint, REPO)
    assert not fake_hub.state.requests


def test_a_private_repository_is_made_and_read_by_its_owner(fake_hub, plain_checkpoint):
    push_checkpoint(plain_checkpoint, REPO, private=True)
    assert fake_hub.repository(REPO).private
    assert download_checkpoint(REPO, token=fake_hub.token)


def test_private_weights_do_not_go_into_a_public_repository(fake_hub, plain_checkpoint):
    push_checkpoint(plain_checkpoint, REPO)
    (plain_checkpoint / "model.safetensors").write_bytes(b"secret")
    with pytest.raises(HubError, match="is public"):
        push_checkpoint(plain_checkpoint, REPO, private=True)
    assert b"secret" not in fake_hub.state.lfs.values()


def test_the_saved_checkpoint_of_a_small_network_can_be_pushed(fake_hub, tiny_checkpoint: Path):
    push_checkpoint(tiny_checkpoint, REPO)
    assert HfApi().model_info(REPO).card_data.tags[:2] == ["image-classification", "resnet_hub"]


@pytest.mark.parametrize(
    ("content", "code", "expected"),
    [
        (
            '{"architecture": "cifar_resnet20", "num_classes": 3, "num_classes": 4}',
            "checkpoint.invalid_json",
            {"error": ("checkpoint.key_twice", {"key": "num_classes"})},
        ),
        (
            '{"architecture": "cifar_resnet20", "num_features": NaN}',
            "checkpoint.invalid_json",
            {"error": ("checkpoint.no_finite_number", {"number": "NaN"})},
        ),
    ],
    ids=["a doubled key", "no number"],
)
def test_a_config_that_loading_refuses_is_refused_by_a_push_in_the_same_words(
    fake_hub, tiny_checkpoint, content, code, expected
):
    (tiny_checkpoint / "config.json").write_text(content)
    with pytest.raises(CheckpointError) as loading:
        ResNet.from_pretrained(tiny_checkpoint)
    assert code_and_fields(loading.value) == (code, {"file": str(tiny_checkpoint / "config.json"), **expected})
    with pytest.raises(CheckpointError) as pushing:
        push_checkpoint(tiny_checkpoint, REPO)
    assert str(pushing.value) == str(loading.value)
    assert not fake_hub.state.requests

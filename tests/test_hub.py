"""hub.py against the fake Hub: ids are understood, and what is pushed comes back."""

import json
from pathlib import Path

import pytest
from huggingface_hub import HfApi

from resnet_hub.errors import CheckpointError, ConfigError, HubError
from resnet_hub.hub import PUSHED_FILES, RepoAddress, download_checkpoint, is_repo_id, push_checkpoint, repo_address

REPO = "alice/net"


def head(hub, branch="main", repo=REPO):
    return hub.repository(repo).resolve(branch)


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("alice/net", RepoAddress("alice/net")),
        ("alice/net@v1", RepoAddress("alice/net", "v1")),
        ("alice/net@refs/pr/1", RepoAddress("alice/net", "refs/pr/1")),
        ("hf-hub:alice/net", RepoAddress("alice/net")),
        ("hf_hub:alice/net@dev", RepoAddress("alice/net", "dev")),
        ("resnet50.a1_in1k", RepoAddress("timm/resnet50.a1_in1k")),
        ("resnet50", RepoAddress("timm/resnet50.a1_in1k")),
        ("resnet50.a1_in1k@main", RepoAddress("timm/resnet50.a1_in1k", "main")),
        ("Org-1/resnet50.my_tag", RepoAddress("Org-1/resnet50.my_tag")),
    ],
)
def test_a_source_names_an_address(source, address):
    assert repo_address(source) == address
    assert is_repo_id(source)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "resnet51",
        "a/b/c",
        "alice/",
        "/net",
        "alice/ne t",
        "alice/../net",
        "alice/net.git",
        "alice--x/net",
        "https://huggingface.co/alice/net",
        "alice/nét",
        "model.safetensors",
        "alice/net\n",
    ],
)
def test_a_malformed_id_is_quoted(source):
    with pytest.raises(ConfigError) as caught:
        repo_address(source)
    assert repr(source) in str(caught.value)
    assert not is_repo_id(source)


@pytest.mark.parametrize("revision", ["", "../../x", "/etc/x", "a..b", "a b", "a\n", "-x", ".hidden", "a\\b"])
def test_a_revision_cannot_leave_the_cache(revision):
    with pytest.raises(ConfigError, match="cannot be a revision"):
        repo_address(f"alice/net@{revision}")


def test_two_different_revisions_are_refused_naming_both():
    with pytest.raises(ConfigError, match=r"'v1'.*'v2'"):
        repo_address("alice/net@v1", "v2")


def test_the_same_revision_twice_is_fine():
    assert repo_address("alice/net@v1", "v1").revision == "v1"


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
    commit = head(fake_hub).sha
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

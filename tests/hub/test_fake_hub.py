"""The fake Hub answers the real clients as the real Hub does: facts recorded from it, not our own wishes."""

from pathlib import Path

import pytest
import yaml
from fake_hub import FakeHub
from fake_hub.state import Fault
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, HfFileSystem, hf_hub_download
from huggingface_hub.errors import (
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import get_session

REPO = "alice/net"


@pytest.fixture
def api(fake_hub: FakeHub) -> HfApi:
    api = HfApi(token=fake_hub.token)
    api.create_repo(REPO)
    return api


def add(path: str, content: bytes) -> CommitOperationAdd:
    return CommitOperationAdd(path, content)


def test_whoami_names_the_account_of_the_token(api):
    assert api.whoami()["name"] == "alice"


def test_an_unknown_token_is_refused(fake_hub):
    with pytest.raises(HfHubHTTPError, match="Invalid user token"):
        HfApi(token="hf_nobody").whoami()


def test_a_new_repository_has_gitattributes_and_an_initial_commit(api):
    assert api.list_repo_files(REPO) == [".gitattributes"]
    assert [commit.title for commit in api.list_repo_commits(REPO)] == ["initial commit"]


def test_creating_it_twice_is_a_conflict_unless_that_is_fine(api):
    with pytest.raises(HfHubHTTPError, match="409"):
        api.create_repo(REPO)
    assert api.create_repo(REPO, exist_ok=True).repo_id == REPO


@pytest.mark.parametrize("repo_type", ["model", "dataset"])
@pytest.mark.parametrize("name", ["small.json", "weights.safetensors"], ids=["regular", "lfs"])
def test_a_file_comes_back_as_it_was_committed(api, repo_type, name):
    api.create_repo(REPO, repo_type=repo_type, exist_ok=True)
    api.create_commit(REPO, [add(f"sub/{name}", b"12345")], commit_message="add", repo_type=repo_type)
    assert Path(hf_hub_download(REPO, f"sub/{name}", repo_type=repo_type)).read_bytes() == b"12345"


def test_weights_go_to_lfs_and_configs_to_git(api):
    api.create_commit(REPO, [add("a.json", b"{}"), add("a.safetensors", b"123")], commit_message="add")
    lfs = {entry.path: entry.lfs for entry in api.list_repo_tree(REPO)}
    assert lfs["a.json"] is None
    assert lfs["a.safetensors"].size == 3


def test_an_unchanged_file_makes_no_commit(api, fake_hub):
    for _ in range(2):
        api.create_commit(REPO, [add("a.json", b"{}"), add("a.safetensors", b"123")], commit_message="add")
    assert len(fake_hub.repository(REPO).commits) == 2


def test_old_commits_keep_their_files(api):
    first = api.create_commit(REPO, [add("a.json", b"1")], commit_message="one")
    api.create_commit(REPO, [add("a.json", b"2")], commit_message="two")
    assert Path(hf_hub_download(REPO, "a.json", revision=first.oid)).read_bytes() == b"1"


def test_a_deleted_folder_is_gone(api):
    api.create_commit(REPO, [add("sub/a.json", b"1"), add("b.json", b"1")], commit_message="add")
    api.create_commit(REPO, [CommitOperationDelete("sub/", is_folder=True)], commit_message="delete")
    assert api.list_repo_files(REPO) == [".gitattributes", "b.json"]


def test_a_commit_on_a_stale_parent_is_refused(api):
    stale = api.model_info(REPO).sha
    api.create_commit(REPO, [add("a.json", b"1")], commit_message="one")
    with pytest.raises(HfHubHTTPError, match="412"):
        api.create_commit(REPO, [add("a.json", b"2")], commit_message="two", parent_commit=stale)


def test_the_tree_lists_one_folder_or_all_below(api):
    api.create_commit(REPO, [add("a/b/c.json", b"1"), add("a/d.json", b"1")], commit_message="add")
    assert [entry.path for entry in api.list_repo_tree(REPO, "a")] == ["a/b", "a/d.json"]
    assert [entry.path for entry in api.list_repo_tree(REPO, "a", recursive=True)] == ["a/b", "a/b/c.json", "a/d.json"]


def test_an_expanded_tree_names_the_last_commit(api):
    assert next(iter(api.list_repo_tree(REPO, expand=True))).last_commit.title == "initial commit"


def test_the_hash_of_a_regular_file_is_gits(api):
    api.create_commit(REPO, [add("a.txt", b"hello\n")], commit_message="add")
    listed = {entry.path: entry.blob_id for entry in api.list_repo_tree(REPO)}
    assert listed["a.txt"] == "ce013625030ba8dba906f756967f9e9ca394464a"  # as `git hash-object` prints it


def test_branches_and_tags_are_listed(api):
    api.create_branch(REPO, branch="dev")
    api.create_tag(REPO, tag="v1")
    refs = api.list_repo_refs(REPO)
    assert ([ref.name for ref in refs.branches], [ref.name for ref in refs.tags]) == (["main", "dev"], ["v1"])


def test_a_pull_request_leaves_main_alone(api):
    commit = api.create_commit(REPO, [add("a.json", b"1")], commit_message="add", create_pr=True)
    assert commit.pr_revision == "refs/pr/1"
    assert api.list_repo_files(REPO) == [".gitattributes"]
    assert "a.json" in api.list_repo_files(REPO, revision="refs/pr/1")


def test_a_private_repository_looks_missing_to_others(api, fake_hub):
    api.create_repo("alice/secret", private=True)
    with pytest.raises(RepositoryNotFoundError):
        HfApi(token=False).model_info("alice/secret")
    with pytest.raises(RepositoryNotFoundError):
        HfApi(token=fake_hub.state.add_account("bob")).model_info("alice/secret")


@pytest.mark.parametrize(("name", "role"), [("bob", "write"), ("alice", "read")])
def test_writing_needs_the_owner_and_a_token_that_may_write(fake_hub, api, name, role):
    other = HfApi(token=fake_hub.state.add_account(name, role))
    with pytest.raises(HfHubHTTPError, match="403"):
        other.create_commit(REPO, [add("a.json", b"1")], commit_message="add")


@pytest.mark.parametrize(
    ("repo", "file", "revision", "error"),
    [
        ("alice/none", "a", None, RepositoryNotFoundError),
        (REPO, "none.json", None, RemoteEntryNotFoundError),
        (REPO, ".gitattributes", "none", RevisionNotFoundError),
    ],
    ids=["repository", "file", "revision"],
)
def test_what_is_missing_has_its_own_error(api, repo, file, revision, error):
    with pytest.raises(error):
        hf_hub_download(repo, file, revision=revision)


def test_a_missing_file_still_tells_the_commit(api, fake_hub):
    answer = get_session().head(f"{fake_hub.url}/{REPO}/resolve/main/none.json")
    assert answer.headers["X-Repo-Commit"] == api.model_info(REPO).sha


@pytest.mark.parametrize(
    ("asked", "content", "content_range"),
    [("bytes=2-4", b"234", "bytes 2-4/10"), ("bytes=7-", b"789", "bytes 7-9/10"), ("bytes=-2", b"89", "bytes 8-9/10")],
)
def test_a_range_of_an_lfs_file_can_be_read(api, fake_hub, asked, content, content_range):
    api.create_commit(REPO, [add("a.bin", b"0123456789")], commit_message="add")
    headers = {"Range": asked, "Authorization": f"Bearer {fake_hub.token}"}
    answer = get_session().get(f"{fake_hub.url}/{REPO}/resolve/main/a.bin", headers=headers)
    assert (answer.status_code, answer.content, answer.headers["Content-Range"]) == (206, content, content_range)


def test_the_filesystem_client_reads_through_it(api):
    api.create_commit(REPO, [add("sub/a.bin", b"0123456789")], commit_message="add")
    files = HfFileSystem(token=api.token, skip_instance_cache=True)
    with files.open(f"{REPO}/sub/a.bin", block_size=4) as file:
        file.seek(6)
        assert file.read(3) == b"678"


@pytest.mark.parametrize(
    "card",
    ["---\ntags: [a\n---\n", "---\nbase_model: /my/disk/net\n---\n", "---\n- a\n---\n"],
    ids=["broken YAML", "a path as base model", "a list"],
)
def test_a_card_the_hub_would_refuse_is_refused(api, card):
    with pytest.raises(ValueError, match="Invalid metadata"):
        api.create_commit(REPO, [add("README.md", card.encode())], commit_message="card")


def test_the_card_is_part_of_the_info(api):
    card = yaml.safe_dump({"tags": ["small"], "license": "mit"})
    api.create_commit(REPO, [add("README.md", f"---\n{card}---\n".encode())], commit_message="card")
    assert api.model_info(REPO).card_data.license == "mit"


def test_an_injected_fault_is_answered_as_often_as_asked(api, fake_hub):
    fake_hub.state.faults.append(Fault("GET", f"/api/models/{REPO}", 418, times=1))
    with pytest.raises(HfHubHTTPError, match="418"):
        api.model_info(REPO)
    assert api.model_info(REPO).id == REPO


def test_only_this_machine_can_be_reached():
    with pytest.raises(RuntimeError, match="only talk to this machine"):
        get_session().get("https://huggingface.co/api/whoami-v2")

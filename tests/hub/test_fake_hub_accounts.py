"""Who may do what on the fake Hub: tokens and their roles, private and gated repositories, Spaces, pull requests."""

from pathlib import Path

import pytest
from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import (
    BadRequestError,
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
)

REPO, SPACE = "alice/net", "alice/page"


@pytest.fixture
def api(fake_hub):
    api = HfApi(token=fake_hub.token)
    api.create_repo(REPO)
    api.upload_file(path_or_fileobj=b"1", path_in_repo="a.txt", repo_id=REPO)
    return api


def may_write(fake_hub, *account, **facts):
    other = HfApi(token=fake_hub.state.add_account(*account, **facts))
    try:
        other.upload_file(path_or_fileobj=b"2", path_in_repo="b.txt", repo_id=REPO)
    except HfHubHTTPError as error:
        if error.response.status_code != 403:
            raise
        return False
    return True


@pytest.mark.parametrize(
    ("name", "role", "facts", "right"),
    [
        ("alice", "write", {}, True),
        ("alice", "read", {}, False),
        ("alice", "fineGrained", {}, False),
        ("alice", "fineGrained", {"scopes": ["alice"]}, True),
        ("alice", "fineGrained", {"scopes": [REPO]}, True),
        ("alice", "fineGrained", {"scopes": ["alice/other"]}, False),
        ("bob", "write", {}, False),
        ("bob", "write", {"organizations": ("alice",)}, True),
    ],
    ids=["own", "read only", "no scope", "own scope", "this one", "another one", "stranger", "member"],
)
def test_the_role_of_a_token_decides_what_it_may_write(api, fake_hub, name, role, facts, right):
    assert may_write(fake_hub, name, role, **facts) is right


def test_whoami_tells_the_role_and_what_a_fine_grained_token_may_write(fake_hub):
    token = fake_hub.state.add_account("alice", "fineGrained", scopes=[REPO])
    access = HfApi(token=token).whoami()["auth"]["accessToken"]
    scope = {"entity": {"type": "model", "name": REPO}, "permissions": ["repo.content.read", "repo.write"]}
    assert (access["role"], access["fineGrained"]["scoped"]) == ("fineGrained", [scope])


def test_a_gated_repository_opens_when_its_owner_grants_access(api, fake_hub):
    bob = fake_hub.state.add_account("bob")
    api.update_repo_settings(REPO, gated="manual")
    with pytest.raises(GatedRepoError, match="not in the authorized list"):
        hf_hub_download(REPO, "a.txt", token=bob)
    assert HfApi(token=bob).model_info(REPO).gated == "manual"
    api.grant_access(REPO, "bob")
    assert Path(hf_hub_download(REPO, "a.txt", token=bob)).read_bytes() == b"1"
    api.reject_access_request(REPO, "bob", rejection_reason=None)
    with pytest.raises(GatedRepoError, match="rejected"):
        hf_hub_download(REPO, ".gitattributes", token=bob)


def test_a_fine_grained_token_needs_leave_to_read_what_is_gated(api, fake_hub):
    """The client calls a 403 without a code an outage; only the cause tells."""
    api.update_repo_settings(REPO, gated="auto")
    token = fake_hub.state.add_account("bob", "fineGrained")
    with pytest.raises(LocalEntryNotFoundError) as caught:
        hf_hub_download(REPO, "a.txt", token=token)
    assert "fine-grained token settings" in str(caught.value.__cause__)


def test_a_moved_repository_is_found_by_its_old_id(api):
    api.move_repo(REPO, "alice/renamed")
    assert api.model_info(REPO).id == "alice/renamed"
    assert Path(hf_hub_download(REPO, "a.txt")).read_bytes() == b"1"


def test_a_deleted_repository_is_gone(api):
    api.delete_repo(REPO)
    with pytest.raises(RepositoryNotFoundError):
        api.model_info(REPO)


def test_deleting_a_file_that_is_not_there_is_an_error(api):
    with pytest.raises(RemoteEntryNotFoundError):
        api.delete_file("none.txt", REPO)


def test_a_pull_request_is_merged_unless_it_conflicts(api, fake_hub):
    bob = HfApi(token=fake_hub.state.add_account("bob"))
    for name in ("a.txt", "b.txt"):
        bob.upload_file(path_or_fileobj=b"of bob", path_in_repo=name, repo_id=REPO, create_pr=True)
    api.upload_file(path_or_fileobj=b"of alice", path_in_repo="a.txt", repo_id=REPO)
    with pytest.raises(HfHubHTTPError, match="409"):
        api.merge_pull_request(REPO, 1)
    assert api.get_discussion_details(REPO, 1).conflicting_files == ["a.txt"]
    api.merge_pull_request(REPO, 2)
    assert Path(hf_hub_download(REPO, "b.txt")).read_bytes() == b"of bob"
    assert Path(hf_hub_download(REPO, "a.txt")).read_bytes() == b"of alice"


def new_space(api, **options):
    return api.create_repo(SPACE, repo_type="space", **{"space_sdk": "gradio", **options})


def test_a_new_space_has_a_card_and_waits_for_its_page(api):
    new_space(api)
    assert api.list_repo_files(SPACE, repo_type="space") == [".gitattributes", "README.md"]
    assert api.get_space_runtime(SPACE).stage == "NO_APP_FILE"


def test_a_space_is_built_and_then_runs_on_the_machine_asked_for(api):
    new_space(api, space_hardware="t4-small")
    api.upload_file(path_or_fileobj=b"1", path_in_repo="app.py", repo_id=SPACE, repo_type="space")
    assert [api.get_space_runtime(SPACE).stage for _ in range(2)] == ["BUILDING", "RUNNING"]
    assert api.get_space_runtime(SPACE).hardware == "t4-small"
    assert api.request_space_hardware(SPACE, "cpu-basic").requested_hardware == "cpu-basic"
    assert api.pause_space(SPACE).stage == "PAUSED"


def test_a_secret_can_be_set_but_not_read(api, fake_hub):
    new_space(api, space_secrets=[{"key": "KEY", "value": "hidden"}], space_variables=[{"key": "NAME", "value": "1"}])
    assert "hidden" not in str(api.get_space_secrets(SPACE))
    assert fake_hub.state.spaces[SPACE].secrets["KEY"]["value"] == "hidden"
    assert api.get_space_variables(SPACE)["NAME"].value == "1"


def test_a_space_that_runs_code_wants_a_paying_account(fake_hub):
    api = HfApi(token=fake_hub.state.add_account("carl", pro=False))
    with pytest.raises(HfHubHTTPError, match="402"):
        api.create_repo("carl/page", repo_type="space", space_sdk="gradio")
    api.create_repo("carl/page", repo_type="space", space_sdk="static")


def test_hardware_that_does_not_exist_is_refused(api):
    new_space(api)
    with pytest.raises(BadRequestError, match="Invalid hardware"):
        api.request_space_hardware(SPACE, "abacus")

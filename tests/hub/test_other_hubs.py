"""Hubs that are not the public one: what they lack is gone without or said, and not tried again and again."""

import pytest
from fake_hub.state import Fault
from huggingface_hub import HfApi, constants
from huggingface_hub.errors import RevisionNotFoundError

from resnet_hub.errors import HubError, HubUnreachableError
from resnet_hub.hub import make_repository, push_address, push_checkpoint, with_or_without_xet
from resnet_hub.hub.download import download_checkpoint
from training.push.retry import is_transient

REPO = "alice/net"
NO_TOKEN = "HTTP status client error ({status}), domain: http://h/api/models/a/b/xet-write-token/main"


@pytest.fixture
def xet_is_on(monkeypatch):
    """Xet as it is on a user's machine, where its package is installed."""
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", False)


def test_a_push_to_a_hub_without_xet_arrives_by_lfs_and_says_so_once(fake_hub, plain_checkpoint, xet_is_on, caplog):
    push_checkpoint(plain_checkpoint, REPO)
    push_checkpoint(plain_checkpoint, "alice/other")
    assert (download_checkpoint(REPO) / "model.safetensors").read_bytes() == (
        plain_checkpoint / "model.safetensors"
    ).read_bytes()
    assert sum("has no Xet" in message for message in caplog.messages) == 1


@pytest.mark.parametrize("status", ["404 Not Found", "405 Method Not Allowed", "501 Not Implemented"])
def test_a_hub_without_xet_is_asked_again_without_it(xet_is_on, status):
    answers = [ConnectionError(NO_TOKEN.format(status=status)), "sent"]

    def upload():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert with_or_without_xet(upload) == "sent"
    assert constants.HF_HUB_DISABLE_XET


@pytest.mark.parametrize("said", ["connection reset", NO_TOKEN.format(status="503 Service Unavailable")])
def test_a_fault_of_xet_that_may_pass_is_one_and_leaves_it_on(xet_is_on, said):
    def upload():
        raise ConnectionError(said)

    with pytest.raises(ConnectionError) as failed:
        with_or_without_xet(upload)
    assert is_transient(failed.value)
    assert not constants.HF_HUB_DISABLE_XET


def test_a_hub_that_takes_no_pull_requests_is_not_tried_again(fake_hub, plain_checkpoint):
    fake_hub.state.faults.append(Fault("POST", "*/commit/main", 501, "pull requests are not implemented"))
    with pytest.raises(HubError, match=r"takes no pull requests \(pull .*\); push to a branch") as refused:
        push_checkpoint(plain_checkpoint, REPO, create_pr=True)
    assert not isinstance(refused.value, HubUnreachableError)
    assert not is_transient(refused.value)


def test_a_branch_that_nobody_named_is_main(fake_hub):
    fake_hub.state.faults.append(Fault("HEAD", f"/{REPO}/*", 404, code="RevisionNotFound"))
    with pytest.raises(HubError, match="'alice/net' has no revision 'main'; it has others"):
        download_checkpoint(REPO)


def test_a_revision_that_a_hub_calls_a_missing_file_is_named(fake_hub, plain_checkpoint):
    push_checkpoint(plain_checkpoint, REPO)
    fake_hub.state.faults.append(Fault("HEAD", f"/{REPO}/*", 404, code="EntryNotFound"))
    with pytest.raises(HubError, match="'alice/net' has no revision 'next'; it has 'main'"):
        download_checkpoint(f"{REPO}@next")
    with pytest.raises(HubError, match=r"has no config\.json"):
        download_checkpoint(f"{REPO}@main")


def test_a_hub_that_has_no_main_before_the_first_commit_takes_a_push(fake_hub):
    fake_hub.state.faults.append(Fault("POST", f"*/{REPO}/branch/*", 404, code="RevisionNotFound"))
    make_repository(HfApi(), push_address(REPO, None, False), check_rights=True)
    with pytest.raises(RevisionNotFoundError):
        make_repository(HfApi(), push_address(REPO, "next", False), check_rights=True)


def test_an_address_that_comes_without_its_host_gets_it(fake_hub, plain_checkpoint):
    fake_hub.state.names_host = False
    assert push_checkpoint(plain_checkpoint, REPO).startswith(f"{constants.ENDPOINT}/{REPO}/commit/")

"""What the fake Hub can do wrong, and that the real client meets it as it would on a bad network."""

import time
from pathlib import Path

import httpx2
import pytest
from fake_hub.state import Fault
from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import HfHubHTTPError

REPO = "alice/net"


@pytest.fixture
def api(fake_hub):
    api = HfApi(token=fake_hub.token)
    api.create_repo(REPO)
    for name in ("a.txt", "a.bin"):
        api.upload_file(path_or_fileobj=bytes(range(200)), path_in_repo=name, repo_id=REPO)
    return api


@pytest.fixture
def waits(monkeypatch):
    """The seconds that the client wants to wait; it need not."""
    asked = []
    monkeypatch.setattr(time, "sleep", asked.append)
    return asked


@pytest.mark.parametrize("name", ["a.txt", "a.bin"], ids=["regular", "lfs"])
@pytest.mark.parametrize(
    "fault",
    [{"cut": 50}, {"cut": 0}, {"drop": True}, {"status": 429, "retry_after": 1}],
    ids=["truncated", "no answer", "dropped", "429"],
)
def test_a_download_that_is_disturbed_once_is_whole_in_the_end(api, fake_hub, waits, name, fault):
    fake_hub.state.faults += [Fault("GET", "*/a.txt", times=1, **fault), Fault("GET", "/cdn/*", times=1, **fault)]
    assert Path(hf_hub_download(REPO, name)).read_bytes() == bytes(range(200))
    assert waits


def test_a_download_that_is_answered_500_is_not_tried_again(api, fake_hub, waits):
    fake_hub.state.faults.append(Fault("GET", "/cdn/*", 500, times=1))
    with pytest.raises(HfHubHTTPError, match="500"):
        hf_hub_download(REPO, "a.bin")
    assert not waits


def test_retry_after_is_what_the_client_waits(api, fake_hub, waits):
    fake_hub.state.faults.append(Fault("GET", "/cdn/*", 429, retry_after=7, times=1))
    hf_hub_download(REPO, "a.bin")
    assert waits == [8.0]  # a second more, as the client rounds up


def test_a_body_can_arrive_altered_at_its_full_length(api, fake_hub):
    """The client does not compare hashes: what is downloaded has to be checked by whoever reads it."""
    fake_hub.state.faults.append(Fault("GET", "/cdn/*", corrupt=True, times=1))
    content = Path(hf_hub_download(REPO, "a.bin")).read_bytes()
    assert len(content) == 200
    assert content != bytes(range(200))


def test_an_answer_can_be_late(api, fake_hub):
    fake_hub.state.faults.append(Fault("GET", "/cdn/*", delay=0.2, times=1))
    start = time.monotonic()
    hf_hub_download(REPO, "a.bin")
    assert time.monotonic() - start >= 0.2


def test_a_commit_can_happen_and_its_answer_be_lost(api, fake_hub):
    fake_hub.state.faults.append(Fault("POST", "*/commit/main", cut=0, times=1))
    with pytest.raises(httpx2.RemoteProtocolError):
        api.upload_file(path_or_fileobj=b"b", path_in_repo="b.txt", repo_id=REPO)
    assert api.file_exists(REPO, "b.txt")


def test_a_dropped_commit_does_not_happen(api, fake_hub):
    fake_hub.state.faults.append(Fault("POST", "*/commit/main", drop=True, times=1))
    with pytest.raises(httpx2.RemoteProtocolError):
        api.upload_file(path_or_fileobj=b"b", path_in_repo="b.txt", repo_id=REPO)
    assert not api.file_exists(REPO, "b.txt")


def test_a_fault_can_let_some_requests_pass_first(api, fake_hub):
    fake_hub.state.faults.append(Fault("GET", f"/api/models/{REPO}", 500, skip=1, times=1))
    api.model_info(REPO)
    with pytest.raises(HfHubHTTPError, match="500"):
        api.model_info(REPO)
    api.model_info(REPO)


def test_a_commit_on_a_parent_that_is_no_longer_the_head_is_a_conflict(api):
    parent = api.model_info(REPO).sha
    api.upload_file(path_or_fileobj=b"b", path_in_repo="b.txt", repo_id=REPO)
    with pytest.raises(HfHubHTTPError, match="The branch was updated since") as caught:
        api.upload_file(path_or_fileobj=b"c", path_in_repo="c.txt", repo_id=REPO, parent_commit=parent)
    assert caught.value.response.status_code == 412


def test_a_large_file_is_sent_in_parts(api, fake_hub):
    fake_hub.state.part_bytes = 100
    content = bytes(range(250))
    api.upload_file(path_or_fileobj=content, path_in_repo="large.bin", repo_id=REPO)
    assert Path(hf_hub_download(REPO, "large.bin")).read_bytes() == content
    assert sum(path.startswith("/lfs/part/") for _, path in fake_hub.state.requests) == 3


def test_an_lfs_object_that_is_not_what_was_announced_is_refused(fake_hub):
    answer = httpx2.put(f"{fake_hub.url}/lfs/upload/{'0' * 64}", content=b"other")
    assert answer.status_code == 400

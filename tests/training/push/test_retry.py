"""Which failures of the Hub are waited for, and how long."""

import pytest
from huggingface_hub import HfApi

from resnet_hub.errors import HubError
from resnet_hub.hub.address import RepoAddress
from resnet_hub.hub.http_errors import hub_errors
from training.push import retry as backoff
from training.push.retry import Backoff, call_with_retries, is_transient, retry_after


def refusal(fake_hub, status):
    """What a request that gets this status comes out as."""
    from fake_hub.state import Fault

    fake_hub.state.faults = [Fault("GET", "/api/models/*", status)]
    with pytest.raises(HubError) as refused, hub_errors(RepoAddress("alice/net"), "write to", None):
        HfApi().model_info("alice/net")
    return refused.value


@pytest.mark.parametrize(
    ("status", "transient"),
    [(400, False), (401, False), (403, False), (412, True), (429, True), (500, True), (503, True)],
)
def test_a_busy_or_broken_hub_is_transient_and_a_refusal_is_not(fake_hub, status, transient):
    error = refusal(fake_hub, status)
    assert is_transient(error) is transient
    assert (Backoff().wait_after(error, 1) is not None) is transient


def test_a_lost_connection_is_transient(fake_hub, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(HubError) as refused, hub_errors(RepoAddress("alice/net"), "write to", None):
        HfApi(endpoint="http://127.0.0.1:1").whoami()
    assert is_transient(refused.value)


def test_a_mistake_of_ours_does_not_pass():
    assert Backoff().wait_after(ValueError("no such file"), 1) is None


def test_waits_double_up_to_the_longest(fake_hub):
    error, waiting = refusal(fake_hub, 500), Backoff(first=2, longest=60)
    waits = [waiting.wait_after(error, failures) for failures in (1, 2, 3, 4, 5, 6, 1000)]
    for wait, most in zip(waits, (2, 4, 8, 16, 32, 60, 60), strict=True):
        assert most / 2 <= wait <= most


def test_two_runs_do_not_wait_equally_long(fake_hub):
    error = refusal(fake_hub, 500)
    assert len({Backoff().wait_after(error, 3) for _ in range(20)}) > 15


@pytest.mark.parametrize(("header", "seconds"), [("30", 30), ("99999999999", 3600), ("soon", None), ("", None)])
def test_the_wait_that_the_answer_asks_for_is_kept(fake_hub, header, seconds):
    error = refusal(fake_hub, 429)
    error.__cause__.response.headers["Retry-After"] = header
    wait = Backoff(first=2).wait_after(error, 1)
    if seconds is None:
        assert retry_after(error) is None
        assert wait <= 2
    else:
        assert seconds <= wait <= seconds + 1


def test_what_passes_is_asked_for_again_and_what_does_not_is_raised_at_once(fake_hub, monkeypatch):
    busy, refused, told = refusal(fake_hub, 503), refusal(fake_hub, 403), []
    monkeypatch.setattr(backoff.time, "sleep", lambda _: None)
    answers = iter([busy, busy, "done"])

    def action():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert call_with_retries(action, lambda error, wait: told.append(error)) == "done"
    assert told == [busy, busy]
    answers = iter([refused, "never asked"])
    with pytest.raises(HubError):
        call_with_retries(action, lambda error, wait: told.append(error))
    answers = iter([busy] * 4)
    with pytest.raises(HubError):
        call_with_retries(action, lambda error, wait: None)
    assert next(answers, "all four were used") == "all four were used"

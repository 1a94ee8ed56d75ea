"""The process that uploads: newest wins, what passes is tried again, and nothing keeps it from the next checkpoint."""

import json
import queue
from pathlib import Path

import pytest
from fake_hub.state import Fault

from resnet_hub.errors import HubError
from training.push import pusher
from training.push.pusher import Inbox, Order, Outcome, upload, work
from training.push.retry import Backoff

REPO = "alice/net"


class Input:
    """Lines that come when a test sends them."""

    def __init__(self):
        self.lines = queue.Queue()

    def __iter__(self):
        return iter(self.lines.get, None)

    def end(self):
        self.lines.put(None)


@pytest.fixture
def order(tmp_path):
    """Makes an order with a snapshot of its own."""

    def make(name):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps({"name": name}))
        (folder / "model.safetensors").write_bytes(name.encode())
        return Order(str(folder), name, REPO, None, None, name)

    return make


def orders(*given):
    return Inbox([order.to_line() for order in given])


def failing(times, status=500, retry_after=None):
    """A push that fails so many times, as the Hub would, and then succeeds."""
    left = [times]

    def push(folder, repo_id, **_):
        if left[0]:
            left[0] -= 1
            response = type("Response", (), {"status_code": status, "headers": {}})()
            if retry_after is not None:
                response.headers["Retry-After"] = str(retry_after)
            cause = OSError("from the client")
            cause.response = response
            raise HubError("datasets.server_fault", said="push", hub="https://hub", status=status) from cause
        return f"https://hub/{repo_id}/{Path(folder).name}"

    return push


def test_an_order_is_uploaded_and_its_snapshot_removed(fake_hub, order):
    given = order("epoch 1")
    outcome = work(orders(given))
    head = fake_hub.repository(REPO).resolve("main")
    assert outcome == Outcome("epoch 1", f"{fake_hub.url}/{REPO}/commit/{head.sha}")
    assert head.files["model.safetensors"].content == b"epoch 1"
    assert not Path(given.folder).exists()


def test_the_newest_order_wins_and_the_one_it_replaces_is_removed(order):
    lines, pushed = Input(), []
    first, second, third = (order(f"epoch {number}") for number in (1, 2, 3))
    inbox = Inbox(lines)

    def push(folder, repo_id, **_):
        pushed.append(Path(folder).name)
        if len(pushed) == 1:  # while the first is on its way, two more come
            lines.lines.put(second.to_line())
            lines.lines.put(third.to_line())
            lines.end()
            inbox._changed.acquire()
            inbox._changed.wait_for(lambda: inbox._ended, timeout=60)
            inbox._changed.release()
        return "https://hub/commit"

    lines.lines.put(first.to_line())
    assert work(inbox, push).name == "epoch 3"
    assert pushed == ["epoch 1", "epoch 3"]
    assert not Path(second.folder).exists()


def test_what_passes_is_tried_again_until_it_succeeds(order):
    waits = []
    outcome = work(orders(order("epoch 1")), failing(3), Backoff(first=2), waits.append)
    assert outcome.url == "https://hub/alice/net/epoch 1"
    assert len(waits) == 3


def test_a_rate_limit_is_waited_for_as_long_as_the_hub_asks(order):
    waits = []
    work(orders(order("epoch 1")), failing(1, 429, retry_after=17), Backoff(), waits.append)
    assert len(waits) == 1
    assert 17 <= waits[0] <= 18


@pytest.mark.parametrize(
    "fault",
    [Fault("POST", "/api/models/*/commit/*", 500, times=2), Fault("POST", "/api/models/*/commit/*", 429, times=2)],
    ids=["500", "429"],
)
def test_a_commit_that_the_hub_refuses_twice_arrives_at_the_third_try(fake_hub, order, fault):
    fake_hub.state.faults = [fault]
    assert work(orders(order("epoch 1")), sleep=lambda _: None).url
    assert fake_hub.repository(REPO).resolve("main").title == "epoch 1"


def test_tries_are_bounded_and_the_reason_is_kept(order):
    waits, given = [], order("epoch 1")
    outcome = work(orders(given), failing(99), Backoff(tries=4), waits.append)
    assert (outcome.url, outcome.reason, len(waits)) == (
        None,
        "push: the Hub at https://hub answered 500; try again later",
        3,
    )
    assert Path(given.folder).exists()  # what is there was not uploaded


def test_a_refusal_is_not_tried_again_but_the_next_checkpoint_is(order):
    lines, tries = Input(), []

    def push(folder, repo_id, **_):
        tries.append(Path(folder).name)
        if len(tries) == 1:
            lines.lines.put(order("epoch 2").to_line())
            lines.end()
            return failing(1, 403)(folder, repo_id)
        return "https://hub/commit"

    lines.lines.put(order("epoch 1").to_line())
    assert work(Inbox(lines), push, sleep=pytest.fail) == Outcome("epoch 2", "https://hub/commit")
    assert tries == ["epoch 1", "epoch 2"]


def test_a_newer_order_takes_the_place_of_one_that_waits_to_be_tried_again(order):
    lines, tries, fail = Input(), [], failing(1)
    inbox, older = Inbox(lines), order("epoch 1")

    def push(folder, repo_id, **_):
        tries.append(Path(folder).name)
        return fail(folder, repo_id)

    def sleep(_):
        lines.lines.put(order("epoch 2").to_line())
        lines.end()
        with inbox._changed:
            inbox._changed.wait_for(lambda: inbox._ended, timeout=60)

    lines.lines.put(older.to_line())
    assert work(inbox, push, sleep=sleep).name == "epoch 2"
    assert tries == ["epoch 1", "epoch 2"]
    assert not Path(older.folder).exists()


def test_an_error_that_nobody_foresaw_does_not_end_the_process(order, caplog):
    def push(folder, repo_id, **_):
        raise ZeroDivisionError

    outcome, _ = upload(order("epoch 1"), push)
    assert outcome.reason == "the upload broke off (ZeroDivisionError)"


def test_the_token_is_in_no_message(fake_hub, order, caplog):
    fake_hub.state.faults = [Fault("POST", "/api/models/*/commit/*", 403, message=f"bad token {fake_hub.token}")]
    outcome = work(orders(order("epoch 1")), sleep=pytest.fail)
    assert "bad token" in outcome.reason
    assert fake_hub.token not in outcome.reason + caplog.text


def test_a_process_that_nobody_ends_ends_itself(monkeypatch):
    ended = queue.Queue()
    monkeypatch.setattr(pusher.os, "_exit", ended.put)
    assert list(pusher.until_the_end(["a"], 0.01)) == ["a"]
    assert ended.get(timeout=60) == 1

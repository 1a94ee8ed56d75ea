"""A process that is lost ends its companions within seconds, and its sentence is read on the main one's terminal."""

import json
import os
import socket
import time
from pathlib import Path

import pytest
import zygote

from training.processes.heartbeat import Heartbeat, Loss

WAITING = Path(__file__).parents[1] / "waiting_ranks.py"


def ended(how, local="01"):
    """Statuses and last words of two processes of which the second comes to grief; `local` are their local ranks."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        told = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(probe.getsockname()[1]), "WORLD_SIZE": "2"}
    told = {**os.environ, **told}
    numbers = [{"RANK": str(rank), "LOCAL_RANK": place} for rank, place in enumerate(local)]
    ranks = [zygote.start([WAITING, how], needs=["training.entry"], env=told | number) for number in numbers]
    said = [ranks[0].communicate(60)[1]]
    if how == "hangs":
        ranks[1].kill()
    said.append(ranks[1].communicate(60)[1])
    return [rank.returncode for rank in ranks], said


@pytest.mark.parametrize(
    ("how", "status", "reason"),
    [
        ("refuses", 2, "failed: --dataset 'dogs': there is no such folder"),
        ("fails", 1, "failed: ValueError: a defect"),
        ("dies", -9, "has ended without a word: killed, perhaps for want of memory"),
        ("hangs", -9, "was not heard of for 4 s, though it is there: stopped, or held up"),
    ],
)
def test_a_process_that_comes_to_grief_ends_the_one_that_waits_for_it(how, status, reason):
    statuses, (first, second) = ended(how)
    assert statuses == [2, status], first + second
    (line,) = [line for line in first.splitlines() if line.startswith("error: ")]
    assert line.startswith(f"error: process 1 of 2 (on {socket.gethostname()}) {reason}")
    assert line.endswith("go on with:  this command")
    assert "Traceback" not in first
    if how == "refuses":  # in its own log too, which may be on another machine
        assert second.startswith("error: process 1 of 2: --dataset 'dogs': there is no such folder")
    if how == "fails":
        assert "ValueError: a defect" in second


def test_what_all_processes_find_alike_is_said_once():
    statuses, (first, second) = ended("agrees")
    assert statuses == [2, 2]
    assert first.count("error: ") == 1
    assert "error: " not in second


def test_what_all_processes_find_alike_is_said_on_each_machine():
    _, (first, second) = ended("agrees", local="00")
    assert first.startswith("error: --dataset 'cats'")
    assert second.startswith("error: process 1 of 2: --dataset 'cats'")


class Store:
    """The store by which processes find each other, as a dictionary; unreachable where it is None."""

    def __init__(self):
        self.values = {}

    def check(self, keys):
        return all(key in self.values for key in keys)

    def get(self, key):
        return self.values[key].encode()

    def set(self, key, value):
        if self.values is None:
            raise RuntimeError("timed out")
        self.values[key] = value


def beat(number, host="far away"):
    return f'{{"number": {number}, "host": "{host}", "process": 1}}'


@pytest.fixture
def main_process():
    """The main process of three, one step at a time at times that are told, and what it finds lost."""
    heartbeat = Heartbeat(0, 3, Store, lambda loss: None)
    heartbeat._store = Store()

    def look(seconds, **beats):
        heartbeat._lived = seconds
        heartbeat._store.values |= {f"beat/{rank[1:]}": text for rank, text in beats.items()}
        return heartbeat._failed() or heartbeat._silent()

    return heartbeat, look


def test_a_process_is_lost_when_it_is_silent_for_forty_seconds_and_not_before(main_process):
    _, look = main_process
    assert look(0, r1=beat(1), r2=beat(1)) is None
    assert look(39, r2=beat(2)) is None
    assert look(41, r2=beat(3)).rank == 1


def test_a_process_that_is_there_may_be_held_up_for_longer(main_process):
    _, look = main_process
    here = beat(1, socket.gethostname()).replace('"process": 1', f'"process": {os.getpid()}')
    assert look(0, r1=here) is None
    assert look(119, r1=here) is None
    assert look(121, r1=here).reason == "was not heard of for 120 s, though it is there: stopped, or held up"


def test_one_that_never_came_and_one_that_left_in_peace_are_not_missed(main_process):
    heartbeat, look = main_process
    heartbeat._store.values["left/1"] = "1"
    assert look(0, r1=beat(1)) is None
    assert look(1000, r1=beat(1)) is None


def test_a_number_of_a_process_says_nothing_about_one_on_another_machine(main_process):
    _, look = main_process
    number = beat(1).replace('"process": 1', '"process": 999999999')
    assert look(0, r1=number) is None
    assert look(39, r1=number) is None
    here = number.replace("far away", socket.gethostname())
    assert look(40, r1=here) is None
    assert look(41, r1=here).reason.startswith("has ended without a word")


def test_a_process_that_failed_itself_misses_nobody_and_the_others_miss_it(main_process):
    heartbeat, look = main_process
    heartbeat._store.values["failed"] = json.dumps({"rank": 0, "host": "far away", "reason": "failed: it"})
    assert look(0) is None
    heartbeat.rank = 1
    assert look(0) == Loss(0, "far away", "failed: it")


def test_a_loss_is_told_once_and_not_by_a_process_that_has_left():
    told, loss = [], Loss(1, "far away", "has ended")
    staying, left = (Heartbeat(0, 2, Store, told.append) for _ in range(2))
    left.end()
    left._found(loss)
    assert (told, left.loss) == ([], None)
    staying._found(loss)
    staying._found(Loss(0, "near", "cannot be reached"))
    assert told == [loss]


def test_the_others_look_after_the_main_one_only():
    heartbeat = Heartbeat(2, 3, Store, lambda loss: None)
    heartbeat._store = Store()
    heartbeat._store.values = {"beat/1": beat(1, socket.gethostname()).replace('"process": 1', '"process": 999999999')}
    assert heartbeat._silent() is None
    assert heartbeat._silent() is None


def test_a_store_that_does_not_answer_is_a_main_process_out_of_reach(monkeypatch):
    found = []
    monkeypatch.setattr("training.processes.heartbeat.SILENT_SECONDS", 0.2)
    monkeypatch.setattr("training.processes.heartbeat.BEAT_SECONDS", 0.05)
    store = Store()
    heartbeat = Heartbeat(1, 2, lambda: store, found.append)
    heartbeat.start()
    assert heartbeat._connected.wait(60)
    store.values = None
    assert heartbeat.find_loss(5).rank == 0
    heartbeat.end()
    assert "cannot be reached" in found[0].reason


def test_time_in_which_the_listener_itself_stood_still_is_not_counted(monkeypatch):
    now, found, steps = [0.0], [], iter([1, 1, 3600, 1])
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    heartbeat = Heartbeat(1, 2, Store, found.append)
    heartbeat._connected.set()

    def wait(seconds):
        step = next(steps, None)
        now[0] += step or 0
        return step is None

    monkeypatch.setattr(heartbeat._ended, "wait", wait)
    heartbeat._judge()
    assert (found, heartbeat._lived) == ([], 5)

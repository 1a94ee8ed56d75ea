"""A run that is asked to stop: by a signal it waits for the step, by a second Ctrl-C it ends at once."""

import os
import signal
from types import SimpleNamespace

import pytest
import torch

from training.loop.guards import interruption as module
from training.loop.guards.interruption import MOST_STEPS, TIME_LIMIT, Agreement, Interruption
from training.processes.stop_signals import Stopped

ASKS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")


@pytest.fixture(autouse=True)
def no_nohup():
    """A process that ignores no signal, whoever started the tests."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def press(number=signal.SIGINT):
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("name", ASKS)
def test_the_first_only_asks_and_gives_the_status_that_shells_know(name):
    number = getattr(signal, name)
    with Interruption(speaks=False) as interruption:
        assert interruption.status == 0
        press(number)
        assert interruption.status == 128 + number


def test_the_second_ctrl_c_ends_at_once():
    with Interruption(speaks=False):
        press()
        with pytest.raises(KeyboardInterrupt, match="stopped at once"):
            press()


def test_a_scheduler_that_repeats_itself_does_not_cut_the_saving_short():
    with Interruption(speaks=False) as interruption:
        press(signal.SIGTERM)
        press(signal.SIGTERM)
        press(signal.SIGUSR1)
        assert interruption.status == 128 + signal.SIGTERM


def test_the_second_that_torchrun_passes_on_counts_as_the_first(monkeypatch):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    with Interruption(speaks=False) as interruption:
        press()
        press()
        interruption._since -= 10
        with pytest.raises(KeyboardInterrupt):
            press()


def test_a_block_that_needs_no_saving_ends_at_the_first():
    with Interruption(speaks=False) as interruption:
        with pytest.raises(Stopped), interruption.at_once():
            press(signal.SIGTERM)
        with pytest.raises(Stopped) as stop, interruption.at_once():
            pytest.fail("it was asked before")
    assert stop.value.status == 128 + signal.SIGTERM


def test_outside_of_the_block_all_is_as_it_was():
    before = [signal.getsignal(getattr(signal, name)) for name in ASKS]
    with Interruption(speaks=False):
        assert signal.getsignal(signal.SIGTERM) not in before
    assert [signal.getsignal(getattr(signal, name)) for name in ASKS] == before


def test_a_signal_that_nohup_has_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interruption(speaks=False) as interruption:
            press(signal.SIGHUP)
            assert interruption.status == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_first_says_what_the_second_does(capfd):
    with Interruption():
        press()
    assert "Ctrl-C: stopping after this step, to save; Ctrl-C again stops at once" in capfd.readouterr().err


def test_a_scheduler_is_told_nothing_of_a_second(capfd):
    with Interruption():
        press(signal.SIGTERM)
    assert capfd.readouterr().err.strip() == "SIGTERM: stopping after this step, to save"


def test_the_time_limit_asks_too_with_a_status_of_its_own(monkeypatch):
    monkeypatch.setattr(module, "process_age", lambda: 60.0)
    assert Interruption(speaks=False, limit=61).status == 0
    assert Interruption(speaks=False, limit=60).status == TIME_LIMIT


def several(statuses, seconds):
    """An accelerator of as many processes, of which the others would say these statuses and these seconds a step."""
    asked = []

    def gather(mine):
        asked.append(mine)
        return torch.cat([mine, torch.tensor([[status, seconds] for status in statuses])])

    return SimpleNamespace(num_processes=1 + len(statuses), device="cpu", gather=gather), asked


def test_one_process_of_several_that_is_asked_stops_them_all():
    accelerator, _ = several([0.0, 143.0], 0.5)
    assert Agreement(accelerator, Interruption(speaks=False)).status() == 143


def test_several_processes_ask_each_other_about_once_a_second():
    for seconds, steps in ((5.0, 1), (0.25, 4), (1e-4, MOST_STEPS)):
        accelerator, asked = several([0.0], seconds)
        agreement = Agreement(accelerator, Interruption(speaks=False))
        for _ in range(1 + steps):
            agreement.status()
        assert len(asked) == 2, seconds


def test_at_the_end_of_an_epoch_they_ask_whatever_the_time():
    accelerator, asked = several([0.0], 1e-4)
    agreement = Agreement(accelerator, Interruption(speaks=False))
    agreement.status()
    agreement.status(now=True)
    assert len(asked) == 2

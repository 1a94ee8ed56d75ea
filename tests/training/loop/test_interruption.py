"""Ctrl-C: the first waits for the step, the second ends at once."""

import os
import signal

import pytest

from training.loop.interruption import Interruption, Stopped


def press():
    os.kill(os.getpid(), signal.SIGINT)


def test_the_first_only_asks():
    with Interruption(speaks=False) as interruption:
        assert not interruption.asked
        press()
        assert interruption.asked


def test_the_second_ends_at_once():
    with Interruption(speaks=False):
        press()
        with pytest.raises(KeyboardInterrupt):
            press()


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
            press()
        with pytest.raises(Stopped), interruption.at_once():
            pytest.fail("it was asked before")


def test_outside_of_the_block_all_is_as_it_was():
    before = signal.getsignal(signal.SIGINT)
    with Interruption(speaks=False):
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


def test_the_first_says_what_the_second_does(capfd):
    with Interruption():
        press()
    assert "stopping after this step, to save; Ctrl-C again stops at once" in capfd.readouterr().err

"""What asks a program to stop: it ends with the signal's status, and no launcher leaves it behind."""

import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from training.processes import stop_signals
from training.processes.stop_signals import Stopped, ended_by_signals, ended_with_launcher, left_to_parent

# It stands for a launcher: it starts one process that sleeps, and passes no signal on.
LAUNCHER = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]])
print(child.pid, flush=True)
child.wait()
"""
CHILD = """
import sys, time
from training.processes import stop_signals
from training.processes.stop_signals import Stopped, ended_by_signals, ended_with_launcher
try:
    with ended_by_signals(), ended_with_launcher():
        time.sleep(60)
except Stopped as stop:
    with open(TOLD, "w") as file:
        file.write(f"{stop} {stop.status}")
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"])
def test_a_signal_ends_the_program_with_its_name_and_status(name, request):
    number = getattr(signal, name)
    before = signal.signal(number, signal.SIG_DFL)  # whoever started the tests may have it ignored, as by nohup
    request.addfinalizer(lambda: signal.signal(number, before))
    with pytest.raises(Stopped) as stop, ended_by_signals():
        os.kill(os.getpid(), number)
    assert stop.value.status == 128 + number
    assert str(stop.value) == f"stopped by {'Ctrl-C' if name == 'SIGINT' else name} before it was done"


@pytest.mark.parametrize("ended_by", [signal.SIGTERM, signal.SIGKILL])
def test_a_launcher_that_is_gone_leaves_no_program_behind(tmp_path, ended_by):
    (tmp_path / "torchrun").write_text(LAUNCHER)
    told = tmp_path / "told"
    command = [sys.executable, tmp_path / "torchrun", CHILD.replace("TOLD", repr(str(told)))]
    launcher = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    child = psutil.Process(int(launcher.stdout.readline()))
    deadline = time.monotonic() + 60
    while len(child.threads()) < 2 and time.monotonic() < deadline:  # until it watches
        time.sleep(0.02)
    launcher.send_signal(ended_by)
    launcher.communicate()
    psutil.wait_procs([child], timeout=300)
    assert told.read_text() == f"stopped by SIGTERM before it was done {128 + signal.SIGTERM}"


def test_a_launcher_is_gone_too_where_the_program_has_another_parent_than_the_first_process(monkeypatch):
    parents = iter([77, 77])
    monkeypatch.setattr(os, "getppid", lambda: next(parents, 78))
    monkeypatch.setattr(stop_signals, "_is_launcher", lambda process: process == 77)
    monkeypatch.setattr(stop_signals, "WATCH_SECONDS", 0.01)
    with pytest.raises(Stopped, match="stopped by SIGTERM"), ended_by_signals(), ended_with_launcher():
        threading.Event().wait(60)


def test_a_program_that_no_launcher_started_outlives_its_parent():
    with ended_with_launcher():
        assert not [thread for thread in threading.enumerate() if thread.name == "launcher-watch"]


def test_a_worker_passes_over_what_its_parent_is_asked_and_outlives_sigterm_for_a_while():
    worker = os.fork()
    if worker == 0:
        left_to_parent()
        for name in ("SIGINT", "SIGHUP", "SIGUSR1", "SIGTERM"):
            os.kill(os.getpid(), getattr(signal, name))
        os._exit(7 if 0 < signal.alarm(0) <= 30 else 8)
    assert os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) == 7


@pytest.mark.parametrize(
    ("launcher", "adds"),
    [
        (["python", "/bin/accelerate", "launch", "finetune.py"], True),
        (["python", "-m", "accelerate.commands.launch", "finetune.py"], True),
        (["python", "/bin/accelerate", "launch", "--quiet", "finetune.py"], False),
        (["python", "/bin/torchrun", "finetune.py"], False),
        (["bash"], False),
    ],
)
def test_it_is_known_whether_a_traceback_of_the_launcher_follows(launcher, adds, monkeypatch):
    monkeypatch.setattr(stop_signals, "_words", lambda process: launcher)
    assert stop_signals.launcher_adds_traceback() == adds

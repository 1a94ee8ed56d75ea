"""Runs with a mark in their environment, by which all their processes are found: launchers, workers, uploads."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from moments import LOOK_SECONDS

REPOSITORY = Path(__file__).resolve().parents[2]
MARK = "RESNET_HUB_CRASH"
ENDING_SECONDS = 20
"""How long processes of a run that has ended may take to end too."""
TORCHRUN = ("torch.distributed.run", "--standalone", "--nproc_per_node")
ALONE = ("accelerate.commands.launch", "--quiet", "--num_machines", "1", "--mixed_precision", "no")
ALONE += ("--dynamo_backend", "no", "--num_processes")
"""accelerate's launcher of a single process, which passes no signal on."""
ACCELERATE = ("accelerate.commands.launch", "--quiet", "--multi_gpu", "--num_machines", "1", "--mixed_precision", "no")
ACCELERATE += ("--dynamo_backend", "no", "--main_process_port", "0", "--num_processes")


def command(processes, launcher, *flags):
    """The command line of a run on so many processes; without a launcher it is alone."""
    how = ["-m", *launcher, str(processes)] if launcher else []
    return [sys.executable, *how, "-m", "training.finetune", *flags]


class Run:
    """A run that is going on: `status` once it has ended."""

    def __init__(self, arguments, log, **told):
        self.mark = f"{os.getpid()}-{time.monotonic_ns()}"
        known = {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
        environment = {**os.environ, **known, **told, MARK: self.mark}
        with log.open("wb") as file:
            self.started = subprocess.Popen(
                arguments, cwd=REPOSITORY, env=environment, stdout=file, stderr=file, start_new_session=True
            )

    @property
    def status(self):
        """The exit status; None while it runs."""
        return self.started.poll()

    def processes(self):
        """The numbers of all its processes that are there, zombies too where nobody has waited for them."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if f"{MARK}={self.mark}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
        return found

    def kill(self):
        """Kills all of it at once, as a machine does that loses its power."""
        while found := self.processes():
            for process in found:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            self.started.poll()
            time.sleep(LOOK_SECONDS)
        self.started.wait()

    def left(self):
        """The processes that outlive it."""
        deadline = time.monotonic() + ENDING_SECONDS
        while (found := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return found


def killed_at(run, watch, moment):
    """Kills the run at the moment; whether it had ended before."""
    while not watch.reached(moment):
        if run.status is not None:
            return True
        time.sleep(LOOK_SECONDS)
    due = time.monotonic() + moment.delay
    while time.monotonic() < due and run.status is None:
        time.sleep(LOOK_SECONDS)
    ended = run.status is not None
    run.kill()
    return ended

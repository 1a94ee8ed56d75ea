"""Runs that are asked to stop through their launcher, and runs that nobody touches: none leaves a process behind."""

import signal
import time

from marked import ACCELERATE, ALONE, TORCHRUN, Run, command
from moments import LOOK_SECONDS, Moment, Watch

SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP")
LAUNCHED = ((1, None), (1, TORCHRUN), (1, ALONE), (2, TORCHRUN), (2, ACCELERATE), (4, TORCHRUN), (4, ACCELERATE))
"""Numbers of processes, and by what they are launched; the first is plain python."""
WHOLE = LAUNCHED[-2:]
"""Those of which runs that nobody touches are counted."""


def asked_to_stop(trial, folder, processes, launcher, name):
    """What is wrong with a run whose launcher gets a signal behind the first epoch, and that goes on then."""
    flags = [*trial.plain_flags(processes), "--output", str(folder)]
    run = Run(command(processes, launcher, *flags), trial.log, **trial.told)
    watch = Watch(folder, trial.log)
    while not watch.reached(Moment("evaluation", 1)) and run.status is None:
        time.sleep(LOOK_SECONDS)
    run.started.send_signal(getattr(signal, name))
    run.started.wait()
    left = run.left()  # accelerate's launcher of one process ends before the run has saved
    found = [f"process {process} is left" for process in left]
    said = trial.log.read_text(errors="replace")
    found += [] if "and saved; go on with:" in said else ["it does not say how to go on"]
    found += ["status 0"] if run.status == 0 else []
    run = Run(command(processes, launcher, "--resume", str(folder)), trial.log, **trial.told)
    run.started.wait()
    found += [f"status {run.status} when it goes on"] if run.status else []
    return found + [f"process {process} is left behind" for process in run.left()]


def untouched(trial, folder, processes, launcher):
    """What is wrong with a run that nobody touches."""
    flags = [*trial.plain_flags(processes), "--output", str(folder)]
    run = Run(command(processes, launcher, *flags), trial.log, **trial.told)
    run.started.wait()
    found = [f"status {run.status}"] if run.status else []
    found += [] if (folder / "results.json").exists() and not (folder / "state").exists() else ["no report"]
    return found + [f"process {process} is left" for process in run.left()]

"""A run of training that is killed at a chosen moment: `python killing.py JSON`, which is [flags, moment].

A moment is null, ["step", n], ["writing", n] (when the n-th state of this process is written, but not in place yet),
["evaluation", n], ["row", n] (when epoch n has its row in metrics.jsonl, but no state yet), ["saved", n] (when it has
its state) or ["report", 0] (when the figures are drawn, but not yet results.json).
"""

import json
import os
import signal
import sys
from pathlib import Path

from training import finetune, fit
from training.loop import saver as state
from training.run import serialization


def kill():
    """Lets this process be killed, as by the system."""
    os.kill(os.getpid(), signal.SIGKILL)


def before(owner, name, is_time):
    """Kills when a function is called and it is time."""
    function = getattr(owner, name)

    def watched(*arguments, **options):
        if is_time(*arguments):
            kill()
        return function(*arguments, **options)

    setattr(owner, name, watched)


def nth(number):
    """Whether it is asked for the n-th time."""
    asked = iter(range(1, 1_000_000))
    return lambda *_: next(asked) == number


def kill_at(moment):
    """Lets this process be killed when the run reaches the moment."""
    kind, number = moment
    if kind == "writing":
        counted = nth(number)
        before(Path, "rename", lambda file, _: file.name == serialization.UNFINISHED and counted())
    elif kind == "evaluation":
        before(fit, "evaluate_epoch", nth(number))
    elif kind == "report":
        before(finetune, "write_results", nth(1))
    else:
        kill_behind(kind, number)


def kill_behind(kind, number):
    """Lets this process be killed behind a step, or about the end of an epoch."""
    after_update, end_epoch = state.Saver.after_update, state.Saver.end_epoch

    def updated(saver, learner):
        after_update(saver, learner)
        if kind == "step" and learner.position.steps == number:
            kill()

    def ended(saver):
        if kind == "row" and len(saver.history.rows) == number:
            kill()
        end_epoch(saver)
        if kind == "saved" and len(saver.history.rows) == number:
            kill()

    state.Saver.after_update, state.Saver.end_epoch = updated, ended


if __name__ == "__main__":
    flags, moment = json.loads(sys.argv[1])
    if moment:
        kill_at(moment)
    sys.exit(finetune.main(flags))

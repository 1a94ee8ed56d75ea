"""Runs of training that are killed at a chosen moment: `python killing.py JSON`, each run in a process of its own.

JSON is a list of [flags, moment]; a moment is null, ["step", n], ["row", n] (when epoch n has its row in metrics.jsonl,
but no state yet) or ["saved", n] (when it has its state). What is printed is a list of exit statuses.
"""

import importlib
import json
import os
import signal
import sys

from training import finetune
from training.loop import saver as state

for name in ("timm.data.mixup", "timm.optim", "timm.scheduler", "timm.utils"):
    importlib.import_module(name)  # once here, and not in each run


def kill_at(moment):
    """Lets this process be killed, as by the system, when the run reaches the moment."""
    kind, number = moment

    def kill():
        os.kill(os.getpid(), signal.SIGKILL)

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
    statuses = []
    for flags, moment in json.loads(sys.argv[1]):
        child = os.fork()  # nothing was computed yet, so that there are no threads to lose
        if child == 0:
            if moment:
                kill_at(moment)
            os._exit(finetune.main(flags))
        statuses.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    sys.stdout.write(json.dumps(statuses))

"""A run of training that is killed at a chosen moment: `python killing.py JSON`, which is [flags, moment].

A moment is null, ["step", n], ["row", n] (when epoch n has its row in metrics.jsonl, but no state yet) or ["saved", n]
(when it has its state).
"""

import json
import os
import signal
import sys

from training import finetune
from training.loop import saver as state


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
    flags, moment = json.loads(sys.argv[1])
    if moment:
        kill_at(moment)
    sys.exit(finetune.main(flags))

"""One of two processes of a run: `python waiting_ranks.py HOW`. The first waits for the second, which comes to grief.

HOW is refuses (with another sentence than the first would), agrees (both refuse alike), fails, dies or hangs.
"""

import os
import signal
import sys
import time

import torch.distributed as group
from accelerate import PartialState

from resnet_hub.errors import DataError
from training import entry
from training.processes import heartbeat

heartbeat.SILENT_SECONDS = entry.SILENT_SECONDS = 4.0
heartbeat.HANGING_SECONDS = 4.0
heartbeat.ENDING_SECONDS = entry.ENDING_SECONDS = 2.0


def work(flags):
    (how,) = flags
    state = PartialState(cpu=True)
    heartbeat.advise("go on with:  this command")
    if how == "agrees":
        raise DataError("data.no_folder", source="cats")
    if state.process_index == 1:
        time.sleep(1.5)  # until the first has seen a sign of life
        grief = {"dies": signal.SIGKILL, "hangs": signal.SIGSTOP}
        if how in grief:
            os.kill(os.getpid(), grief[how])
        raise DataError("data.no_folder", source="dogs") if how == "refuses" else ValueError("a defect")
    group.barrier()


if __name__ == "__main__":
    sys.exit(entry.run_command(work, sys.argv[1:]))

"""A run that something happens to on its machine, and that goes on then: `python coming_to_grief.py JSON`.

JSON is [how, at, flags, again]: what happens when the run has made so many steps, the flags that begin it, and those
beside `--resume`. The statuses of both are printed. HOW is worker (a loader worker is killed), memory (no more of it is
to be had), disk (a file system of its own, which fills up), size (no file may grow any more, as with a quota), folder
(the folder of the run is gone, until the run goes on) or clock (it is set back by a day, and then forward by two).
"""

import ctypes
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
from accelerate.state import AcceleratorState

from training import finetune
from training.loop import saver as state

DAY = 86_400.0
DISK_BYTES = 64 * 2**20
NEW_MOUNTS = 0x00020000


def kill_worker(folder):
    for worker in psutil.Process().children():
        os.kill(worker.pid, signal.SIGKILL)


def end_memory(folder):
    limit = psutil.Process().memory_info().vms + 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))


def fill_disk(folder):
    with suppress(OSError), (folder / "filler").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def end_growth(folder):
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def move_away(folder):
    folder.rename(f"{folder}-away")


def shift_clock(folder):
    now, calls = time.time, iter(range(1_000_000))
    time.time = lambda: now() + (-DAY if next(calls) < 5 else DAY)


HAPPENS = {
    "worker": kill_worker,
    "memory": end_memory,
    "disk": fill_disk,
    "size": end_growth,
    "folder": move_away,
    "clock": shift_clock,
}


def undo(folder):
    """Puts the machine in order, as a person does before the run goes on."""
    for kind in (resource.RLIMIT_AS, resource.RLIMIT_FSIZE):
        resource.setrlimit(kind, (resource.getrlimit(kind)[1],) * 2)
    (folder / "filler").unlink(missing_ok=True)
    away = Path(f"{folder}-away")
    if away.exists():
        shutil.rmtree(folder, ignore_errors=True)
        away.rename(folder)
    AcceleratorState._reset_state(reset_partial_state=True)


def mounted(folder):
    """Mounts a small file system that only this process sees, and that ends with it; whether it may."""
    folder.mkdir()
    private, small = ["--make-rprivate", "/"], ["-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    return ctypes.CDLL(None).unshare(NEW_MOUNTS) == 0 and all(
        subprocess.run(["mount", *words], capture_output=True, check=False).returncode == 0
        for words in (private, small)
    )


def main():
    how, at, flags, again = json.loads(sys.argv[1])
    folder = Path(flags[flags.index("--output") + 1])
    if how == "disk" and not mounted(folder):
        how = "size"  # where nothing may be mounted, files that may not grow are as full a disk as there is
    updated = state.Saver.after_update

    def after_update(saver, learner):
        updated(saver, learner)
        if learner.position.steps == at:
            state.Saver.after_update = updated
            HAPPENS[how](folder)

    state.Saver.after_update = after_update
    statuses = [finetune.main(flags)]
    if statuses[0]:
        undo(folder)
        statuses.append(finetune.main(["--resume", str(folder), *again]))
    if statuses[-1] == 0:
        shutil.copyfile(folder / "model.safetensors", Path(f"{folder}.safetensors"))
    sys.stdout.write(json.dumps(statuses))


if __name__ == "__main__":
    main()

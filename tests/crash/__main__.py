"""Kills whole runs at random moments and has them go on: `python tests/crash --kills 100 --processes 1,2,4`.

A run is killed once, with its launcher and workers, at a moment between its first import and its last line. It is
then resumed, or begun again where it had saved nothing, and must leave the same bits as a run that nobody touched.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests"))
sys.path.insert(0, str(REPOSITORY))

from images import class_folders  # noqa: E402

EXACT = ("model.safetensors", "last.safetensors", "ema.safetensors", "metrics.jsonl", "split.parquet")
"""Files that must be equal to the last bit."""
FLAGS = ("--model", "cifar_resnet20", "--from-scratch", "--image-size", "16", "--epochs", "3", "--batch-size", "8")
FLAGS += ("--workers", "1", "--threads", "1", "--optimizer", "adamw", "--lr", "0.004", "--ema-decay", "0.9")
FLAGS += ("--save-every-steps", "2", "--drop-rate", "0.1", "--precision", "no")


def command(processes, *flags):
    """The command line of a run on so many processes."""
    if processes == 1:
        return [sys.executable, "-m", "training.finetune", *flags]
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(processes)]
    return [sys.executable, *launcher, "-m", "training.finetune", *flags]


def run(arguments, log, seconds=None):
    """Runs to the end, or kills all processes after so many seconds; the status, None where it was killed."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    with log.open("ab") as told:
        started = subprocess.Popen(
            arguments, cwd=REPOSITORY, env=environment, stdout=told, stderr=told, start_new_session=True
        )
        try:
            return started.wait(seconds)
        except subprocess.TimeoutExpired:
            kill_session(started.pid)
            started.wait()
            return None


def kill_session(session):
    """Kills the launcher and all that it started, as a machine does that loses its power."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session:
            os.kill(int(stat.parent.name), signal.SIGKILL)


def differences(whole, killed):
    """What a run that went on left otherwise than one that nobody touched."""
    found = [name for name in EXACT if (whole / name).read_bytes() != (killed / name).read_bytes()]
    figures = [json.loads((folder / "results.json").read_text())["validation"] for folder in (whole, killed)]
    found += ["results.json"] if figures[0] != figures[1] else []
    return found + [file.name for file in killed.glob(".*")]


def crashed(folder, flags, processes, moment, log):
    """One run that is killed after so many seconds and goes on to its end; its status."""
    first = [*flags, "--output", str(folder)]
    if run(command(processes, *first), log, moment) == 0:
        return 0
    if (folder / "results.json").exists() and not (folder / "state").exists():
        return 0  # killed behind its last line
    if any((folder / "state").glob("[0-9]*")):
        return run(command(processes, "--resume", str(folder)), log)
    return run(command(processes, *first, "--overwrite"), log)


def say(words):
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="runs that are killed, shared out over the processes")
    parser.add_argument("--processes", default="1,2,4", help="numbers of processes")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    settings = parser.parse_args()
    draw = random.Random(settings.seed)
    failed = 0
    with tempfile.TemporaryDirectory() as place:
        colors = class_folders(Path(place, "colors"), {"red": 40, "green": 40})
        flags = ["--dataset", str(colors), *FLAGS]
        kinds = [int(number) for number in settings.processes.split(",")]
        for processes in kinds:
            log, whole = Path(place, f"{processes}.log"), Path(place, f"whole-{processes}")
            started = time.monotonic()
            if run(command(processes, *flags, "--output", str(whole)), log):
                sys.exit(log.read_text())
            length = time.monotonic() - started
            for number in range(settings.kills // len(kinds)):
                folder, moment = Path(place, f"killed-{processes}-{number}"), draw.uniform(0, length)
                status = crashed(folder, flags, processes, moment, log)
                found = differences(whole, folder) if status == 0 else [f"status {status}"]
                failed += bool(found)
                say(f"{processes} processes, killed after {moment:.1f} of {length:.1f} s: {found or 'same bits'}")
                if not found:
                    shutil.rmtree(folder)
                elif status:
                    say(log.read_text()[-3000:])
    say(f"{failed} of {settings.kills // len(kinds) * len(kinds)} runs differ")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())

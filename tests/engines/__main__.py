"""Trains the same run by each way of launching it and compares the losses: `python tests/engines`; minutes.

Every run has the same images in each update, and its BatchNorm keeps the statistics of the checkpoint, so that the
number of processes changes nothing but rounding.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
UPDATE = 48
"""Images of an update, which one to four processes share evenly."""
FLAGS = [
    *("--model", "resnet_hub/pretrained/cifar_resnet20", "--freeze-bn-stats", "--no-linear-probe-first"),
    *("--epochs", "2", "--lr", "0.02", "--workers", "0", "--threads", "1", "--precision", "no"),
]
IMAGES = {"train": 24, "val": 6}
"""Of each digit: five updates an epoch."""
CLOSE = 1e-3
"""Of the losses that differ by rounding: the share that they may differ by."""
LAUNCHER = ["-m", "accelerate.commands.launch"]
NOTEBOOK = "import sys; from accelerate import notebook_launcher; from training.finetune import main; "
NOTEBOOK += "notebook_launcher(main, args=(sys.argv[2:],), num_processes=int(sys.argv[1]), use_port='29534')"


@dataclass(frozen=True)
class Way:
    """A way to launch a run."""

    name: str
    processes: int
    commands: tuple[tuple[str, ...], ...]
    """What follows the interpreter, once for each machine, before the flags of the run."""


def ways() -> Iterator[Way]:
    """Every way of the table."""
    module = ("-m", "training.finetune")
    yield Way("plain python", 1, (module,))
    yield Way("accelerate, one.yaml", 1, ((*LAUNCHER, "--config_file", "training/launch/one.yaml", *module),))
    for count in (2, 3, 4):
        several = ("--num_processes", str(count))
        cpu = (*LAUNCHER, "--config_file", "training/launch/cpu.yaml", *several, *module)
        yield Way("accelerate, cpu.yaml", count, (cpu,))
    for count in (1, 2, 4):
        torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(count), *module)
        yield Way("torchrun", count, (torchrun,))
    for count in (1, 2, 4):
        yield Way("notebook_launcher", count, (("-c", NOTEBOOK, str(count)),))
    yield Way("accelerate, nodes.yaml, two nodes", 2, tuple(node(rank) for rank in (0, 1)))
    for count in (2, 4):
        fsdp = (*LAUNCHER, "--config_file", "training/launch/fsdp.yaml", "--num_processes", str(count), *module)
        yield Way("accelerate, fsdp.yaml", count, (fsdp,))


def node(rank: int) -> tuple[str, ...]:
    """The command on one of two nodes, both of which are this machine."""
    place = ("--machine_rank", str(rank), "--main_process_ip", "127.0.0.1", "--main_process_port", "29533")
    return (*LAUNCHER, "--config_file", "training/launch/nodes.yaml", *place, "-m", "training.finetune")


def write_digits(folder: Path) -> None:
    """Writes some of scikit-learn's handwritten digits as class folders."""
    from PIL import Image
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    for digit in range(10):
        mine = iter(pixels[labels == digit])
        for split, count in IMAGES.items():
            (folder / split / str(digit)).mkdir(parents=True)
            for number in range(count):
                image = Image.fromarray((next(mine).reshape(8, 8) * 15.9).astype("uint8"))
                image.resize((32, 32)).convert("RGB").save(folder / split / str(digit) / f"{number}.png")


def run(way: Way, data: Path, folder: Path) -> dict[str, float]:
    """The last row of the run's metrics. Raises: RuntimeError where it failed, with what it said."""
    flags = [
        "--dataset",
        str(data),
        *FLAGS,
        "--batch-size",
        str(UPDATE // way.processes),
        "--output",
        str(folder / "run"),
    ]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    programs = [
        subprocess.Popen(
            [sys.executable, *command, *flags], cwd=REPOSITORY, env=environment, text=True, stderr=subprocess.PIPE
        )
        for command in way.commands
    ]
    said = [program.communicate(timeout=1_200)[1] for program in programs]
    if any(program.returncode for program in programs):
        raise RuntimeError("\n".join(text[-2_000:] for text in said))
    return json.loads((folder / "run" / "metrics.jsonl").read_text().splitlines()[-1])


def main() -> int:
    """Prints the table in Markdown as it grows; the exit status is 1 where a run failed or another loss came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("only", nargs="?", default="", help="a word of the ways to try")
    given = parser.parse_args()
    sys.stdout.write("| launched by | processes | train loss | validation loss | seconds |\n")
    sys.stdout.write("| --- | --- | --- | --- | --- |\n")
    first: dict[str, float] = {}
    failed = 0
    data = Path(tempfile.mkdtemp(prefix="engines-"), "digits")
    write_digits(data)
    for way in ways():
        if first and given.only not in way.name:
            continue
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="engines-") as folder:
            try:
                row = run(way, data, Path(folder))
            except (RuntimeError, subprocess.TimeoutExpired, OSError) as error:
                sys.stdout.write(f"| {way.name} | {way.processes} | failed | | |\n")
                sys.stderr.write(f"{way.name}: {error}\n")
                failed += 1
                continue
        first = first or row
        differs = any(abs(row[name] / first[name] - 1) > CLOSE for name in ("train_loss", "val_loss"))
        failed += differs
        losses = f"{row['train_loss']:.6f} | {row['val_loss']:.6f}{' **differs**' if differs else ''}"
        sys.stdout.write(f"| {way.name} | {way.processes} | {losses} | {time.monotonic() - started:.0f} |\n")
        sys.stdout.flush()
    return min(1, failed)


if __name__ == "__main__":
    sys.exit(main())

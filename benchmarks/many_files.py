"""Memory of `resnet-hub predict FOLDER` over very many files: `python -m benchmarks.many_files --files 100000`.

The folder holds so many small PNG and JPEG (links to a thousand different ones, in folders of a thousand) and three
files that cannot be read. The command runs to its end with its bar on a terminal of its own; its memory is read every
half second, and of its answers it is checked that each file has one, in the order of the paths.
"""

from __future__ import annotations

import argparse
import csv
import fcntl
import os
import pty
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from pathlib import Path

import numpy as np
from PIL import Image

NETWORK = Path(__file__).parent.parent / "resnet_hub/pretrained/cifar_resnet20"
DIFFERENT, BELOW = 1000, 1000
"""Different images, and files in each folder."""
DAMAGED = ("00/00000005_cut.png", "17/00017005_text.jpg", "42/00042005_empty.png")
EVERY = 0.5
"""Seconds between two looks at the memory."""


def main() -> None:
    """Prints what the command took and what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    files = parser.parse_args().files
    with tempfile.TemporaryDirectory() as name:
        folder, table = Path(name, "images"), Path(name, "answers.csv")
        written = write(folder, Path(name, "different"), files)
        status, memory, terminal, seconds = watched(folder, table)
        with table.open(newline="") as text:
            answered = list(dict.fromkeys(row["file"] for row in csv.DictReader(text)))
        missing = set(written) - {str(Path(path).relative_to(folder)) for path in answered}
    report(status, memory, terminal, seconds, answered)
    told = sum(name in terminal[-4000:] for name in DAMAGED)
    lacking = f"{len(missing):,}: {sorted(missing)[:5]}"
    print(f"without an answer: {lacking}; named at the end: {told} of {len(DAMAGED)}")


def write(folder: Path, different: Path, files: int) -> list[str]:
    """Writes the images; returns their paths from the folder."""
    different.mkdir()
    rng = np.random.default_rng(0)
    for number in range(DIFFERENT):
        image = Image.fromarray(rng.integers(0, 256, (4, 4, 3), np.uint8)).resize((32, 32), Image.Resampling.BICUBIC)
        image.save(different / (f"{number}.png" if number % 2 else f"{number}.jpg"))
    sources, paths = sorted(different.iterdir()), []
    for number in range(files):
        source = sources[number % DIFFERENT]
        path = f"{number // BELOW:02d}/{number:08d}{source.suffix}"
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        os.link(source, folder / path)
        paths.append(path)
    for path, content in zip(DAMAGED, (sources[1].read_bytes()[:200], b"no image", b""), strict=True):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(content)
    return [*paths, *DAMAGED]


def watched(folder: Path, table: Path) -> tuple[int, list[tuple[float, float]], str, float]:
    """The exit status, memory by seconds [s, MB], what the terminal showed, and the seconds of processors."""
    command = [sys.executable, "-m", "resnet_hub", "predict", str(NETWORK), str(folder), "--csv", "--top-k", "1"]
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))  # without a size, tqdm draws no bar
    shown: list[bytes] = []

    def read() -> None:
        try:
            while part := os.read(ours, 65536):
                shown.append(part)
        except OSError:  # the other end is closed
            return

    with table.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=theirs)
    os.close(theirs)
    reader = threading.Thread(target=read)
    reader.start()
    started, memory = time.monotonic(), []
    while process.poll() is None:
        memory.append((time.monotonic() - started, held(process.pid)))
        time.sleep(EVERY)
    reader.join()
    used = os.times()
    return (
        process.returncode,
        memory,
        b"".join(shown).decode(errors="replace"),
        used.children_user + used.children_system,
    )


def held(pid: int) -> float:
    """Memory of a process that is no file's, in MB."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon")), 0.0)


def report(status: int, memory: list[tuple[float, float]], terminal: str, seconds: float, answered: list[str]) -> None:
    """Prints the figures."""
    moves = terminal.count("\r")
    in_order = answered == sorted(answered)
    print(f"status {status}; answers {len(answered):,}, in order: {in_order}; the bar moved {moves:,} times")
    print(f"{memory[-1][0]:,.0f} s, {seconds:,.0f} s of processors")
    curve = [memory[round(part * (len(memory) - 1) / 10)] for part in range(11)]
    print("memory [MB] after [s]: " + ", ".join(f"{held:,.0f} ({at:,.0f})" for at, held in curve))


if __name__ == "__main__":
    main()

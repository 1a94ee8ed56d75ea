"""Measures parts of docs/results.md again and writes them in: `make results FLAGS='loading starting'`; all by default.

A part is what stands between its two marks; where its command fails, what was measured last stays, with its date.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from datetime import date
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).resolve().parents[1] / "docs" / "results.md"
PACKAGES = ("torch", "torchvision", "timm", "accelerate", "pillow")
PARTS = {
    "loading": "benchmarks.loading --dataset {data}/hymenoptera",
    "starting": "benchmarks.starting --model {data}/weights/resnet50-imagenet --image {photograph}",
    "growth": "benchmarks.growth",
    "following": "benchmarks.following",
    "ratios": "benchmarks.ratios --processor-time {data}",
    "race": "benchmarks.time_to_network --only hymenoptera",
}
"""Part -> the module and its arguments."""


def main() -> None:
    """Runs the parts and writes their tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--file", type=Path, default=RESULTS)
    given = parser.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        sys.exit(f"error: {', '.join(sorted(unknown))}: expected some of {', '.join(PARTS)}")
    failed = [name for name in given.parts or PARTS if not renew(given.file, name)]
    if failed:
        sys.exit(f"kept as they were: {', '.join(failed)}")


def renew(file: Path, name: str) -> bool:
    """Measures a part and writes it into the file; returns whether it could be measured."""
    data = os.environ.get("RESNET_HUB_DATA", "../shared/data")
    photographs = sorted(Path(data, "imagenet_samples").glob("*.JPEG"))
    command = PARTS[name].format(data=data, photograph=photographs[0] if photographs else "")
    print(f"{name}: python -m {command}", flush=True)
    done = subprocess.run([sys.executable, "-W", "ignore", "-m", *command.split()], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        print(f"{name}: the command failed; what was measured last stays", file=sys.stderr)
        return False
    shown = command.replace(data, "../shared/data")
    file.write_text(replaced(file.read_text(), name, f"{conditions(shown)}\n\n{done.stdout.strip()}"))
    return True


def conditions(command: str) -> str:
    """When, where and by what a part was measured."""
    load = f"{os.getloadavg()[0]:.0f}" if hasattr(os, "getloadavg") else "unknown"
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"On {date.today()}, {processor()}, {os.cpu_count()} cores, load {load} at the end; Python "
        f"{platform.python_version()}, {versions}; `python -m {command}`:"
    )


def processor() -> str:
    """The name of the processor, as far as the system says it."""
    described = Path("/proc/cpuinfo")
    lines = described.read_text().splitlines() if described.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def replaced(text: str, name: str, content: str) -> str:
    """The text with other content between the marks of a part; a part that is not there yet comes at the end."""
    begin, end = f"<!-- part: {name} -->", f"<!-- end: {name} -->"
    part = f"{begin}\n{content}\n{end}"
    before, found, rest = text.partition(begin)
    if not found:
        return f"{text.rstrip()}\n\n## Measured by `make results`: {name}\n\n{part}\n"
    _, closed, after = rest.partition(end)
    if not closed:
        sys.exit(f"error: {begin} has no {end}")
    return f"{before}{part}{after}"


if __name__ == "__main__":
    main()

"""Our page under load: `python -m benchmarks.load [--seconds S] [--only WORD]`; `make load` prints all of it.

It runs beside `gr.Interface(pipeline)`, both asked over plain HTTP by one light process, in turns, while the other is
held still. Every visitor has an image of its own, knows the answer beforehand and checks each reply. Then come hard
cases, and thousands of requests. The data folder is RESNET_HUB_DATA, else ../shared/data.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sys
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.crowd import crowd
from benchmarks.long_life import long_life
from benchmarks.race import VISITORS, race
from benchmarks.servers import REPOSITORY

PARTS = ("race", "crowd", "life")


async def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    data = Path(os.environ.get("RESNET_HUB_DATA", REPOSITORY.parent / "shared" / "data"))
    parser.add_argument("data", nargs="?", type=Path, default=data, help="folder with weights and imagenet_samples")
    parser.add_argument("--seconds", type=float, default=60, help="how long each page is under load (default: 60)")
    parser.add_argument("--rounds", type=int, default=6, help="turns that the seconds are cut into (default: 6)")
    parser.add_argument("--requests", type=int, default=5000, help="requests of the long life (default: 5000)")
    parser.add_argument("--switches", type=int, default=50, help="networks that come and go in it (default: 50)")
    parser.add_argument("--int8", action="store_true", help="measure our page in int8 as well")
    parser.add_argument("--only", choices=PARTS, help="one part of it")
    given = parser.parse_args()
    model = given.data.resolve() / "weights" / "resnet50-imagenet"
    images = sorted((given.data.resolve() / "imagenet_samples").glob("*.JPEG"))
    if not model.is_dir() or len(images) < VISITORS:
        sys.exit(
            f"error: {str(given.data)!r} does not hold weights/resnet50-imagenet and imagenet_samples; name another"
        )
    packages = ", ".join(f"{name} {version(name)}" for name in ("gradio", "torch", "transformers"))
    print(f"{datetime.now():%Y-%m-%d %H:%M}, {os.cpu_count()} cores of {_processor()}; {packages}")
    if given.only in (None, "race"):
        turns = f"{given.seconds:.0f} s for each page in {given.rounds} turns"
        print(
            f"{VISITORS} visitors, ResNet-50, {turns}, load of the machine before {os.getloadavg()[0]:.1f}\n",
            flush=True,
        )
        await race(model, images, given.seconds, given.rounds, given.int8)
    if given.only in (None, "crowd"):
        print()
        await crowd(model, images)
    if given.only in (None, "life"):
        print()
        await long_life(model, images, given.requests, given.switches)


def _processor() -> str:
    """Its name, where the system tells."""
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text().splitlines() if facts.exists() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


if __name__ == "__main__":
    asyncio.run(main())

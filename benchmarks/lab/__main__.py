"""`make lab`: trains what of the plan is not trained yet, one run after another in each of several processes."""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch

from resnet_hub.explain import laboratory

from .figures import draw
from .images import Images, read_images
from .plan import LabRun, read_plan
from .results import PACKAGED, gather, package
from .surface import SURFACE, SURFACES, write_surface
from .tables import fill
from .train import REPORT, WEIGHTS, train

RESULTS = Path("resnet_hub/explain/depth_laboratory.json")
NETWORKS = Path("resnet_hub/pretrained")
FIGURES = Path("docs/figures")
PAGE = Path("docs/why-residual.md")


def main() -> None:
    """Trains, then writes the results, the networks and the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lab", description=__doc__)
    parser.add_argument("--dataset", default="cifar10", help="CIFAR-10: a Hub id or a folder (default: cifar10)")
    parser.add_argument("--lossy", action="store_true", help="say of the images that they are a lossy copy")
    parser.add_argument("--folder", type=Path, default=Path("runs/lab"), help="of the runs (default: runs/lab)")
    parser.add_argument("--processes", type=int, default=2, help="that train, with a core each (default: 2)")
    parser.add_argument("--only", choices=("train", "write"), help="train, or write what was found so far")
    asked = parser.parse_args()
    torch.set_num_threads(1)  # small networks: two processes of one thread are faster than one of two
    if asked.processes < 1:
        parser.error(f"--processes {asked.processes}: expected 1 or more")
    if asked.only != "write":
        train_all(asked)
    if asked.only != "train":
        write(asked)


def train_all(asked: argparse.Namespace) -> None:
    """Trains what is missing in as many processes as asked for, of which this is one."""
    command = [sys.executable, "-m", "benchmarks.lab", "--only", "train", "--processes", "1"]
    command += ["--dataset", asked.dataset, "--folder", str(asked.folder)]
    others = [subprocess.Popen(command) for _ in range(asked.processes - 1)]
    work(asked.dataset, asked.folder)
    if any(other.wait() for other in others):
        sys.exit("a process of the laboratory failed; see above. The same command goes on where it stopped.")


def write(asked: argparse.Namespace) -> None:
    """Measures what is missing of surfaces and of lost blocks, and writes all that was found into package and docs."""
    plan = read_plan()
    data = _images(asked.dataset, plan, asked.folder)
    map_surfaces(plan, data, asked.folder)
    for run in plan:
        place = asked.folder / run.name
        if run.name in PACKAGED and (place / WEIGHTS).exists():
            package(run, place, NETWORKS / PACKAGED[run.name], data, asked.lossy)
    found = gather(plan, asked.folder, NETWORKS, data, asked.lossy)
    RESULTS.write_text(json.dumps(found, separators=(",", ":")) + "\n", "utf-8")
    laboratory.cache_clear()
    draw(laboratory(), FIGURES)
    PAGE.write_text(fill(PAGE.read_text("utf-8"), laboratory()), "utf-8")
    print(f"{len(found['runs'])} runs in {RESULTS}; missing: {', '.join(found['missing']) or 'none'}")


def map_surfaces(plan: Sequence[LabRun], data: tuple[Images, Images], folder: Path) -> None:
    """Measures the loss surfaces that are missing around networks that were trained."""
    for run in plan:
        place = folder / run.name
        if run.name in SURFACES and (place / WEIGHTS).exists():
            with held(place) as is_free:
                if is_free and not (place / SURFACE).exists():
                    write_surface(run, data[0], place)


def _images(dataset: str, plan: Sequence[LabRun], folder: Path) -> tuple[Images, Images]:
    return read_images(dataset, plan[0].recipe.image_size or 32, folder / "images.npz")


def work(dataset: str, folder: Path) -> None:
    """Trains what nobody trains or has trained."""
    plan = read_plan()
    data = None
    for run in plan:
        place = folder / run.name
        place.mkdir(parents=True, exist_ok=True)
        with held(place) as is_free:
            if not is_free or (place / REPORT).exists():
                continue
            data = data or _images(dataset, plan, folder)
            report = train(run, data, place)
        end = report["end"]
        found = f"error {end['train']['error']:.1%} train, {end['test']['error']:.1%} test" if end else "diverged"
        print(f"{run.name}: {found}, {report['seconds']} s", flush=True)
    map_surfaces(plan, data or _images(dataset, plan, folder), folder)


@contextmanager
def held(folder: Path) -> Iterator[bool]:
    """Holds a folder against other processes, until this one ends; yields whether it could be had."""
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    main()

"""Changes the code at random places and asks whether a test fails: `python tests/mutants --count 100 loop metrics`.

The tests of an area run in a copy of the checkout, so that the checkout stays as it is.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

sys.path.insert(0, str(Path(__file__).resolve().parent))

from mutations import Mutant, mutants

REPOSITORY = Path(__file__).resolve().parents[2]
SLOWER, LEAST = 4, 120
"""Tests that take so many times as long as without a mutant, and so many seconds more, count as failed: a mutant may
have made a loop without an end."""


@dataclass(frozen=True)
class Area:
    """What is changed, and the tests that should notice, the quickest first."""

    code: tuple[str, ...]
    tests: tuple[str, ...]


AREAS = {
    "network": Area(("resnet_hub/nn/**/*.py",), ("tests/nn", "tests/models/test_features.py", "tests/runtime")),
    "checkpoint": Area(("resnet_hub/checkpoint/*.py", "resnet_hub/checkpoint/config/*.py"), ("tests/checkpoint",)),
    "loop": Area(("training/loop/**/*.py", "training/optim/**/*.py"), ("tests/training/loop", "tests/training/optim")),
    "metrics": Area(("training/metrics/*.py",), ("tests/training/metrics",)),
    "preprocessing": Area(
        ("resnet_hub/preprocessing/pixels.py", "resnet_hub/images/**/*.py"),
        ("tests/test_preprocessing.py", "tests/images", "tests/test_image_list.py", "tests/test_classifier.py"),
    ),
    "hub": Area(("resnet_hub/hub/*.py",), ("tests/hub",)),
    "page": Area(
        ("resnet_hub/demo/serving/**/*.py", "resnet_hub/demo/intake/*.py", "resnet_hub/demo/text/*.py"),
        ("tests/demo/text", "tests/demo/intake", "tests/demo/serving"),
    ),
}


def main() -> int:
    """The exit status: 1 where fewer than 92 of 100 mutants are caught, or the tests fail without one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("areas", nargs="*", metavar="AREA", help=f"of {', '.join(AREAS)}; all where absent")
    parser.add_argument("--count", type=int, default=100, help="mutants in all")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    names = given.areas or list(AREAS)
    if unknown := [name for name in names if name not in AREAS]:
        parser.error(f"there is no area {unknown[0]!r}; expected some of {', '.join(AREAS)}")
    caught = tried = 0
    with TemporaryDirectory() as folder:
        copy_tree(Path(folder))
        for position, name in enumerate(names):
            count = given.count // len(names) + (position < given.count % len(names))
            found = try_area(name, count, random.Random(f"{given.seed} {name}"), Path(folder))
            if found is None:
                return 1
            caught, tried = caught + found, tried + count
    say(f"{caught} of {tried} caught")
    return int(caught < 0.92 * tried)


def try_area(name: str, count: int, chance: random.Random, folder: Path) -> int | None:
    """Tries mutants of an area; returns how many were caught, None where the tests fail as it is."""
    area = AREAS[name]
    started = monotonic()
    if not passes(area.tests, folder):
        say(f"{name}: the tests fail without a mutant")
        return None
    longest = LEAST + SLOWER * (monotonic() - started)
    files = sorted(file for pattern in area.code for file in folder.glob(pattern))
    all_of_them = [(file, mutant) for file in files for mutant in mutants(file.read_text("utf-8"))]
    caught = 0
    for file, mutant in chance.sample(all_of_them, count):
        survived = passes(area.tests, folder, file, mutant, longest)
        caught += not survived
        if survived:
            say(f"{file.relative_to(folder)}:{mutant.line}: survived: {mutant.before} -> {mutant.after}")
    say(f"{name}: {caught} of {count} caught, of {len(all_of_them)} that there are")
    return caught


def passes(
    tests: tuple[str, ...],
    folder: Path,
    file: Path | None = None,
    mutant: Mutant | None = None,
    longest: float | None = None,
) -> bool:
    """Whether all tests pass in so many seconds, with one file as a mutant has it."""
    before = file.read_text("utf-8") if file else ""
    if file and mutant:
        file.write_text(mutant.source, "utf-8")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-n", "2", "--dist", "worksteal"]
    there = [test for test in tests if (folder / test).exists()]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen(
        [*command, *there],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(longest) == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        if process.poll() is None:
            os.killpg(process.pid, 9)
            process.wait()
        if file and mutant:
            file.write_text(before, "utf-8")


def copy_tree(folder: Path) -> None:
    """Copies what git knows of the checkout."""
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=REPOSITORY).decode()
    for name in filter(None, listed.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPOSITORY / name, folder / name)
    subprocess.check_call(["git", "init", "-q"], cwd=folder)
    subprocess.check_call(["git", "add", "-A"], cwd=folder)


def say(line: str) -> None:
    """Writes a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

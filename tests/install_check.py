"""`make install-test`: the wheel in an environment of its own, as users get it: first the core, then the trainer.

In a folder that is no checkout a network answers, and one is fine-tuned and measured; in a checkout all ways to start
the trainer do. Each line that is printed says what was done, in how many seconds, and after an installation how many
packages there are.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

from images import class_folders

REPOSITORY = Path(__file__).resolve().parent.parent
IMAGE = REPOSITORY / "resnet_hub" / "demo" / "images" / "2-cat.jpg"
BUNDLED = "from resnet_hub.checkpoint import BUNDLED; print(BUNDLED)"
DATA = ["--dataset", "images", "--workers", "0"]
TINY = [*DATA, "--model", "cifar_resnet20", "--from-scratch", "--epochs", "1"]
ONE_PROCESS = ["--num_processes", "1", "--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
LAUNCH = ["accelerate", "launch", "--quiet", *ONE_PROCESS]


class Environment:
    """An environment of Python, and the folder in which its programs run."""

    def __init__(self, folder: Path, work: Path) -> None:
        """Makes the environment where there is none.

        Args:
            folder: Of the environment.
            work: Where its programs run.
        """
        self.bin, self.work = folder / "bin", work
        if not self.bin.exists():
            venv.create(folder, with_pip=True)

    def run(self, *command: str | Path, status: int = 0, where: Path | None = None) -> str:
        """What a program of the environment writes. Ends the check where it exits with another status."""
        began = time.monotonic()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
        done = subprocess.run(
            [self.bin / command[0], *command[1:]],
            cwd=where or self.work,
            env={**kept, "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}"},
            capture_output=True,
            text=True,
        )
        report(" ".join(map(str, command)), time.monotonic() - began)
        if done.returncode != status:
            sys.exit(f"exit status {done.returncode} instead of {status}:\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def install(self, *requirements: str) -> None:
        """Installs at the pinned versions, and reports how many packages there are then."""
        pins = str(REPOSITORY / "constraints.txt")
        self.run("python", "-m", "pip", "install", "-q", "--disable-pip-version-check", "-c", pins, *requirements)
        report(f"    {len(self.packages())} packages: {' '.join(self.packages())}")

    def packages(self) -> list[str]:
        """The names of what is installed, but for what makes environments."""
        listed = self.run("python", "-m", "pip", "list", "--format=freeze", "--exclude", "pip")
        return [line.partition("==")[0] for line in listed.splitlines() if "==" in line]


def report(line: str, seconds: float | None = None) -> None:
    """Prints a line of the report."""
    sys.stdout.write(line if seconds is None else f"{seconds:7.1f} s  {line}")
    sys.stdout.write("\n")
    sys.stdout.flush()


def check_core(python: Environment, wheel: Path) -> None:
    """A network answers, and whatever is not installed says so."""
    python.install(str(wheel))
    bundled = python.run("python", "-c", BUNDLED).strip()
    assert " cat" in python.run("resnet-hub", "predict", bundled, IMAGE)
    for command in (["resnet-hub", "finetune"], ["python", "-m", "resnet_hub.training.finetune"]):
        assert "pip install 'resnet_hub[train]'" in python.run(*command, "--dataset", "digits", status=2)
    assert "pip install 'resnet_hub[demo]'" in python.run("python", REPOSITORY / "app.py", bundled, status=2)


def check_trainer(python: Environment, wheel: Path) -> None:
    """A network is fine-tuned and measured where no checkout is, by the command and by the launcher."""
    python.install(f"{wheel}[train]")
    class_folders(python.work / "images", {"red": 10, "green": 10})
    python.run("resnet-hub", "finetune", *TINY, "--output", "run")
    python.run("resnet-hub", "evaluate", "--model", "run", *DATA)
    python.run("resnet-hub", "predict-dataset", "--model", "run", *DATA, "--output", "answers.parquet")
    python.run(*LAUNCH, "-m", "resnet_hub.training.finetune", *TINY, "--output", "launched")


def check_checkout(python: Environment) -> None:
    """All names of the trainer in a checkout, installed as a link to it."""
    python.run("python", "-m", "pip", "install", "-qq", "--no-deps", "-e", str(REPOSITORY))
    for entry in (["-m", "training.finetune"], ["training/finetune.py"], ["-m", "resnet_hub.training.finetune"]):
        assert "usage: accelerate launch" in python.run(*LAUNCH, *entry, "--help", where=REPOSITORY)
    found = python.run("python", "-c", "import resnet_hub.training as found; print(found.__file__)").strip()
    assert Path(found) == REPOSITORY / "training" / "__init__.py", found
    python.run("resnet-hub", "finetune", "--help")


def main() -> None:
    """Builds, installs and runs; ends with exit status 1 at the first thing that does not work."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--venv", type=Path, help="folder of the environment, kept afterwards; a temporary one where absent"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="resnet-hub-install-") as folder:
        work = Path(folder, "work")
        work.mkdir()
        # By way of an archive of the sources, so that nothing of an earlier build lies about.
        command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, str(REPOSITORY)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (wheel,) = Path(folder).glob("*.whl")
        python = Environment((given.venv or Path(folder, "venv")).absolute(), work)
        check_core(python, wheel)
        check_trainer(python, wheel)
        check_checkout(python)


if __name__ == "__main__":
    main()

"""Runs upstream's own Hub tests, those named in the lists beside this file, against the fake Hub.

`python tests/contract` fails unless each listed test passes and has asked the Hub something.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from distribution import DistributionError, unpacked

HERE = Path(__file__).resolve().parent
NAMES = ("huggingface_hub", "datasets")


def run(name: str, survey: list[str]) -> int:
    """The exit status of one upstream test run, in a process of its own that can reach this machine only."""
    sources = unpacked(name)
    listed = HERE / f"{name}.txt"
    ids = [line for line in listed.read_text().splitlines() if line and not line.startswith("#")]
    files = survey or sorted({test.partition("::")[0] for test in ids})
    with tempfile.TemporaryDirectory(prefix="contract-") as home:
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING"))},
            "PYTHONPATH": os.pathsep.join((str(HERE), str(HERE.parent), str(sources))),
            "HF_HOME": home,
            "OMP_NUM_THREADS": "1",
        }
        command = [sys.executable, "-m", "pytest", "-c", str(HERE / "pytest.ini"), f"--rootdir={sources}"]
        choice = ["--survey"] if survey else [f"--listed={listed}"]
        return subprocess.run(
            [*command, "-p", "staging", "-p", f"staging_{name}", *choice, *files], env=environment, cwd=sources
        ).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("only", nargs="?", choices=NAMES, help="the one whose tests to run")
    parser.add_argument(
        "--survey", nargs="+", default=[], metavar="FILE", help="run whole files instead, and print what could be listed"
    )
    options = parser.parse_args()
    if options.survey and not options.only:
        parser.error("--survey needs the name of the package that the files are of")
    failed = []
    for name in [options.only] if options.only else NAMES:
        start = time.monotonic()
        try:
            status = run(name, options.survey)
        except DistributionError as error:
            print(f"error: {error}", file=sys.stderr)
            status = 2
        version = importlib.metadata.version(name)
        print(f"{name} {version}: {'failed' if status else 'kept'} in {time.monotonic() - start:.0f} s", flush=True)
        failed += [name] if status else []
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

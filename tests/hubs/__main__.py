"""Tries this project against KohakuHub, a Hub that is not the public one, served on this machine: `python tests/hubs`.

Its sources are fetched into .hubs/, with an environment of their own; --checkout names a folder that has them.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
PLACE = HERE.parents[1] / ".hubs"
SOURCES = "https://github.com/KohakuBlueleaf/KohakuHub"
COMMIT = "2facb54"
"""What was tried last."""
FURTHER = ("moto[s3,server]", "requests")
"""What is needed besides what KohakuHub itself asks for."""


def sources(checkout: Path | None) -> Path:
    """KohakuHub's sources, from its repository where no folder is given."""
    if checkout is not None:
        return checkout.resolve()
    folder = PLACE / "KohakuHub"
    if not folder.exists():
        subprocess.run(["git", "clone", "--quiet", SOURCES, folder], check=True)
        subprocess.run(["git", "-C", folder, "checkout", "--quiet", COMMIT], check=True)
    return folder


def interpreter(checkout: Path) -> Path:
    """The interpreter of an environment with what KohakuHub needs."""
    python = PLACE / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not python.exists():
        venv.create(PLACE / "env", with_pip=True)
        subprocess.run(
            [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", checkout, *FURTHER], check=True
        )
    return python


def main() -> int:
    """Serves the Hub, tries everything, ends it; the exit status is that of the checks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkout", type=Path, help="a folder with KohakuHub's sources")
    parser.add_argument("--python", type=Path, help="an interpreter that has what KohakuHub needs")
    parser.add_argument(
        "only", nargs="*", metavar="CHECK", help="names of checks, as a run prints them; all where absent"
    )
    given = parser.parse_args()
    checkout = sources(given.checkout)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [given.python or interpreter(checkout), HERE / "kohaku.py", checkout, str(port)]
    with (
        tempfile.TemporaryDirectory(prefix="hubs-") as home,
        Path(home, "server.log").open("w+") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as server,
    ):
        assert server.stdout is not None
        token = server.stdout.readline().strip()
        if not token:
            log.seek(0)
            sys.stderr.write(f"the Hub did not start:\n{log.read()[-3_000:]}\n")
            return 1
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
        environment |= {"HF_ENDPOINT": f"http://127.0.0.1:{port}", "HF_TOKEN": token, "HF_HOME": home}
        environment |= {"PYTHONPATH": str(HERE.parents[1]), "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
        try:
            return subprocess.run(
                [sys.executable, HERE / "checks.py", "someone", *given.only], env=environment
            ).returncode
        finally:
            server.terminate()


if __name__ == "__main__":
    sys.exit(main())

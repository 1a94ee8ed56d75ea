"""Runs `python app.py` in a process of its own."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def run_app(*arguments, folder=REPOSITORY, cwd=REPOSITORY, **environment):
    """The running program."""
    return subprocess.Popen(
        [sys.executable, folder / "app.py", *map(str, arguments)],
        cwd=cwd,
        env={**{name: value for name, value in os.environ.items() if name not in ("HOST", "PORT")}, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Tests may run in the background of a shell, which has what it starts there ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )

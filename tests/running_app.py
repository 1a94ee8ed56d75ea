"""Runs `python app.py` in a process of its own.

Tests of what happens while it imports start an interpreter themselves.
"""

import os
import socket
from pathlib import Path

import zygote

REPOSITORY = Path(__file__).resolve().parent.parent


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def run_app(*arguments, folder=REPOSITORY, cwd=REPOSITORY, **environment):
    """The running program."""
    told = {name: value for name, value in os.environ.items() if name not in ("HOST", "PORT")}
    program = [folder / "app.py", *arguments]
    return zygote.start(program, needs=["resnet_hub.demo.page"], cwd=cwd, env={**told, **environment})

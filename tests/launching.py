"""Runs the training entries as a user does: `accelerate launch -m ...` in a process of its own, or as if in one."""

import os
import subprocess
import sys
from pathlib import Path

from accelerate.state import AcceleratorState

REPOSITORY = Path(__file__).resolve().parent.parent
FROM_SCRATCH = ("--model", "cifar_resnet20", "--from-scratch")
# The launcher warns of every setting it was not given.
PLAIN = ("--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no")


def launch(
    *arguments: object, processes: int = 1, script: bool = False, **environment: str
) -> subprocess.CompletedProcess:
    """Launches `training.<name>` with its flags; `script` runs the file instead of the module."""
    name, *flags = map(str, arguments)
    target = [f"training/{name}.py"] if script else ["-m", f"training.{name}"]
    several = ["--multi_gpu", "--main_process_port", "0"] if processes > 1 else []
    command = [sys.executable, "-m", "accelerate.commands.launch", "--quiet", "--num_processes", str(processes)]
    return subprocess.run(
        [*command, *several, *PLAIN, *target, *flags],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=400,
    )


def forget_accelerator() -> None:
    """Lets the next run in this process start as in a new one: a process has one accelerator, with its precision."""
    AcceleratorState._reset_state(reset_partial_state=True)

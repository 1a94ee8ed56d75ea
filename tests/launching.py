"""Runs the training entries in processes of their own: as `accelerate launch` would start them, by it, or as if in one.

The launcher starts an interpreter that imports torch for each process; it runs, in a fork, where it is what is tested,
and everything else is forked with the variables that it sets.
"""

import os
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path

import pytest
import zygote
from accelerate.state import AcceleratorState
from matplotlib.figure import Figure

from resnet_hub.checkpoint import write_atomically
from training.run.reports import report

REPOSITORY = Path(__file__).resolve().parent.parent
FROM_SCRATCH = ("--model", "cifar_resnet20", "--from-scratch")
# The launcher warns of every setting it was not given.
PLAIN = ("--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no")
# What the launcher tells a process by the flags above.
TOLD = {"ACCELERATE_MIXED_PRECISION": "no", "ACCELERATE_DYNAMO_BACKEND": "NO"}


def launch(*arguments: object, processes: int = 1, **environment: str) -> subprocess.CompletedProcess:
    """Runs `training.<name>` with its flags in forks, with the variables that the launcher would set."""
    name, *flags = map(str, arguments)
    told = {**os.environ, **TOLD, **environment}
    options = {"needs": [f"training.{name}"], "cwd": REPOSITORY}
    if processes == 1:
        return zygote.run(["-m", f"training.{name}", *flags], env=told, timeout=400, **options)
    return several(["-m", f"training.{name}", *flags], processes, told, **options)


def several(
    program: list[object], count: int, told: dict[str, str] | None = None, **options: object
) -> subprocess.CompletedProcess:
    """Runs a program in processes that find each other; the first to fail ends the others, as under torchrun."""
    told = dict(told or {**os.environ, **TOLD})
    with socket.create_server(("127.0.0.1", 0)) as probe:
        told |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(probe.getsockname()[1])}
    told |= {"WORLD_SIZE": str(count), "LOCAL_WORLD_SIZE": str(count)}
    children = [
        zygote.start(program, env={**told, "RANK": str(rank), "LOCAL_RANK": str(rank)}, **options)
        for rank in range(count)
    ]
    status = 0
    with ThreadPoolExecutor(count) as pool:
        ends = {pool.submit(child.communicate, 400): child for child in children}
        for end in as_completed(ends):
            if end.exception() or ends[end].returncode:
                status = status or ends[end].returncode or 1
                for child in children:
                    if child.returncode is None:
                        with suppress(ProcessLookupError):
                            os.kill(child.pid, signal.SIGTERM)
    said = ["".join(texts) for texts in zip(*(end.result() for end in ends), strict=True)]
    return subprocess.CompletedProcess(program, status, *said)


def launch_truly(
    *arguments: object, processes: int = 1, script: bool = False, **environment: str
) -> subprocess.CompletedProcess:
    """Launches `training.<name>` with its flags by `accelerate launch`; `script` runs the file, not the module."""
    name, *flags = map(str, arguments)
    target = [f"training/{name}.py"] if script else ["-m", f"training.{name}"]
    several = ["--multi_gpu", "--main_process_port", "0"] if processes > 1 else []
    launcher = ["-m", "accelerate.commands.launch", "--quiet", "--num_processes", str(processes)]
    return zygote.run(
        [*launcher, *several, *PLAIN, *target, *flags],
        needs=["accelerate.commands.launch", "torch.distributed.run"],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        timeout=400,
    )


def forget_accelerator() -> None:
    """Lets the next run in this process start as in a new one: a process has one accelerator, with its precision."""
    AcceleratorState._reset_state(reset_partial_state=True)


def leave_figures_blank(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets runs in this process plot their figures and write each file, but draw nothing into it."""

    def save(_: Figure, file: Path) -> Path:
        write_atomically(file, Path.touch)
        return file

    monkeypatch.setattr(report, "save_figure", save)

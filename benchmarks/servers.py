"""Pages as processes of their own, on a port of this machine: started, watched, held still, ended."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

REPOSITORY = Path(__file__).resolve().parent.parent
START_SECONDS = 120


@dataclass(frozen=True)
class Server:
    """A running page."""

    port: int
    process: psutil.Process
    uploads: Path
    """The folder in which gradio keeps what visitors sent."""

    def processor_seconds(self) -> float:
        """Time of the processor that it has used so far."""
        times = self.process.cpu_times()
        return times.user + times.system

    def footprint(self) -> tuple[float, int, int, int]:
        """Memory in MB, open files, threads, uploaded files."""
        files = sum(path.is_file() for path in self.uploads.rglob("*"))
        process = self.process
        return process.memory_info().rss / 1e6, process.num_fds(), process.num_threads(), files

    @contextmanager
    def held_still(self) -> Iterator[None]:
        """Takes the processor from it, so that it does not disturb a measurement of another."""
        self.process.suspend()
        try:
            yield
        finally:
            self.process.resume()


@contextmanager
def serving(command: Sequence[str], environment: Mapping[str, str], port_behind: bool = False) -> Iterator[Server]:
    """Runs Python with `command`; the page's port is in PORT, and behind the command where that is wanted."""
    port = _free_port()
    with TemporaryDirectory() as uploads:
        settings = {
            **{name: value for name, value in os.environ.items() if not name.startswith("RESNET_HUB_")},
            "GRADIO_ANALYTICS_ENABLED": "False",
            "GRADIO_TEMP_DIR": uploads,
            "HF_HUB_OFFLINE": "1",
            "PORT": str(port),
            **environment,
        }
        process = subprocess.Popen(
            [sys.executable, *command, *([str(port)] if port_behind else [])],
            env=settings,
            cwd=REPOSITORY,
            stdout=subprocess.DEVNULL,
        )
        try:
            _wait_for(port, process)
            yield Server(port, psutil.Process(process.pid), Path(uploads))
        finally:
            process.terminate()
            process.wait(30)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until the page answers. Raises: RuntimeError when it ends, or takes too long."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/gradio_api/startup-events").close()
            return
        except OSError:
            time.sleep(0.2)
        if process.poll() is not None:
            break
    raise RuntimeError(f"the page did not start (exit status {process.poll()}); what it says stands above")

"""The side of the tests: starts the one interpreter when the first program asks for it, and has it fork."""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from select import select

TESTS = Path(__file__).resolve().parents[1]
_running: "list[_Zygote]" = []


class Child:
    """A program that runs in a fork, with the attributes of `subprocess.Popen` that tests use."""

    def __init__(self, args: Sequence[str], pid: int, status: int, stdout: int, stderr: int) -> None:
        self.args, self.pid, self.returncode = args, pid, None
        self._status = status
        self.stdout, self.stderr = os.fdopen(stdout, encoding="utf-8"), os.fdopen(stderr, encoding="utf-8")

    def poll(self) -> int | None:
        """The exit status, a negative signal, or None while the program runs."""
        if self.returncode is None and select([self._status], [], [], 0)[0]:
            told = os.read(self._status, 4)
            os.close(self._status)
            self.returncode = struct.unpack("i", told)[0] if told else -signal.SIGKILL  # the zygote itself was killed
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit status. Raises: subprocess.TimeoutExpired."""
        if self.returncode is None and not select([self._status], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired(self.args, timeout)
        return self.poll()

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What the program printed and complained of until its end. Raises: subprocess.TimeoutExpired."""
        deadline = None if timeout is None else time.monotonic() + timeout
        texts = {self.stdout: [], self.stderr: []}
        streams = [stream for stream in texts if not stream.closed]
        while streams:
            left = None if deadline is None else max(0, deadline - time.monotonic())
            ready = select(streams, [], [], left)[0]
            if not ready:
                raise subprocess.TimeoutExpired(self.args, timeout)
            for stream in ready:
                data = os.read(stream.fileno(), 1 << 16)
                texts[stream].append(data)
                if not data:
                    streams.remove(stream)
        self.wait(None if deadline is None else max(0.1, deadline - time.monotonic()))
        self.close()
        out, err = (b"".join(parts).decode() for parts in texts.values())
        return out, err

    def close(self) -> None:
        self.stdout.close()
        self.stderr.close()


class _Zygote:
    """The interpreter: forks a child for each request that comes through its socket."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self.socket = ours
        self.home = tempfile.TemporaryDirectory(prefix="resnet-hub-zygote-", ignore_cleanup_errors=True)
        environment = {**os.environ, "HF_HOME": self.home.name, "HF_ENDPOINT": "http://zygote.invalid"}
        environment["PYTHONPATH"] = os.pathsep.join((str(TESTS.parent), str(TESTS)))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "zygote.server", str(theirs.fileno())],
            cwd=TESTS.parent,
            env=environment,
            pass_fds=[theirs.fileno()],
        )
        theirs.close()

    def fork(self, request: dict, descriptors: Sequence[int]) -> int:
        """Has a child run a program with these as stdout, stderr and where its status goes; returns its number."""
        message = json.dumps(request).encode()
        socket.send_fds(self.socket, [struct.pack("I", len(message))], descriptors)
        self.socket.sendall(message)
        answer = self.socket.recv(4, socket.MSG_WAITALL)
        if not answer:
            raise RuntimeError("the zygote has ended; what it said is on stderr")
        return struct.unpack("i", answer)[0]

    def stop(self) -> None:
        self.socket.close()
        self.process.wait()
        self.home.cleanup()


def start(
    program: Sequence[object],
    *,
    needs: Sequence[str] = (),
    cwd: Path | str | None = None,
    env: Mapping[str, str] | None = None,
    new_session: bool = False,
) -> Child:
    """Starts a program.

    Args:
        program: What stands behind `python` in a command: `-c` and a source, `-m` and a module, or a file; and the
            arguments.
        needs: Modules that are imported before the fork, once for all programs.
        cwd: The folder it runs in.
        env: Its environment; None is that of this process. Variables of the Hub's clients take effect although these
            were imported before; where a library has read others for good, a difference is refused.
        new_session: Whether it leads a process group of its own.

    Raises:
        RuntimeError: What is needed cannot be imported.
    """
    if not _running:
        _running.append(_Zygote())
    args = [str(part) for part in program]
    pipes = [os.pipe() for _ in range(3)]  # stdout, stderr, status
    request = {
        "program": args,
        "needs": list(needs),
        "cwd": str(cwd or Path.cwd()),
        "environment": dict(os.environ if env is None else env),
        "new_session": new_session,
    }
    try:
        pid = _running[0].fork(request, [writing for _, writing in pipes])
    finally:
        for _, writing in pipes:
            os.close(writing)
    (stdout, _), (stderr, _), (status, _) = pipes
    return Child(args, pid, status, stdout, stderr)


def run(program: Sequence[object], *, timeout: float = 300, **options: object) -> subprocess.CompletedProcess:
    """Runs a program to its end, as `start` takes it. Raises: subprocess.TimeoutExpired."""
    child = start(program, **options)
    try:
        out, err = child.communicate(timeout)
    except subprocess.TimeoutExpired:
        child.kill()
        child.close()
        raise
    return subprocess.CompletedProcess(child.args, child.returncode, out, err)


def stop() -> None:
    """Ends the interpreter, where it runs, and with it whatever it forked."""
    while _running:
        _running.pop().stop()

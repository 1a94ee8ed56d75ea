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

from filelock import FileLock

TESTS = Path(__file__).resolve().parents[1]
READY = b"!"  # what the zygote says to each process of tests that it will fork for
FORKED = "RESNET_HUB_TESTS_HOME"
"""The variable with the home of the Hub's clients in a process of tests that is a fork."""
_running: "list[_Zygote]" = []
_meeting: list[Path] = []


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
    """The interpreter: forks a child for each request that comes through its socket.

    One for all processes of a test session, which meet in a folder: whoever comes first starts it, and it ends when
    the last has gone.
    """

    def __init__(self, folder: Path) -> None:
        self.process = None
        told = folder / "zygote"
        with FileLock(folder / "zygote.lock"):
            found = _connected(told.read_text()) if told.exists() else None
            if found is None:
                # Not in the folder where they meet, whose path may be longer than that of a socket can be.
                home = tempfile.mkdtemp(prefix="resnet-hub-zygote-")
                address = str(Path(home, "socket"))
                self.process = _begun(home, address)
                told.write_text(address)
                found = _connected(address)
        if found is None:
            raise RuntimeError("the zygote has ended; what it said is on stderr")
        self.socket = found

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
        """Leaves; who started the interpreter waits for its end, and so for the other processes of tests."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)  # a process that this one has forked may still hold it
        self.socket.close()
        if self.process is not None:
            self.process.wait()


def _begun(home: str, address: str) -> subprocess.Popen:
    """The interpreter, which listens at an address and removes its home in the end."""
    environment = {
        **os.environ,
        "HF_HOME": home,
        "HF_ENDPOINT": "http://zygote.invalid",
        "GRADIO_TEMP_DIR": str(Path(home, "gradio")),
        "PYTHONPATH": os.pathsep.join((str(TESTS.parent), str(TESTS))),
    }
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        return subprocess.Popen(
            [sys.executable, "-m", "zygote.server", str(listener.fileno()), home],
            cwd=TESTS.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            pass_fds=[listener.fileno()],
        )


def _connected(address: str) -> socket.socket | None:
    """A connection to the interpreter at this address; None where it is about to end, or has."""
    connection = socket.socket(socket.AF_UNIX)
    with suppress(OSError):
        connection.connect(address)
        if connection.recv(1) == READY:
            return connection
    connection.close()
    return None


def share(folder: Path) -> None:
    """Lets the processes of tests that call this with the same folder have one interpreter together."""
    _meeting[:] = [folder]


def meeting() -> Path:
    """The folder of the last `share`."""
    return _meeting[0]


def begin() -> None:
    """Starts the interpreter, or finds the one that another process has started."""
    if not _running:
        _running.append(_Zygote(meeting()))


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
    args = [str(part) for part in program]
    pipes = [os.pipe() for _ in range(3)]  # status, stderr, stdout
    try:
        pid = _fork(args, [writing for _, writing in pipes], needs, cwd, env, new_session)
    finally:
        for _, writing in pipes:
            os.close(writing)
    (status, _), (stderr, _), (stdout, _) = pipes
    return Child(args, pid, status, stdout, stderr)


def _fork(
    args: list[str],
    descriptors: Sequence[int],
    needs: Sequence[str],
    cwd: Path | str | None,
    env: Mapping[str, str] | None,
    new_session: bool = False,
) -> int:
    begin()
    request = {
        "program": args,
        "needs": list(needs),
        "cwd": str(cwd or Path.cwd()),
        "environment": dict(os.environ if env is None else env),
        "new_session": new_session,
        "cores": sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [],
    }
    return _running[0].fork(request, descriptors)


def lend(program: Sequence[str], *, needs: Sequence[str] = (), env: Mapping[str, str] | None = None) -> int:
    """Runs a program, as `start` takes it, with the streams of this process to its end; returns its exit status."""
    reading, writing = os.pipe()
    _fork(list(program), [writing, 2, 1, 0], needs, None, env)
    for descriptor in (writing, 1, 0):  # so that whoever is at their other end sees when the program ends
        os.close(descriptor)
    told = os.read(reading, 4)
    return struct.unpack("i", told)[0] if told else -signal.SIGKILL


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
    """Leaves the interpreter, where this process has it, and ends whatever was forked for it."""
    while _running:
        _running.pop().stop()

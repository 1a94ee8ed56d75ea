"""The side of the zygote: `python -m zygote.server LISTENER HOME` imports what is asked for, and forks.

It computes nothing itself, so that it has no threads that a fork would lose.
"""

import atexit
import gc
import importlib
import json
import os
import random
import runpy
import select
import shutil
import signal
import socket
import struct
import sys
import threading
import traceback
import types
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import socket_guard

from zygote.client import READY
from zygote.environment import adopt


def serve(listener: socket.socket) -> None:
    """Forks a child for each request until nobody is there to ask; tells the status of each that ends."""
    statuses: dict[int, int] = {}
    forked: dict[socket.socket, list[int]] = {}  # by who asked
    waking, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    begun = False
    while forked or not begun:
        ready, _, _ = select.select([listener, waking, *forked], [], [])
        if waking in ready:
            os.read(waking, 512)
            reap(statuses)
        if listener in ready:
            connection, _ = listener.accept()
            connection.sendall(READY)
            forked[connection], begun = [], True
        for connection in forked.keys() & set(ready):
            header, descriptors, _, _ = socket.recv_fds(connection, 4, 4)
            if not header:
                connection.close()
                for pid in statuses.keys() & set(forked.pop(connection)):
                    os.kill(pid, signal.SIGKILL)
                continue
            request = json.loads(connection.recv(struct.unpack("I", header)[0], socket.MSG_WAITALL))
            pid = fork(request, descriptors, [listener, *forked], [waking, woken, *statuses.values()])
            statuses[pid] = descriptors.pop(0)
            for descriptor in descriptors:
                os.close(descriptor)
            forked[connection].append(pid)
            connection.sendall(struct.pack("i", pid))


def fork(request: dict, descriptors: list[int], sockets: list[socket.socket], others: list[int]) -> int:
    """Has a child run what is asked for, without what belongs to the zygote alone; returns its number."""
    for name in request["needs"]:
        importlib.import_module(name)
    gc.freeze()  # or the first collection of each child would copy every page
    pid = os.fork()
    if pid == 0:
        for one in sockets:
            one.close()
        for descriptor in others:
            os.close(descriptor)
        begin(request, *descriptors)
        end(run(request["program"]))
    return pid


def reap(statuses: dict[int, int]) -> None:
    """Tells the status of every child that has ended."""
    for pid in list(statuses):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            descriptor = statuses.pop(pid)
            with suppress(BrokenPipeError):  # nobody waits for it any more
                os.write(descriptor, struct.pack("i", os.waitstatus_to_exitcode(status)))
            os.close(descriptor)


def begin(request: dict, status: int, *streams: int) -> None:
    """Makes this child what a new interpreter would be: streams, signals, folder, environment, randomness, garbage."""
    os.close(status)
    gc.enable()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if request["new_session"]:
        os.setsid()
    for number, descriptor in zip((2, 1, 0), streams, strict=False):
        os.dup2(descriptor, number)
        os.close(descriptor)
    if request["cores"]:
        os.sched_setaffinity(0, request["cores"])
    os.chdir(request["cwd"])
    adopt(request["environment"])
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()


def run(program: list[str]) -> int:
    """Runs what stands behind `python` in a command; returns its exit status, negative for a signal."""
    try:
        execute(program)
    except SystemExit as left:
        if left.code is None or isinstance(left.code, int):
            return left.code or 0
        sys.stderr.write(f"{left.code}\n")
        return 1
    except KeyboardInterrupt:
        traceback.print_exc()
        return -signal.SIGINT
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def end(status: int) -> NoReturn:
    """Ends this child as an interpreter ends, but for taking down all that was imported, which takes long."""
    threading._shutdown()  # waits for threads, and lets executors end theirs; nothing public does
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


def execute(program: list[str]) -> None:
    kind, *rest = program
    sys.path[:0] = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    if kind == "-c":
        source, *arguments = rest
        sys.path.insert(0, "")
        sys.argv = ["-c", *arguments]
        main = sys.modules["__main__"] = types.ModuleType("__main__")
        exec(compile(source, "<string>", "exec"), vars(main))
    elif kind == "-m":
        name, *arguments = rest
        sys.path.insert(0, str(Path.cwd()))
        sys.argv = ["-m", *arguments]
        sys.modules.pop(name, None)  # where it was needed, it was imported, but not as a program
        sys.modules.pop(f"{name}.__main__", None)
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    else:
        sys.path.insert(0, str(Path(kind).absolute().parent))
        sys.argv = program
        runpy.run_path(kind, run_name="__main__")


if __name__ == "__main__":
    socket_guard.install()
    gc.disable()  # what is imported here stays; to look through it again and again takes a fifth of the time
    serve(socket.socket(fileno=int(sys.argv[1])))
    shutil.rmtree(sys.argv[2], ignore_errors=True)
    end(0)

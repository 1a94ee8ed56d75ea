"""The processes of a run watch each other: one that fails or is not heard of ends them all, with a sentence."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import psutil

from resnet_hub.terminal import printable

BEAT_SECONDS = 1.0
SILENT_SECONDS = 40.0
"""A process not heard of for so long is taken for gone; time in which the listener stood still does not count."""
HANGING_SECONDS = 120.0
"""The same of a process that is seen to be there, on the same machine: a disk or a busy machine may hold it up."""
STORE_SECONDS = 10.0
"""How long an answer of the store may take, which is on the main process's machine."""
TELLING_SECONDS = 4.0
"""How long a process that fails waits for the main one to say so."""
HEAD_START_SECONDS = 0.5
FIRST_CONTACT_SECONDS = 1800.0
"""How long the others may be late: a machine of a cluster may still be starting."""
ENDING_SECONDS = 5.0
"""How long a process may take to end by itself once another is lost; it may wait for that one without end."""
LOST = 2
"""Exit status of the processes that go on no longer because of another."""


@dataclass(frozen=True)
class Loss:
    """A process without which the others cannot go on."""

    rank: int
    host: str
    reason: str

    def sentence(self, processes: int, advice: str) -> str:
        """What a person reads on the terminal."""
        return f"process {self.rank} of {processes} (on {self.host}) {self.reason}{advice and f'; {advice}'}"


@dataclass(frozen=True)
class Beat:
    """A sign of life."""

    number: int
    host: str
    process: int


class Heartbeat:
    """Tells the other processes that this one lives, through the store by which they found each other.

    The main process looks after all, the others after the main one, so that the cost grows with their number only.
    """

    def __init__(self, rank: int, size: int, connect: Callable[[], Any], lost: Callable[[Loss], object]) -> None:
        """Starts nothing yet.

        Args:
            rank: Of this process.
            size: How many processes there are.
            connect: Makes a client of the store, which may take as long as it likes.
            lost: Called in a thread of its own when another process is lost.
        """
        self.rank, self.size, self.advice = rank, size, ""
        self._connect, self._lost = connect, lost
        self._connected, self._ended = threading.Event(), threading.Event()
        self._lived = self._heard = 0.0
        self._beats: dict[int, tuple[Beat, float]] = {}
        self._failing = False
        self.loss: Loss | None = None

    def start(self) -> None:
        """Begins to tell, and to listen."""
        for work in (self._listen, self._judge):
            threading.Thread(target=work, name="heartbeat", daemon=True).start()

    def end(self) -> None:
        """Leaves in peace: nobody waits for this process any more."""
        if not self._ended.is_set():
            self._ended.set()
            if self._connected.is_set():
                with suppress(RuntimeError):
                    self._store.set(f"left/{self.rank}", "1")

    def fail(self, reason: str) -> bool:
        """Tells the others why this process fails; whether the main one, which is given time, has said the same."""
        self._failing = True
        if not self._connected.wait(TELLING_SECONDS):
            return False
        told = json.dumps(asdict(Loss(self.rank, socket.gethostname(), f"failed: {reason}")))
        with suppress(RuntimeError):
            self._store.set(f"said/{self.rank}", reason)
            if self.rank:  # where all find the same, the main one is about to say it by itself
                self._wait_for(["said/0"], HEAD_START_SECONDS)
            self._store.compare_set("failed", "", told)
            if self.rank == 0:  # the store may end with this process
                self._wait_for([f"read/{rank}" for rank in range(1, self.size)])
                return False
            if self._wait_for(["said/0"]):
                same = self._store.get("said/0").decode() == reason
                self._store.set(f"read/{self.rank}", "1")
                return bool(same)
        return False

    def _wait_for(self, keys: Sequence[str], seconds: float = TELLING_SECONDS) -> bool:
        """Whether the others have left all these words in time."""
        deadline = time.monotonic() + seconds
        while not (found := self._store.check(keys)) and time.monotonic() < deadline:
            time.sleep(0.05)
        return bool(found)

    def find_loss(self, seconds: float) -> Loss | None:
        """The process that is lost; waits at most so long for it to be found."""
        deadline = time.monotonic() + seconds
        while self.loss is None and self._connected.is_set() and time.monotonic() < deadline:
            time.sleep(0.1)
        return self.loss

    def wait_for_end(self, seconds: float) -> bool:
        """Whether this process leaves within so many seconds."""
        return self._ended.wait(seconds)

    def _listen(self) -> None:
        try:
            self._store = self._connect()
        except RuntimeError:
            return  # there is none, or it is gone already, which the processes then see by themselves
        self._heard = self._lived
        self._connected.set()
        number = 0
        while not self._ended.is_set():
            number += 1
            with suppress(RuntimeError):  # judged by the time that has passed
                beat = Beat(number, socket.gethostname(), os.getpid())
                self._store.set(f"beat/{self.rank}", json.dumps(asdict(beat)))
                loss = self._failed() or self._silent()
                self._heard = self._lived
                if loss is not None:
                    self._found(loss)
                    self._store.set(f"said/{self.rank}", loss.reason)
                    self._store.set(f"read/{self.rank}", "1")
                    return
            self._ended.wait(BEAT_SECONDS)

    def _failed(self) -> Loss | None:
        if not self._store.check(["failed"]):
            return None
        loss = Loss(**json.loads(self._store.get("failed")))
        return None if loss.rank == self.rank else loss

    def _silent(self) -> Loss | None:
        for rank in range(1, self.size) if self.rank == 0 else [0]:
            if not self._store.check([f"beat/{rank}"]) or self._store.check([f"left/{rank}"]):
                continue
            beat = Beat(**json.loads(self._store.get(f"beat/{rank}")))
            before, since = self._beats.get(rank, (None, 0.0))
            if beat != before:
                self._beats[rank] = beat, self._lived
            elif beat.host != socket.gethostname():
                if self._lived - since > SILENT_SECONDS:
                    reason = f"was not heard of for {SILENT_SECONDS:.0f} s: its machine, or the way to it, is gone"
                    return Loss(rank, beat.host, reason)
            elif not _lives(beat.process):
                return Loss(rank, beat.host, "has ended without a word: killed, perhaps for want of memory")
            elif self._lived - since > HANGING_SECONDS:
                reason = f"was not heard of for {HANGING_SECONDS:.0f} s, though it is there: stopped, or held up"
                return Loss(rank, beat.host, reason)
        return None

    def _judge(self) -> None:
        before = time.monotonic()
        while not self._ended.wait(BEAT_SECONDS):
            self._lived += min(time.monotonic() - before, 2 * BEAT_SECONDS)  # a machine that slept heard nobody
            before = time.monotonic()
            if self._connected.is_set() and self._lived - self._heard > SILENT_SECONDS:
                host = os.environ.get("MASTER_ADDR", "its machine")
                self._found(Loss(0, host, f"cannot be reached for {SILENT_SECONDS:.0f} s"))
                return

    def _found(self, loss: Loss) -> None:
        if self.loss is None and not self._failing and not self._ended.is_set():
            self.loss = loss
            self._lost(loss)


def _lives(process: int) -> bool:
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


_current: list[Heartbeat] = []


@contextmanager
def watched() -> Iterator[Heartbeat | None]:
    """A block in which this process and the others of its run watch each other; None where it is alone."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1 or "MASTER_PORT" not in os.environ:
        yield None
        return
    heartbeat = Heartbeat(int(os.environ.get("RANK", "0")), size, _store, _end)
    _current.append(heartbeat)
    heartbeat.start()
    try:
        yield heartbeat
    finally:
        heartbeat.end()
        _current.remove(heartbeat)


def advise(advice: str) -> None:
    """What a person is told to do from now on when a process is lost."""
    for heartbeat in _current:
        heartbeat.advice = advice


def is_of_group(error: Exception) -> bool:
    """Whether an error is what PyTorch says of processes that do not answer."""
    import torch.distributed as group

    text = str(error).lower()
    return isinstance(error, group.DistError) or any(word in text for word in ("gloo", "nccl", "connection", "socket"))


def _store() -> Any:
    """A client of the store by which the processes found each other; each try of the launcher has keys of its own."""
    from torch.distributed import PrefixStore, TCPStore  # type: ignore[attr-defined]  # public all the same

    host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    deadline = time.monotonic() + FIRST_CONTACT_SECONDS
    while not _answers(host, port) and time.monotonic() < deadline:  # its client would wait longer after each try
        time.sleep(0.2)
    store = TCPStore(host, port, None, False, timedelta(seconds=STORE_SECONDS), False)
    return PrefixStore(f"resnet_hub/{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}", store)


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), 2.0).close()
    except OSError:
        return False
    return True


def _end(loss: Loss) -> None:
    """Says which process is lost, once for each machine, and ends this one, whatever it waits for."""
    heartbeat = _current[-1]
    if os.environ.get("LOCAL_RANK", "0") == "0":
        words = printable(loss.sentence(heartbeat.size, heartbeat.advice))
        os.write(2, f"error: {words}\n".encode())
    threading.Thread(target=_end_main, args=(heartbeat,), daemon=True).start()


def _end_main(heartbeat: Heartbeat) -> None:
    import torch.distributed as group

    with suppress(RuntimeError, AttributeError, NotImplementedError):
        if group.group.WORLD is not None:
            group.group.WORLD.abort()
    if not heartbeat.wait_for_end(ENDING_SECONDS):
        sys.stderr.flush()
        os._exit(LOST)

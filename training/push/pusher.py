"""The process that uploads the checkpoints of a run beside it, which `publish.py` starts: training never waits.

Orders come in as lines of JSON on standard input. The newest wins; a failed upload is retried. When
the input ends, what is still to do is done, and one line of JSON on standard output says how the last upload went.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Condition, Thread, Timer

from huggingface_hub.utils.logging import set_verbosity_error
from huggingface_hub.utils.tqdm import disable_progress_bars

from resnet_hub.checkpoint import WEIGHTS_FILE
from resnet_hub.errors import ResNetHubError
from resnet_hub.hub import push_checkpoint
from resnet_hub.terminal import log_printable_lines

from .hub_state import drop_state, push_state
from .retry import Backoff

logger = logging.getLogger("training")

BACKOFF = Backoff()
STATE = "resume"
"""Folder inside a snapshot for the state of the run."""


@dataclass(frozen=True)
class Order:
    """One snapshot of a checkpoint that is to be uploaded."""

    folder: str
    """The snapshot; removed once it is uploaded, or a newer one takes its place."""
    name: str
    """What messages call it, such as "epoch 3"."""
    repo_id: str
    private: bool | None
    revision: str | None
    commit_message: str
    state: str = ""
    """What becomes of the state on the Hub: push (what the snapshot holds, replaces it), drop, or nothing."""

    def to_line(self) -> str:
        """The order as one line of JSON."""
        return json.dumps(asdict(self)) + "\n"


@dataclass(frozen=True)
class Outcome:
    """How the last upload went."""

    name: str = ""
    url: str | None = None
    """Address of the commit; None where it failed."""
    reason: str = ""
    """Why it failed, as a sentence."""


class Inbox:
    """The newest order that waits; an older one that still waited goes, its snapshot with it."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._changed = Condition()
        self._waiting: Order | None = None
        self._ended = False
        Thread(target=self._read, args=(lines,), daemon=True).start()

    def _read(self, lines: Iterable[str]) -> None:
        for line in lines:
            order = Order(**json.loads(line))
            with self._changed:
                older, self._waiting = self._waiting, order
                self._changed.notify_all()
            if older is not None:
                discard(older)
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def next(self) -> Order | None:
        """The newest order, once there is one; None after the last."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting is not None or self._ended)
            order, self._waiting = self._waiting, None
            return order

    @property
    def holds_newer(self) -> bool:
        """Whether an order waits."""
        with self._changed:
            return self._waiting is not None


def work(
    inbox: Inbox,
    push: Callable[..., str] = push_checkpoint,
    backoff: Backoff = BACKOFF,
    sleep: Callable[[float], None] = time.sleep,
) -> Outcome:
    """Uploads until the orders end; returns how the last one went.

    Args:
        inbox: Where the orders come in.
        push: Uploads one snapshot and returns the commit's address.
        backoff: The retry policy.
        sleep: Lets this many seconds pass.
    """
    outcome, failures = Outcome(), 0
    while (order := inbox.next()) is not None:
        for attempt in range(1, backoff.tries + 1):
            outcome, error = upload(order, push)
            if error is None:
                failures = 0
                break
            failures += 1
            wait = backoff.wait_after(error, failures) if attempt < backoff.tries else None
            then = f"trying again in {wait:.0f} s" if wait is not None else "training goes on"
            logger.warning("push   %s was not pushed: %s; %s", order.name, outcome.reason, then)
            if wait is None:
                break
            sleep(wait)
            if inbox.holds_newer:  # which holds all that this one does
                discard(order)
                break
    return outcome


def upload(order: Order, push: Callable[..., str]) -> tuple[Outcome, Exception | None]:
    """One attempt: how it went, and the error where it failed. The snapshot goes when it is uploaded."""
    try:
        url = f"{order.repo_id} (its state)"
        if order.state != "push" or Path(order.folder, WEIGHTS_FILE).exists():
            url = push(
                order.folder,
                order.repo_id,
                private=order.private,
                revision=order.revision,
                commit_message=order.commit_message,
            )
        if order.state == "push":
            push_state(Path(order.folder, STATE), order.repo_id, order.revision)
        elif order.state == "drop":
            drop_state(order.repo_id, order.revision)
    except ResNetHubError as error:
        return Outcome(order.name, reason=str(error)), error
    except Exception as error:  # whatever it is, the run goes on and its next checkpoint is tried
        logger.debug("push of %s", order.name, exc_info=True)
        return Outcome(order.name, reason=f"the upload broke off ({type(error).__name__})"), error
    discard(order)
    logger.info("push   %s: %s", order.name, url)
    return Outcome(order.name, url=url), None


def discard(order: Order) -> None:
    """Removes the order's snapshot; a file that is in use elsewhere may stay."""
    shutil.rmtree(order.folder, ignore_errors=True)


def until_the_end(lines: Iterable[str], seconds: float) -> Iterator[str]:
    """The lines; after the last, this process has this many seconds left, also where nobody ends it."""
    yield from lines
    timer = Timer(seconds, os._exit, [1])
    timer.daemon = True
    timer.start()


def main(arguments: Sequence[str]) -> int:
    """The process, told how many seconds it may go on after the last order; returns its exit status."""
    if hasattr(os, "nice"):
        os.nice(10)  # on a CPU, training goes first
    log_printable_lines(force=False)
    logger.setLevel(logging.INFO)
    disable_progress_bars()
    # Its client tells of every commit that changes nothing, and what it thinks of the card.
    set_verbosity_error()  # type: ignore[no-untyped-call]
    warnings.simplefilter("ignore", UserWarning)
    outcome = work(Inbox(until_the_end(sys.stdin, float(arguments[0]))))
    sys.stdout.write(json.dumps(asdict(outcome)) + "\n")
    sys.stdout.flush()
    return 0

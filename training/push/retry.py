"""Retries with backoff: which errors of the Hub are transient, and how long to wait before the next attempt."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from resnet_hub.errors import ResNetHubError
from resnet_hub.hub import HTTP_ERROR

Result = TypeVar("Result")

# Timeouts, conflicts, rate limits and server errors.
TRANSIENT_STATUSES = (408, 409, 412, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Backoff:
    """Exponential backoff with jitter: attempts, and waits in seconds."""

    tries: int = 10
    """Attempts at one checkpoint, the first included: about five minutes with the waits below."""
    first: float = 2.0
    """The wait after one failure; it doubles with each further one."""
    longest: float = 60.0
    """Where the doubling ends."""
    most: float = 3600.0
    """Where an answer that asks for more is no longer heeded."""

    def wait_after(self, error: BaseException, failures: int) -> float | None:
        """Seconds to wait before the next attempt; None where another one would fail as well.

        Half of the wait is random, so that many runs do not come back at the same moment; Retry-After is kept in full.

        Args:
            error: What the push raised, with the client's error among its causes.
            failures: Failures in a row, this one included.

        Source: Brooker 2015, "Exponential Backoff And Jitter", the "equal jitter" variant.
        """
        if not is_transient(error):
            return None
        # The exponent is kept small, since a run may fail for days.
        wait = min(self.longest, self.first * 2.0 ** min(failures - 1, 30))
        jitter = wait * random.uniform(0.5, 1.0)
        asked = retry_after(error)
        return jitter if asked is None else min(self.most, asked) + min(jitter, 1.0)


def call_with_retries(
    action: Callable[[], Result], log_retry: Callable[[Exception, float], None], tries: int = 4
) -> Result:
    """Calls `action`, again after transient errors; returns its result, or raises its last error.

    Args:
        action: Asks the Hub for something.
        log_retry: Called with each transient error, and the wait in seconds.
        tries: Attempts, the first included.
    """
    backoff = Backoff(tries)
    for failures in range(1, tries):
        try:
            return action()
        except ResNetHubError as error:
            wait = backoff.wait_after(error, failures)
            if wait is None:
                raise
            log_retry(error, wait)
            time.sleep(wait)
    return action()


def is_transient(error: BaseException) -> bool:
    """Whether the same call may succeed later: a busy or broken Hub, a lost connection, someone else's commit."""
    for cause in _causes(error):
        response = getattr(cause, "response", None)
        if response is not None:
            return response.status_code in TRANSIENT_STATUSES
        # Timeouts, refused and broken connections; Xet raises the builtin one.
        if isinstance(cause, (HTTP_ERROR, ConnectionError, TimeoutError)):
            return True
    return False


def retry_after(error: BaseException) -> float | None:
    """Seconds that the answer asks to wait by Retry-After; None where it does not, or names a date."""
    for cause in _causes(error):
        headers: Any = getattr(getattr(cause, "response", None), "headers", {})
        asked = headers.get("Retry-After", "").strip()
        if asked.isascii() and asked.isdigit():
            return float(asked[:9])
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it came from, outermost first."""
    while error is not None:
        yield error
        error = error.__cause__

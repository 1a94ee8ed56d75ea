"""Looks for texts that a reader fails on, for as long as it is told: `python tests/fuzz --seconds 60 card CSV`."""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from growth import check_growth
from hypothesis import HealthCheck, given, settings
from readers import READERS, Reader, answered

ROUND = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


def fuzz(reader: Reader, seconds: float) -> int:
    """Tries texts until the time is over; returns how many rounds there were. Raises: what was found."""

    def grows(text: object) -> None:
        check_growth(lambda content: answered(reader, content), text, reader.characters)

    end, rounds = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        ROUND(given(reader.texts)(lambda content: answered(reader, content)))()
        ROUND(given(reader.growing)(grows))()
        rounds += 1
    return rounds


def main() -> int:
    """The exit status: 1 where a reader failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("readers", nargs="*", metavar="READER", help=f"of {', '.join(READERS)}; all where absent")
    parser.add_argument("--seconds", type=float, default=600, help="for each reader")
    given_flags = parser.parse_args()
    failed = 0
    for name in given_flags.readers or READERS:
        try:
            sys.stdout.write(f"{name}: {fuzz(READERS[name], given_flags.seconds)} rounds of 400 texts\n")
        except Exception:
            sys.stdout.write(f"{name}: failed\n{traceback.format_exc()}\n")
            failed += 1
        sys.stdout.flush()
    return min(1, failed)


if __name__ == "__main__":
    sys.exit(main())

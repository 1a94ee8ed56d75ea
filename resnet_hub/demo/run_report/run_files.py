"""Files of a run folder: regular ones inside it, of a bounded size; and the plain values in them."""

from __future__ import annotations

import json
import math
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resnet_hub.errors import CheckpointError

MAX_NAME = 300
"""Characters of a text that are looked at."""
# What a name cannot be waited for or led astray by: a pipe, and a link put there after it was looked at.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True)
class RunFolder:
    """A run folder, of which nothing outside is read, wherever its links lead."""

    path: Path

    def has(self, name: str) -> bool:
        """Whether something of this name is there."""
        return os.path.lexists(self.path / name)

    def read(self, name: str, most: int) -> bytes:
        """The content of a file of at most so many bytes, by its path in the folder.

        Raises:
            CheckpointError: It is missing, larger, no regular file, or leads out of the folder.
        """
        try:
            root = self.path.resolve(strict=True)
            file = (root / name).resolve(strict=True)
            if not file.is_relative_to(root):
                raise CheckpointError("run_report.outside", file=name[:MAX_NAME])
            descriptor = os.open(file, _FLAGS)
            with os.fdopen(descriptor, "rb") as opened:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise CheckpointError("run_report.no_file", file=name[:MAX_NAME])
                content = opened.read(most + 1)
        except FileNotFoundError as error:
            raise CheckpointError("run_report.missing", file=name[:MAX_NAME]) from error
        except CheckpointError:
            raise
        except IsADirectoryError as error:
            raise CheckpointError("run_report.no_file", file=name[:MAX_NAME]) from error
        except (OSError, RuntimeError, ValueError) as error:  # links in a circle, a name with a NUL
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise CheckpointError("run_report.unreadable", file=name[:MAX_NAME], reason=reason) from error
        if len(content) > most:
            raise CheckpointError("run_report.large", file=name[:MAX_NAME], most=most / 1e6)
        return content

    def state(self, name: str) -> tuple[int, int] | None:
        """What changes when a file is written again: the time of that, and its size; None where it is missing."""
        try:
            found = (self.path / name).stat()
        except (OSError, ValueError):
            return None
        return found.st_mtime_ns, found.st_size


def json_object(content: bytes, file: str) -> dict[str, Any]:
    """The object that a file holds. Raises: CheckpointError where it is torn, or anything else."""
    try:
        values = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise CheckpointError("run_report.torn", file=file) from error
    if not isinstance(values, dict):
        raise CheckpointError("run_report.other_form", file=file)
    return values


def part_of(values: object, *names: str) -> Any:
    """What stands under these names, one inside the other; None where it does not."""
    for name in names:
        values = values.get(name) if isinstance(values, dict) else None
    return values


def number(value: object) -> float | None:
    """A finite number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def share(value: object) -> float | None:
    """A number from 0 to 1; None for anything else."""
    found = number(value)
    return found if found is not None and 0 <= found <= 1 else None


def count(value: object, most: int = 10**12) -> int | None:
    """A whole number from 0 to `most`; None for anything else."""
    found = number(value)
    return int(found) if found is not None and 0 <= found <= most and found == int(found) else None


def line(value: object) -> str | None:
    """A text as one bounded line without control characters; None for anything else, and for an empty one."""
    if not isinstance(value, str):
        return None
    cut = value[:MAX_NAME] + ("…" if len(value) > MAX_NAME else "")
    return " ".join("".join(letter if letter.isprintable() else " " for letter in cut).split()) or None

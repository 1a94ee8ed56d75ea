"""What rows of `make bench` took before on this machine, so that one that has become slower is seen."""

from __future__ import annotations

import json
import os
import platform
import statistics
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

SLOWER = 1.1
"""How many times its former share of the peer's time a row may take."""
LAST = 10
"""Measurements that a row is compared with."""


class History:
    """Rows in a file of JSON lines. Compared is the share of the peer's time, which other work moves less."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def add(self, name: str, mine: float, peer: float) -> str | None:
        """Adds a measurement, in milliseconds; returns what is to be said where it is slower than those before."""
        here = {"row": name, "machine": platform.processor() or platform.machine(), "cores": os.cpu_count()}
        before = [row for row in self._rows() if all(row[key] == value for key, value in here.items())][-LAST:]
        measured = {**here, "date": str(date.today()), "ms": mine, "peer_ms": peer}
        measured |= {f"{package}_version": version(package) for package in ("torch", "timm")}
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a") as lines:
            lines.write(json.dumps(measured) + "\n")
        if not before:
            return None
        usual = statistics.median(row["ms"] / row["peer_ms"] for row in before)
        grown = mine / peer / usual
        if grown <= SLOWER:
            return None
        return (
            f"slower: {name} takes {mine / peer:.2f} of timm's time, {grown - 1:.0%} more than the {usual:.2f} of "
            f"{len(before)} measured since {before[0]['date']} ({self.file})"
        )

    def _rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.file.read_text().splitlines()] if self.file.is_file() else []

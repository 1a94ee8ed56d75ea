"""`Ledger`: every file below a dataset and every row of its tables, used or left out, with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from resnet_hub.cli import printable
from resnet_hub.errors import Phrase

Unit = Literal["files", "rows"]
FIRST = 3
"""Names that a line spells out."""
RECORDED = 1000
"""Names of one reason that a record holds."""


@dataclass(frozen=True)
class LeftOut:
    """What was left out for one reason."""

    unit: Unit
    reason: Phrase
    count: int
    names: tuple[str, ...]
    """The first of them, at most `RECORDED`."""


class Ledger:
    """The account of a dataset: files and rows that were seen, what became of each, and what was decided on the way.

    A file of an image in a class folder is a row too: `files` is about the folder, `rows` about what is learned from.
    """

    def __init__(self, root: str = "") -> None:
        self.root = root
        """The dataset's folder; names are told from there on."""
        self.seen: Counter[Unit] = Counter()
        self.roles: Counter[str] = Counter()
        """Files that are used, by what they are: "image", "table", "card"."""
        self.used: dict[str, dict[str, int]] = {}
        """Rows that are used: split -> class -> images. A row of several classes, or of numbers, counts under "all"."""
        self.decisions: list[Phrase] = []
        """What was chosen among readings, with the way to choose otherwise: a line each."""
        self._told = 0
        self.corrected = 0
        """Rows that are used with another target than the dataset gives them."""
        self._left_out: dict[tuple[Unit, str], LeftOut] = {}

    def see(self, unit: Unit, count: int = 1) -> None:
        """Counts files below the dataset's folder, or rows of its tables, whatever becomes of them."""
        self.seen[unit] += count

    def use_files(self, role: str, count: int = 1) -> None:
        """Counts files that are used as images, tables or the dataset's card."""
        if count:
            self.roles[role] += count

    def use_rows(self, split: str, classes: Mapping[str, int]) -> None:
        """Says how many images of each class a split has in the end."""
        self.used[split] = dict(classes)

    def decide(self, decision: Phrase) -> None:
        """Notes a choice that the dataset did not force."""
        self.decisions.append(decision)

    def untold(self) -> list[Phrase]:
        """The decisions since this was last asked."""
        new, self._told = self.decisions[self._told :], len(self.decisions)
        return new

    def leave_out(self, unit: Unit, reason: Phrase, names: Iterable[str], count: int | None = None) -> None:
        """Notes files or rows that are not used, by name, under their reason; equal reasons are added up.

        Args:
            unit: Files or rows.
            reason: Why.
            names: All of them, or the first `RECORDED`.
            count: How many there are, where they are not all named.
        """
        names = [printable(name.replace(f"{self.root}/", "") if self.root else name) for name in names]
        count = len(names) if count is None else count
        if not count:
            return
        key = (unit, str(reason))
        before = self._left_out.get(key, LeftOut(unit, reason, 0, ()))
        kept = (*before.names, *names[: RECORDED - len(before.names)])
        self._left_out[key] = LeftOut(unit, reason, before.count + count, kept)

    @property
    def left_out(self) -> list[LeftOut]:
        """What was left out, the most frequent reason first."""
        return sorted(self._left_out.values(), key=lambda entry: -entry.count)

    def unaccounted(self) -> dict[Unit, int]:
        """Files and rows that were seen and of which nothing is said; zeros where the account is complete."""
        gone = Counter(dict.fromkeys(("files", "rows"), 0))
        for entry in self._left_out.values():
            gone[entry.unit] += entry.count
        used: dict[Unit, int] = {
            "files": sum(self.roles.values()),
            "rows": sum(sum(classes.values()) for classes in self.used.values()),
        }
        return {unit: self.seen[unit] - used[unit] - gone[unit] for unit in used}

    def lines(self, shown: int = FIRST) -> list[Phrase]:
        """A few lines for a terminal: what was decided, and a line for each reason with the first names."""
        return [*self.decisions, *self.left_out_lines(shown=shown)]

    def left_out_lines(self, unit: Unit | None = None, shown: int = FIRST) -> list[Phrase]:
        """A line for each reason why files or rows, or those of one unit, were left out, with the first names."""
        return [_line(entry, self.seen[entry.unit], shown) for entry in self.left_out if unit in (None, entry.unit)]

    def account_lines(self) -> list[str]:
        """The whole account for a terminal: what was seen, what is used, and what is not, a name in each line."""
        used = {"files": sum(self.roles.values()), "rows": sum(sum(one.values()) for one in self.used.values())}
        lines = [
            printable(str(Phrase("ledger.account_files", seen=f"{self.seen['files']:,}", used=f"{used['files']:,}"))),
            printable(str(Phrase("ledger.account_rows", seen=f"{self.seen['rows']:,}", used=f"{used['rows']:,}"))),
        ]
        for entry in self.left_out:
            lines.append(printable(str(_line(entry, self.seen[entry.unit], 0))))
            lines += [f"  {printable(name)}" for name in entry.names]
            lines += ["  ..."] if entry.count > len(entry.names) else []
        return lines

    def summary(self) -> str | None:
        """What was left out or corrected, as in "2 of 14 files, 1 of 12 rows, 3 labels corrected"; None for nothing."""
        gone = Counter[Unit]()
        for entry in self._left_out.values():
            gone[entry.unit] += entry.count
        units: tuple[Unit, ...] = ("files", "rows")
        texts = [f"{gone[unit]:,} of {self.seen[unit]:,} {unit}" for unit in units if gone[unit]]
        texts += [f"{self.corrected:,} labels corrected"] if self.corrected else []
        return ", ".join(texts) or None

    def record(self) -> dict[str, Any]:
        """The whole account, as JSON values: of each reason at most `RECORDED` names."""
        return {
            "files": {"seen": self.seen["files"], "used": dict(self.roles)},
            "rows": {"seen": self.seen["rows"], "used": self.used, "corrected": self.corrected},
            "decisions": [str(decision) for decision in self.decisions],
            "left_out": [
                {"unit": entry.unit, "reason": str(entry.reason), "count": entry.count, "names": list(entry.names)}
                for entry in self.left_out
            ],
        }


def _line(entry: LeftOut, seen: int, shown: int) -> Phrase:
    names = ", ".join(f"'{name}'" for name in entry.names[:shown]) + (", ..." if entry.count > shown > 0 else "")
    return Phrase(
        "ledger.left_out_files" if entry.unit == "files" else "ledger.left_out_rows",
        count=f"{entry.count:,}",
        seen=f"{seen:,}",
        reason=entry.reason,
        names=names or "...",
    )

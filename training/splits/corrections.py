"""`--labels FILE`: the corrections of a label CSV -> splits with other targets, or without some images."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from resnet_hub.checks import nearest
from resnet_hub.errors import DataError, Phrase

from ..layouts import Ledger
from ..targets import Target
from .label_rows import LabelRow, read_label_rows
from .split import Split

DROP = "<drop>"
"""The correction that leaves an image out."""
NO_CLASSES = "<none>"
"""Several classes of which an image has none."""
DIVIDER = " | "
"""Between several classes, and between the numbers of a regression."""


def corrected(
    splits: Mapping[str, Split], target: Target, file: str | None, ledger: Ledger, *, whole: bool = True
) -> dict[str, Split]:
    """The splits as the file corrects them, with what was changed in the ledger; the dataset's files stay.

    Args:
        splits: By name, with the digests of their images.
        target: The task and the names of the outputs.
        file: Of label rows; None where there is none.
        ledger: Gets a line on what was corrected, and the images that are left out.
        whole: Whether these are all splits, so that a row which fits none of their images is a mistake.

    Raises:
        DataError: The file is no table of labels, or a row fits no image, names no class, or contradicts another.
    """
    if file is None:
        return dict(splits)
    rows = read_label_rows(file)
    chosen: dict[tuple[str, int], LabelRow] = {}
    for row, places in zip(rows, _places(splits, rows, target), strict=True):
        if not places and whole:
            raise DataError("corrections.no_such_image", file=file, line=row.line, image=row.file or row.label)
        for place in places:
            other = chosen.setdefault(place, row)
            if other.correction != row.correction:
                raise DataError("corrections.contradiction", file=file, line=row.line, other=other.line)
    by_split: dict[str, dict[int, LabelRow]] = defaultdict(dict)
    for (name, index), row in chosen.items():
        by_split[name][index] = row
    found = dict(splits)
    changed = dropped = 0
    for name, wanted in by_split.items():
        found[name], relabeled, left_out = _correct(splits[name], wanted, target, file)
        changed += relabeled
        dropped += len(left_out)
        ledger.leave_out("rows", Phrase("ledger.dropped_by_labels"), left_out)
        if not len(found[name]):
            raise DataError("corrections.nothing_left", file=file, split=name)
    ledger.corrected += changed
    ledger.decide(Phrase("ledger.corrected", file=file, changed=f"{changed:,}", dropped=f"{dropped:,}"))
    return found


def _places(splits: Mapping[str, Split], rows: Sequence[LabelRow], target: Target) -> list[list[tuple[str, int]]]:
    """Where the image of each row is: split and index, of several equal images that of the same name or label."""
    names = list(splits)
    digests = np.concatenate([_digests(split) for split in splits.values()])
    starts = np.cumsum([0, *(len(split) for split in splits.values())])
    order = np.argsort(digests, kind="stable")
    wanted = np.array([row.digest for row in rows], np.uint64)
    first, last = (np.searchsorted(digests[order], wanted, side) for side in ("left", "right"))
    found = []
    for row, low, high in zip(rows, first, last, strict=True):
        numbers = order[low:high]
        which = np.searchsorted(starts, numbers, "right") - 1
        places = [(names[part], int(number - starts[part])) for part, number in zip(which, numbers, strict=True)]
        found.append(_meant(places, row, splits, target) if len(places) > 1 else places)
    return found


def _digests(split: Split) -> np.ndarray:
    if split.digests is None:
        raise DataError("corrections.unchecked", split=split.name)
    return split.digests


def _meant(
    places: list[tuple[str, int]], row: LabelRow, splits: Mapping[str, Split], target: Target
) -> list[tuple[str, int]]:
    """Of several equal images those that a row is about: by name, else by the label that they had."""
    named = [place for place in places if _is_named(splits[place[0]].image(place[1])[1], row.file)]
    return named or [
        place
        for place in places
        if format_target(splits[place[0]].labels[place[1]], target.names, target.task) == row.label
    ]


def _is_named(name: str, file: str) -> bool:
    return bool(file) and (name == file or name.endswith(f"/{file}"))


def _correct(split: Split, wanted: Mapping[int, LabelRow], target: Target, file: str) -> tuple[Split, int, list[str]]:
    """The split with these rows corrected, how many got another target, and the names of those left out."""
    labels, kept = split.labels.copy(), np.ones(len(split), bool)
    for index, row in wanted.items():
        if row.correction == DROP:
            kept[index] = False
            continue
        new, old = parse_target(row.correction, target, file, row.line), split.labels[index]
        label, wished = (format_target(value, target.names, target.task) for value in (old, new))
        if label not in (row.label, wished):
            raise DataError("corrections.other_label", file=file, line=row.line, label=label, given=row.label)
        labels[index] = new
    changed = np.flatnonzero((labels != split.labels).reshape(len(labels), -1).any(1) & kept)
    left_out = [split.image(int(index))[1] for index in np.flatnonzero(~kept)]
    relabeled = replace(split, labels=labels)
    return (relabeled if kept.all() else relabeled.select(np.flatnonzero(kept))), len(changed), left_out


def format_target(value: Any, names: tuple[str, ...], task: str) -> str:
    """A target as a label file says it; `parse_target` reads it again."""
    if task == "single_label":
        return names[int(value)]
    if task == "multi_label":
        return DIVIDER.join(names[number] for number in np.flatnonzero(value)) or NO_CLASSES
    return DIVIDER.join(f"{number:.6g}" for number in value)


def parse_target(text: str, target: Target, file: str, line: int) -> np.ndarray:
    """The target that a label file says, in the form of `Split.labels`. Raises: DataError naming the line."""
    if target.task == "single_label":
        return np.int64(_class_meant(text, target.names, file, line))  # type: ignore[return-value]  # a scalar
    found = np.zeros(len(target.names), np.float32)
    if target.task == "multi_label":
        for part in () if text == NO_CLASSES else text.split(DIVIDER.strip()):
            found[_class_meant(part.strip(), target.names, file, line)] = 1
        return found
    parts = text.split(DIVIDER.strip())
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) != len(found) or not all(map(math.isfinite, numbers)):
        raise DataError("corrections.no_numbers", file=file, line=line, text=text[:80], count=len(found))
    found[:] = numbers
    return found


def _class_meant(text: str, names: tuple[str, ...], file: str, line: int) -> int:
    """The number of a class, also where a spreadsheet has written TRUE for true, or 7 for 007, and nothing else fits.

    Raises:
        DataError: There is no such class.
    """
    if text in names:
        return names.index(text)
    for form in (str.casefold, _as_number):
        meant = [number for number, name in enumerate(names) if form(name.strip()) == form(text)]
        if len(meant) == 1:
            return meant[0]
    raise DataError(
        "corrections.unknown_class", file=file, line=line, text=text[:80], nearest=nearest(text[:80], names), drop=DROP
    )


def _as_number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text

"""What a check found -> its folder: check.json for programs, labels.csv to edit, sheets to look at; and a few lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from resnet_hub.checkpoint import write_atomically
from resnet_hub.cli import printable
from resnet_hub.errors import Phrase, TrainingError

from ..run import cut_name, draw_sheet
from ..splits import label_text
from .findings import Findings

RECORD_FILE, LABELS_FILE = "check.json", "labels.csv"
LABELS_SHEET, TWINS_SHEET, QUALITY_SHEET = "labels.png", "duplicates.png", "quality.png"
SHEET = 48
"""Images on a sheet."""
NAMED = 3
"""Images that a line names."""
CHANNELS = 3


def write_report(found: Findings, folder: Path) -> list[Path]:
    """Writes all that was found into a folder; returns the files. Raises: TrainingError where it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in (LABELS_FILE, LABELS_SHEET, TWINS_SHEET, QUALITY_SHEET):  # of an earlier check
            (folder / name).unlink(missing_ok=True)
        record = json.dumps(found.record(), indent=2)
        write_atomically(folder / RECORD_FILE, lambda file: file.write_text(record + "\n", "utf-8"))
        files = [folder / RECORD_FILE]
        if found.label_rows:
            table = label_text(found.label_rows)
            # With the mark by which Excel knows UTF-8.
            write_atomically(folder / LABELS_FILE, lambda file: file.write_text(table, "utf-8-sig"))
            files.append(folder / LABELS_FILE)
        sheets = ((LABELS_SHEET, _suspects(found)), (TWINS_SHEET, _twins(found)), (QUALITY_SHEET, _poor(found)))
        for name, captions in sheets:
            if shown := list(islice(captions, SHEET)):
                files.append(_draw(found, shown, folder / name))
    except OSError as error:
        raise TrainingError("doctor.unwritable", folder=str(folder), reason=error.strerror or str(error)) from error
    return files


Caption = tuple[int, tuple[str, ...]]
"""The number of an image, and the lines above it."""


def _suspects(found: Findings) -> Iterable[Caption]:
    if found.judgement is not None:
        for number, row in zip(found.judgement.suspects.rows, found.label_rows, strict=True):
            yield number, (row.label, f"-> {row.suggested} {row.confidence}", row.file)


def _twins(found: Findings) -> Iterable[Caption]:
    for count, group in enumerate([*found.near, *found.equal], 1):
        for number in group:
            split, _ = found.pool.place(number)
            yield number, (f"group {count}, {split.name}", found.target(number), found.file(number))


def _poor(found: Findings) -> Iterable[Caption]:
    for flag, numbers in found.flagged().items():
        for number in numbers[: SHEET // len(found.flagged())]:
            yield number, (flag, found.target(number), found.file(number))


def _draw(found: Findings, captions: Sequence[Caption], file: Path) -> Path:
    images = []
    for number, words in captions:
        split, index = found.pool.place(number)
        images.append((*split.image(index), "\n".join(map(cut_name, words))))
    return draw_sheet(file, images, CHANNELS)


def lines(found: Findings) -> list[str]:
    """What was found, in a few lines for a terminal; names are strangers' text, so they are escaped.

    What loading a dataset says anyway is not repeated: images that cannot be decoded, of little use, or in two splits.
    """
    said = []
    if groups := found.equal:
        said.append(Phrase("doctor.equal", count=f"{len(groups):,}", names=_names(found, groups[0])))
    if groups := found.near:
        said.append(Phrase("doctor.near", count=f"{len(groups):,}", names=_names(found, groups[0])))
    if groups := found.unlike:
        said.append(Phrase("doctor.equal_unlike", count=f"{len(groups):,}", names=_names(found, groups[0])))
    if judged := found.judgement:
        if judged.unjudged:
            rare = [repr(found.data.label_names[number]) for number in judged.unjudged[:NAMED]]
            names = ", ".join(rare) + (", ..." if len(judged.unjudged) > NAMED else "")
            said.append(Phrase("doctor.unjudged", count=f"{len(judged.unjudged):,}", names=names))
        count, rows = f"{judged.judged:,}", found.label_rows
        first = "; ".join(f"{row.file!r}: {row.label} -> {row.suggested}" for row in rows[:NAMED])
        if rows:
            said.append(Phrase("doctor.suspects", count=f"{len(rows):,}", judged=count, names=first))
        elif judged.judged:
            said.append(Phrase("doctor.no_suspects", judged=count))
    return [printable(str(phrase)) for phrase in said]


def _names(found: Findings, group: np.ndarray) -> str:
    """The names of the first images of a group."""
    return " = ".join(repr(found.file(number)) for number in group[:NAMED])

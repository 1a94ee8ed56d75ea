"""Answers -> lines, CSV, JSON or parquet, each written as it comes."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resnet_hub.checkpoint import write_atomically
from resnet_hub.csv_table import csv_lines
from resnet_hub.errors import ConfigError
from resnet_hub.extras import MissingExtraError

from .tally import Names
from .terminal import answer_lines

if TYPE_CHECKING:
    from .answers import Answer

Write = Callable[[str], object]
CSV_HEADER = ("file", "rank", "label", "index", "score", "problem")
VALUES_IN_MEMORY = 2**18
"""Scores that wait to be written to a parquet file."""


def write_lines(answers: Iterable[Answer], write: Write) -> None:
    """For people: the file, and a line for each class; nothing of what cannot be read."""
    for answer in answers:
        if answer.problem is None:
            write("".join(f"{line}\n" for line in answer_lines(answer.file, answer.predictions)))


def write_csv(answers: Iterable[Answer], write: Write, shown: Callable[[str], str] = str) -> None:
    """A line for each class of each image, and one for an image that cannot be read; names are `shown` so."""

    def rows() -> Iterator[tuple[object, ...]]:
        yield CSV_HEADER
        for answer in answers:
            file = shown(answer.file)
            if answer.problem is not None:
                yield file, None, None, None, None, shown(str(answer.problem))
            for rank, one in enumerate(answer.predictions, start=1):
                yield file, rank, shown(one.label), one.index, round(one.score, 6), None

    for line in csv_lines(rows()):
        write(line)


def write_json(answers: Iterable[Answer], write: Write) -> None:
    """A list with an object for each image, which is complete when the last one is written."""
    between = "[\n"
    for answer in answers:
        problem = None if answer.problem is None else str(answer.problem)
        values = {"file": answer.file, "predictions": [asdict(one) for one in answer.predictions], "problem": problem}
        # json escapes all but printable ASCII by itself, so no text in it can hold terminal escape sequences.
        write(between + textwrap.indent(json.dumps(values, indent=2), "  "))
        between = ",\n"
    write("[]\n" if between == "[\n" else "\n]\n")


def check_parquet(file: str) -> None:
    """Finds out before any work whether the table can be written.

    Raises:
        ConfigError: It is not called like one, or there is something already.
        MissingExtraError: pyarrow is not installed.
    """
    if not file.endswith(".parquet"):
        raise ConfigError("cli.no_parquet", file=file)
    if find_spec("pyarrow") is None:
        raise MissingExtraError("install.parquet")
    try:
        taken = Path(file).exists()
    except OSError as error:
        raise _unwritable(file, error) from error
    if taken:
        raise ConfigError("cli.parquet_taken", file=file)


def write_parquet(answers: Iterable[Answer], file: str) -> Names:
    """A row for each image, with the columns of `training.predict`; returns the names that are no UTF-8.

    Parquet holds UTF-8 only, so that the bytes of such a name that are none are written as escapes.

    Raises:
        ConfigError: The file cannot be written.
    """
    escaped = Names()
    try:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(Path(file), lambda temporary: _write_rows(answers, temporary, escaped))
    except OSError as error:
        raise _unwritable(file, error) from error
    return escaped


def unfinished(file: str) -> str:
    """How the name begins under which `write_parquet` writes until the table is complete."""
    return f".{Path(file).name}."


def _write_rows(answers: Iterable[Answer], file: Path, escaped: Names) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    ranked = pa.list_(pa.string()), pa.list_(pa.float32())
    columns = [("row", pa.int64()), ("file", pa.string()), ("label", pa.string()), ("index", pa.int32())]
    columns += [("score", pa.float32()), ("top_labels", ranked[0]), ("top_scores", ranked[1]), ("problem", pa.string())]
    schema = pa.schema(columns)
    rows: list[dict[str, Any]] = []
    values = 0
    with pq.ParquetWriter(file, schema) as table:
        for number, answer in enumerate(answers):
            rows.append(_row(number, answer, escaped))
            values += 1 + len(answer.predictions)
            if values > VALUES_IN_MEMORY:
                table.write_table(pa.Table.from_pylist(rows, schema))
                rows, values = [], 0
        table.write_table(pa.Table.from_pylist(rows, schema))


def _row(number: int, answer: Answer, escaped: Names) -> dict[str, Any]:
    """The row of an image; what it does not name is null."""
    file = answer.file.encode("utf-8", "backslashreplace").decode("utf-8")
    if file != answer.file:
        escaped.add(file)
    row: dict[str, Any] = {"row": number, "file": file}
    if answer.problem is not None:
        return row | {"problem": str(answer.problem)}
    best = answer.predictions[0]
    return row | {
        **{"label": best.label, "index": best.index, "score": best.score},
        "top_labels": [one.label for one in answer.predictions],
        "top_scores": [one.score for one in answer.predictions],
    }


def _unwritable(file: str, error: OSError) -> ConfigError:
    return ConfigError("cli.unwritable", file=file, reason=error.strerror or str(error))

"""Answers and features -> lines, CSV, JSON or parquet, each written as it comes."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resnet_hub.checkpoint import write_atomically
from resnet_hub.cli.inference.tally import Found, Names
from resnet_hub.cli.terminal import answer_lines
from resnet_hub.csv_table import csv_lines
from resnet_hub.errors import ConfigError
from resnet_hub.imports import MissingExtraError

if TYPE_CHECKING:
    from resnet_hub.cli.inference.answers import Answer, Embedding

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

    Raises:
        ConfigError: The file cannot be written.
    """
    import pyarrow as pa

    columns: list[tuple[str, Any]] = [("label", pa.string()), ("index", pa.int32()), ("score", pa.float32())]
    columns += [("top_labels", pa.list_(pa.string())), ("top_scores", pa.list_(pa.float32()))]
    return _write_table(((one, _named(one), 1 + len(one.predictions)) for one in answers), columns, file)


def write_embeddings_parquet(embeddings: Iterable[Embedding], width: int, file: str) -> Names:
    """A row for each image, with its `width` features as a list of float32; returns the names that are no UTF-8.

    Raises:
        ConfigError: The file cannot be written.
    """
    import pyarrow as pa

    def row(one: Embedding) -> tuple[Embedding, dict[str, Any], int]:
        return one, {"embedding": None if one.features is None else one.features}, width

    return _write_table(map(row, embeddings), [("embedding", pa.list_(pa.float32(), width))], file)


def write_embeddings_csv(
    embeddings: Iterable[Embedding], width: int, write: Write, shown: Callable[[str], str] = str
) -> None:
    """A line for each image with a column for each feature, empty where it cannot be read; names are `shown` so."""

    def rows() -> Iterator[Sequence[object]]:
        yield ["file", "problem", *(f"f{index}" for index in range(width))]
        for one in embeddings:
            problem = None if one.problem is None else shown(str(one.problem))
            # As few digits as tell a float32 from its neighbors; as numbers, for a text that begins with - is escaped.
            values = [None] * width if one.features is None else [float(str(value)) for value in one.features]
            yield [shown(one.file), problem, *values]

    for line in csv_lines(rows()):
        write(line)


def unfinished(file: str) -> str:
    """How the name begins under which `write_parquet` writes until the table is complete."""
    return f".{Path(file).name}."


def _write_table(rows: Iterable[tuple[Found, dict[str, Any], int]], columns: list[tuple[str, Any]], file: str) -> Names:
    """Writes rows of an image, its columns and how many values they have; returns the names that are no UTF-8.

    Parquet holds UTF-8 only, so that the bytes of such a name that are none are written as escapes.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    escaped = Names()
    schema = pa.schema([("row", pa.int64()), ("file", pa.string()), *columns, ("problem", pa.string())])

    def write(temporary: Path) -> None:
        waiting: list[dict[str, Any]] = []
        values = 0
        with pq.ParquetWriter(temporary, schema) as table:
            for number, (one, cells, count) in enumerate(rows):
                problem = None if one.problem is None else str(one.problem)
                waiting.append({"row": number, "file": _utf8(one.file, escaped), **cells, "problem": problem})
                values += count
                if values > VALUES_IN_MEMORY:
                    table.write_table(pa.Table.from_pylist(waiting, schema))
                    waiting, values = [], 0
            table.write_table(pa.Table.from_pylist(waiting, schema))

    try:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(Path(file), write)
    except OSError as error:
        raise _unwritable(file, error) from error
    return escaped


def _utf8(file: str, escaped: Names) -> str:
    written = file.encode("utf-8", "backslashreplace").decode("utf-8")
    if written != file:
        escaped.add(written)
    return written


def _named(answer: Answer) -> dict[str, Any]:
    """The columns of an image's classes; what it does not name is null."""
    if answer.problem is not None:
        return {}
    best = answer.predictions[0]
    return {
        **{"label": best.label, "index": best.index, "score": best.score},
        "top_labels": [one.label for one in answer.predictions],
        "top_scores": [one.score for one in answer.predictions],
    }


def _unwritable(file: str, error: OSError) -> ConfigError:
    return ConfigError("cli.unwritable", file=file, reason=error.strerror or str(error))

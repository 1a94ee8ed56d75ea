"""Plain lines for a terminal or a file: tables, facts, predictions; terminal escape sequences are escaped."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from resnet_hub.terminal import printable as printable

if TYPE_CHECKING:
    from resnet_hub.classifier import Prediction

Values = Mapping[str, Any]
NOTHING = "-"
NAMES_SHOWN = 12
"""Class names that the facts of a network write out."""


def architecture_lines(rows: Sequence[Values]) -> list[str]:
    """The table of `catalog.architecture_rows`."""
    headers = ("name", "params M", "GMACs", "acts M", "at px", "layers", "tags", "default", "license", "top-1")
    cells = [
        (
            row["architecture"],
            f"{row['parameters'] / 1e6:.2f}",
            f"{row['gmacs']:.2f}",
            f"{row['mega_activations']:.2f}",
            str(row["size"]),
            str(row["layers"]),
            str(row["tags"]),
            row["default_tag"] or NOTHING,
            row["terms"],
            _percent(row["top1"]),
        )
        for row in rows
    ]
    return _table(headers, cells, texts={"name", "default", "license"})


def tag_lines(rows: Sequence[Values]) -> list[str]:
    """The table of `catalog.tag_rows`."""
    headers = ("name", "px", "top-1", "test px", "test top-1", "classes", "license")
    cells = [
        (
            row["name"],
            str(row["size"]),
            _percent(row["top1"]),
            str(row["test_size"]),
            _percent(row["test_top1"]),
            str(row["num_classes"]),
            row["terms"],
        )
        for row in rows
    ]
    return _table(headers, cells, texts={"name", "license"})


def facts_lines(facts: Values) -> list[str]:
    """The page of `facts.network_facts`."""
    costs = [
        f"{cost['gmacs']:.2f} GMACs, {cost['mega_activations']:.2f} M activations at {_size(cost['input_size'])}"
        for cost in facts["complexity"]
    ]
    levels = [
        f"{level['module']} {level['channels']} channels at 1/{level['reduction']}" for level in facts["features"]
    ]
    told = {key: _words(value) for key, value in facts["weights"].items() if value not in (None, {})}
    pairs = {
        "network": facts["architecture"],
        "parameters": f"{facts['parameters'] / 1e6:.2f} M",
        "cost": "; ".join(costs),
        "depth": f"{facts['layers']} layers; blocks in each stage: {', '.join(map(str, facts['stages']))}",
        "features": ", ".join(levels),
        "input": facts["preprocessing_in_words"],
        "classes": _classes(facts["num_classes"], facts["label_names"]),
        **{key.replace("_", " "): words for key, words in told.items()},
    }
    width = max(map(len, pairs))
    lines = [facts["source"], *(f"  {key:<{width}}  {words}" for key, words in pairs.items())]
    if facts["tags"]:
        lines += ["", "published weights", *(f"  {line}" for line in tag_lines(facts["tags"]))]
    return [printable(line) for line in lines]


def answer_lines(file: str, predictions: Sequence[Prediction]) -> list[str]:
    """An image's name and its ranked classes."""
    return [
        printable(file),
        *(f"  {100 * prediction.score:6.2f}%  {printable(prediction.label)}" for prediction in predictions),
    ]


def _table(headers: Sequence[str], cells: Sequence[Sequence[str]], *, texts: Collection[str]) -> list[str]:
    """Aligned columns: texts to the left, numbers to the right."""
    rows = [headers, *cells]
    widths = [max(len(row[column]) for row in rows) for column in range(len(headers))]

    def line(row: Sequence[str]) -> str:
        padded = (
            cell.ljust(width) if header in texts else cell.rjust(width)
            for header, cell, width in zip(headers, row, widths, strict=True)
        )
        return "  ".join(padded).rstrip()

    return [line(row) for row in rows]


def _size(input_size: Sequence[int]) -> str:
    return f"{input_size[2]} x {input_size[1]} px"


def _percent(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.2f}"


def _classes(count: int, names: Sequence[str] | None) -> str:
    if names is None:
        return str(count)
    rest = len(names) - NAMES_SHOWN
    return f"{count}: {', '.join(names[:NAMES_SHOWN])}" + (f", and {rest} more" if rest > 0 else "")


def _words(value: Any) -> str:
    """Text as it is; measured numbers as "top1 0.9346, loss 0.2"."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_words(one)}" for key, one in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)

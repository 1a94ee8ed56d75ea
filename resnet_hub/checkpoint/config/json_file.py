"""A JSON file of a stranger's -> the one object in it, where all readers would read the same."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from resnet_hub.checkpoint.config.format import MAX_CONFIG_BYTES
from resnet_hub.checkpoint.config.json_faults import json_fault
from resnet_hub.errors import CheckpointError


def read_json(file: Path) -> dict[str, Any]:
    """The one JSON object of a file. Raises: CheckpointError when it is too large, or is anything else."""
    size = file.stat().st_size
    if size > MAX_CONFIG_BYTES:
        raise CheckpointError("checkpoint.file_too_large", file=str(file), size=size, most=MAX_CONFIG_BYTES)
    content = file.read_bytes()
    try:
        text = content.decode("utf-8-sig")  # some editors of Windows begin a file with a byte order mark
        values = json.loads(text, object_pairs_hook=_unique, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError) as error:
        fault = json_fault(error, content)
        raise CheckpointError("checkpoint.invalid_json", file=str(file), error=fault) from error
    if not isinstance(values, dict):
        raise CheckpointError("checkpoint.no_json_object", file=str(file))
    return values


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object with these members. Raises: CheckpointError where two have one name, of which readers take either."""
    values = dict(pairs)
    if len(values) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise CheckpointError("checkpoint.key_twice", key=twice[:80])
    return values


def _finite(text: str) -> float:
    """The number. Raises: CheckpointError for NaN, and for what is beyond the largest number."""
    if not math.isfinite(number := float(text)):
        raise CheckpointError("checkpoint.no_finite_number", number=text[:80])
    return number

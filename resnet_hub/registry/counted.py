"""The size and cost of the architectures that no table publishes, so that listing them counts nothing.

`counted.json` beside this file holds what `models.complexity` counts at the architecture's usual input.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

COUNTED = Path(__file__).with_name("counted.json")


@dataclass(frozen=True)
class CountedCost:
    """What one image costs an architecture; the fields are those of `models.Complexity`."""

    parameters: int
    layers: int
    macs: int
    activations: int


def counted_cost(name: str) -> CountedCost | None:
    """The cost of an architecture at its usual input; None where it is published, or was not counted yet."""
    return _counted().get(name)


@cache
def _counted() -> Mapping[str, CountedCost]:
    return {name: CountedCost(**values) for name, values in json.loads(COUNTED.read_text("utf-8")).items()}

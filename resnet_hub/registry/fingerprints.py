"""Which architectures have tensors of given names and shapes, so that a bare weights file says what it is for.

`fingerprints.json` beside this file holds a digest of every architecture's tensors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

FINGERPRINTS = Path(__file__).with_name("fingerprints.json")
FIRST = ("conv1.weight", "conv1.0.weight", "stem.conv.weight", "stem.conv1.weight")
"""The convolution that sees the image: its input channels and the size of its kernel are options."""
HEADS = ("fc.", "head.")
BLOCK = re.compile(r"(?:layer(\d{1,3})|stages\.(\d{1,3})\.blocks)\.(\d{1,4})\.conv1\.")


def fingerprint(shapes: Mapping[str, Sequence[int]]) -> str:
    """A digest of a network's tensors but for its classes, its channels and the size of its first kernel.

    Args:
        shapes: The shape of each tensor under our names.
    """
    lines = []
    for name in sorted(shapes):
        if name.startswith(HEADS) or name.endswith("num_batches_tracked"):  # the latter is absent in older files
            continue
        shape = shapes[name][:1] if name in FIRST else shapes[name]
        lines.append(f"{name} {' '.join(map(str, shape))}\n")
    return sha256("".join(lines).encode()).hexdigest()[:16]


def fitting_architectures(shapes: Mapping[str, Sequence[int]]) -> tuple[str, ...]:
    """The architectures whose tensors have these names and shapes, in the order of their table; mostly one, or none.

    Several differ only in what has no weights, such as anti-aliasing. A first convolution of 3x3 pixels is the stem of
    the CIFAR networks.
    """
    return _by_fingerprint().get(fingerprint(shapes), ())


def stage_depths(names: Iterable[str]) -> tuple[int, ...]:
    """The number of blocks in each stage by the names of tensors; empty where they are of no residual network."""
    blocks: dict[int, int] = {}
    for name in names:
        if found := BLOCK.match(name):
            stage, block = int(found[1] or found[2]), int(found[3])
            blocks[stage] = max(blocks.get(stage, 0), block + 1)
    return tuple(blocks[stage] for stage in sorted(blocks))


@cache
def _by_fingerprint() -> dict[str, tuple[str, ...]]:
    names: dict[str, tuple[str, ...]] = {}
    for name, digest in json.loads(FINGERPRINTS.read_text("utf-8")).items():
        names[digest] = (*names.get(digest, ()), name)
    return names

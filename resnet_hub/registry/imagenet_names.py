"""The names of the 1000 ImageNet classes, for checkpoints that carry none."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

NAMES = Path(__file__).with_name("imagenet_names.json")


@cache
def imagenet_label_names() -> tuple[str, ...]:
    """Short English names of the 1000 ImageNet classes, each different from all others in more than its capitals.

    Source: the WordNet lemmas and definitions that come with timm; the test of this module says how a name follows
    from them. "crane" is a bird and a machine.
    """
    return tuple(json.loads(NAMES.read_text("utf-8")))

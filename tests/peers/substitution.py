"""A pytest plugin: timm's `create_model` is ours, and its lists of names are of our networks, for upstream's tests.

Nothing stands between upstream's tests and our networks: no subclass, no other names, no argument is changed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import timm
import timm.models

sys.path.insert(0, str(Path(__file__).parent.parent))

from kinds import smallest

import resnet_hub
from resnet_hub.models import meta_network
from resnet_hub.registry import architecture, in_timm, list_architectures

MOST_PARAMETERS = 70_000_000
"""Of the networks that are tried, unless their names are given: others take minutes and gigabytes."""


def tried() -> list[str]:
    """The networks: those that are named, or the smallest of each kind."""
    if given := os.environ.get("PEERS_NETWORKS"):
        return given.split(",")
    names = smallest([name for name in list_architectures() if in_timm(name)])
    parameters = {name: sum(p.numel() for p in meta_network(architecture(name)).parameters()) for name in names}
    return sorted(name for name in names if parameters[name] <= MOST_PARAMETERS)


NAMES = tried()
THEIRS = timm.list_models


def list_models(*arguments: object, **options: object) -> list[str]:
    """timm's answer, of the networks that are tried; tags of theirs stay."""
    return [name for name in THEIRS(*arguments, **options) if name.partition(".")[0] in NAMES]


def list_pretrained(filter: str = "*", **_: object) -> list[str]:
    """None: they would be fetched from the Hub."""
    return []


SUBSTITUTES = {"create_model": resnet_hub.create_model, "list_models": list_models, "list_pretrained": list_pretrained}
for name, substitute in SUBSTITUTES.items():
    for module in (timm, timm.models):
        setattr(module, name, substitute)

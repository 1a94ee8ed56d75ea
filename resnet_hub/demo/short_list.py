"""The short list of published networks that a page recommends: in groups, each with its size, accuracy and work."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from resnet_hub.registry import OWNER, find_tag, published_architecture

# Weights whose license allows every use; from group to group, and inside of each, dearer ones are more accurate.
GROUPS = {
    "quick": ("resnet10t.c3_in1k", "resnet18d.ra4_e3600_r224_in1k", "resnet26d.bt_in1k"),
    "balanced": ("resnet50.a1_in1k", "resnext50_32x4d.a1h_in1k", "resnet101.a1h_in1k"),
    "accurate": (
        "resnetaa101d.sw_in12k_ft_in1k",
        "seresnextaa101d_32x8d.sw_in12k_ft_in1k",
        "seresnextaa101d_32x8d.sw_in12k_ft_in1k_288",
    ),
}
RECOMMENDED = "resnet50.a1_in1k"
"""The one for whoever does not know: beyond it, a point of accuracy costs much more time."""


@dataclass(frozen=True)
class ListedNetwork:
    """A row of the short list."""

    group: str
    """One of `GROUPS`."""
    name: str
    """The published name."""
    parameters: int
    top1: float
    """ImageNet accuracy, in percent, as published."""
    gmacs: float
    """Multiplications for one image at its usual size, in billions."""

    @property
    def repo_id(self) -> str:
        """Where it is on the Hub."""
        return f"{OWNER}/{self.name}"

    @property
    def recommended(self) -> bool:
        """Whether it is the one to begin with."""
        return self.name == RECOMMENDED


@cache
def short_list() -> tuple[ListedNetwork, ...]:
    """All rows, the least work first."""
    return tuple(_row(group, name) for group, names in GROUPS.items() for name in names)


def _row(group: str, name: str) -> ListedNetwork:
    tag = find_tag(name)
    entry = published_architecture(tag.architecture)
    if entry is None or tag.top1 is None:
        raise KeyError(f"the catalog lacks what the short list tells of {name}")
    gmacs, _ = entry.complexity[tag.preprocessing.input_size[1]]
    return ListedNetwork(group, name, entry.parameters, tag.top1, gmacs)

"""Quicker ways to train than everything at full size: fewer trained stages, smaller images, a smaller network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from resnet_hub.models import PretrainedNetwork, complexity, meta_network
from resnet_hub.registry import architecture, find_tag

from ..settings import FinetuneRecipe

SMALLER_NETWORKS = {"resnet50.a1_in1k": "resnet18.a1_in1k"}
"""The network that a run starts from where nobody chose one -> the one in its place where time is short."""
TRAINED_STAGES = 2
"""The stages that are trained where the others are frozen, which know edges and textures that other images have too.

Source: Yosinski et al. 2014, "How transferable are features in deep neural networks?"."""
SHARE_OF_SIDE, STEP, SMALLEST_SIDE = 5 / 7, 32, 160
"""Of the side of the input, so that 224 px become 160, in steps of what a network halves five times; the least."""
BACKWARD = 2 / 3
"""Of the arithmetic of an update, what goes backward: twice that of an answer."""


@dataclass(frozen=True)
class Way:
    """What is changed in a recipe, and what is left of the costs of training everything at full size."""

    changes: dict[str, Any] = field(default_factory=dict)
    training: float = 1.0
    answers: float = 1.0

    @property
    def words(self) -> str:
        """What is trained, as a log says it."""
        what = "the last stages" if "freeze" in self.changes else "everything"
        return what + self.where

    @property
    def where(self) -> str:
        """Of which network, at which size; empty where both stay."""
        network, side = self.changes.get("model"), self.changes.get("image_size")
        return (f" of {network}" if network else "") + (f" at {side} px" if side else "")


def ways_of(recipe: FinetuneRecipe, network: PretrainedNetwork) -> list[Way]:
    """The ways that a recipe leaves open, in the order in which they are preferred; what it gives stays.

    Args:
        recipe: With a budget.
        network: The one that it starts from.
    """
    channels, side, _ = network.preprocessing.input_size
    full = _macs(network, (channels, side, side))
    ways = [Way()]
    stages = len(network.config.depths)
    if not recipe.from_scratch and stages > TRAINED_STAGES:
        frozen = ["stem", *(f"layer{number}" for number in range(1, stages - TRAINED_STAGES + 1))]
        share = _macs(network, (channels, side, side), last=stages - TRAINED_STAGES) / full
        ways.append(Way({"freeze": ",".join(frozen)}, training=1 - BACKWARD * share))
    small = max(SMALLEST_SIDE, STEP * round(side * SHARE_OF_SIDE / STEP))
    sides = [side] if recipe.image_size is not None or small >= side else [side, small]
    networks: list[tuple[PretrainedNetwork, dict[str, Any]]] = [(network, {})]
    if not recipe.from_scratch and recipe.model in SMALLER_NETWORKS:
        name = SMALLER_NETWORKS[recipe.model]
        networks.append((meta_network(architecture(find_tag(name).architecture)), {"model": name}))
    for one, changes in networks:
        for pixels in sides:
            changed = changes | ({} if pixels == side else {"image_size": pixels})
            if changed:
                share = _macs(one, (one.config.in_chans, pixels, pixels)) / full
                ways.append(Way(changed, training=share, answers=share))
    return ways


def _macs(network: PretrainedNetwork, input_size: Sequence[int], last: int | None = None) -> int:
    """Multiply-accumulates of an answer; `last` is the last stage that takes part, of all where absent."""
    meta = meta_network(network.config)
    if last is not None:
        meta.prune_intermediate_layers([last], prune_head=True)
    return complexity(meta, input_size).macs

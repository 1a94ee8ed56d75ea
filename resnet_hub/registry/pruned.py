"""The channels that pruning left in a network's blocks, read from pruned.json beside this file."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from resnet_hub.checks import nearest
from resnet_hub.config import ResNetConfig
from resnet_hub.errors import ConfigError

Channels = tuple[int, int, int]


def pruned_channels(config: ResNetConfig) -> list[Channels] | list[None]:
    """For each block the outputs of its three convolutions, or None where nothing was pruned.

    Raises: ConfigError when there is no such list, or it is not for this network.

    Source: Aflalo et al. 2020, "Knapsack Pruning with Inner Distillation"; the numbers are the published weights'.
    """
    if config.pruned is None:
        return [None] * sum(config.depths)
    lists = _lists()
    if config.pruned not in lists:
        raise ConfigError(
            f"pruned={config.pruned!r} is no list of channels; choose from {nearest(config.pruned, lists)}"
        )
    stages = lists[config.pruned]
    depths = tuple(len(stage["hidden"]) for stage in stages)
    if depths != config.depths:
        raise ConfigError(f"pruned={config.pruned!r} is a list for depths={depths}, not for depths={config.depths}")
    if config.cardinality != 1:
        raise ConfigError(f"pruned={config.pruned!r} fits no groups; cardinality={config.cardinality} must be 1")
    return [(first, second, stage["out"]) for stage in stages for first, second in stage["hidden"]]


@cache
def _lists() -> dict[str, list[dict[str, Any]]]:
    return json.loads(resources.files(__package__).joinpath("pruned.json").read_text("utf-8"))

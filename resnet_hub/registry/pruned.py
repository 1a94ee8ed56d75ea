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
    """For each block the output channels of its three convolutions, or None where nothing was pruned.

    Raises: ConfigError when there is no such list, or it is not for this network.

    Source: Aflalo et al. 2020, "Knapsack Pruning with Inner Distillation"; the numbers are the published weights'.
    """
    if config.pruned is None:
        return [None] * sum(config.depths)
    lists = _lists()
    if config.pruned not in lists:
        raise ConfigError("registry.no_pruned_list", name=config.pruned, nearest=nearest(config.pruned, lists))
    stages = lists[config.pruned]
    depths = tuple(len(stage["hidden"]) for stage in stages)
    if depths != config.depths:
        raise ConfigError("registry.pruned_depths", name=config.pruned, depths=depths, wanted=config.depths)
    if config.cardinality != 1:
        raise ConfigError("registry.pruned_groups", name=config.pruned, cardinality=config.cardinality)
    return [(first, second, stage["out"]) for stage in stages for first, second in stage["hidden"]]


@cache
def _lists() -> dict[str, list[dict[str, Any]]]:
    return json.loads(resources.files(__package__).joinpath("pruned.json").read_text("utf-8"))

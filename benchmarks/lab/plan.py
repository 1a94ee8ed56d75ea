"""Which networks the laboratory trains, and how: plan.toml and the recipe lab-cifar, read once and checked."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from resnet_hub.config import ResNetConfig
from resnet_hub.errors import ConfigError
from resnet_hub.models import PretrainedNetwork
from resnet_hub.registry import architecture
from training.settings import FinetuneRecipe, parse_flags

PLAN = Path(__file__).with_name("plan.toml")
RECIPE = "lab-cifar"
NETWORK_OPTIONS = ("shortcut", "family", "block", "zero_init_last")
SETTINGS = ("epochs", "lr")


@dataclass(frozen=True)
class LabRun:
    """One training of the laboratory."""

    row: str
    """The kind of network, as plan.toml calls it."""
    depth: int
    """Layers that have weights."""
    seed: int
    """Of the weights, the order and the augmentation; runs that share it see the same batches."""
    config: ResNetConfig
    normalized: bool
    """Whether its batch normalization is left in."""
    recipe: FinetuneRecipe

    @property
    def name(self) -> str:
        """Names its folder."""
        return f"{self.row}-{self.depth}-{self.seed}"

    def network(self) -> PretrainedNetwork:
        """The new network, in training mode. It moves the global RNG."""
        torch.manual_seed(self.seed)
        model = PretrainedNetwork.class_for(self.config)(self.config)
        if not self.normalized:
            for module in list(model.modules()):
                for name, child in module.named_children():
                    if isinstance(child, nn.BatchNorm2d):
                        setattr(module, name, nn.Identity())
        return model.train()


def read_plan(file: Path = PLAN) -> list[LabRun]:
    """All runs of the plan, in its order. Raises: ConfigError for a row that names a setting there is not."""
    plan = tomllib.loads(file.read_text("utf-8"))
    recipe = FinetuneRecipe(**parse_flags(["--dataset", "cifar10", "--recipe", RECIPE])[0])
    return [run for row in plan["rows"] for run in _row_runs(row, plan["width"], recipe)]


def _row_runs(row: Mapping[str, Any], width: int, recipe: FinetuneRecipe) -> list[LabRun]:
    known = {"name", "depths", "seeds", "normalized", *NETWORK_OPTIONS, *SETTINGS}
    if unknown := set(row) - known:
        raise ConfigError(
            "config.unknown_choice", name="plan.toml", value=", ".join(sorted(unknown)), choices=sorted(known)
        )
    options = {name: row[name] for name in NETWORK_OPTIONS if name in row}
    changed = replace(recipe, **{name: row[name] for name in SETTINGS if name in row})
    return [
        LabRun(row["name"], depth, seed, _config(depth, width, options), row.get("normalized", True), changed)
        for depth in row["depths"]
        for seed in row["seeds"]
    ]


def _config(depth: int, width: int, options: Mapping[str, Any]) -> ResNetConfig:
    """The paper's network of this depth with `width` channels in its first stage."""
    narrow = {"widths": (width, 2 * width, 4 * width), "stem_width": width, "num_classes": 10}
    return architecture(f"cifar_resnet{depth}").with_options(**narrow, **options)

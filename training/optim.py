"""Optimizer and learning-rate schedule of a recipe, by timm."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from resnet_hub.checks import nearest
from resnet_hub.errors import ConfigError
from resnet_hub.network import ResidualNetwork
from training.recipe import FinetuneRecipe


def parameter_groups(model: ResidualNetwork, recipe: FinetuneRecipe, *, new_head: bool) -> list[dict[str, Any]]:
    """The trainable parameters in groups: norms and biases without weight decay, a new head with its own rate."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    head = f"{model.classifier}."
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            key = (new_head and name.startswith(head), parameter.ndim > 1)
            groups.setdefault(key, []).append(parameter)
    return [
        {
            "params": parameters,
            "weight_decay": recipe.weight_decay if decays else 0.0,
            "lr_scale": recipe.head_lr_factor if in_head else 1.0,
        }
        for (in_head, decays), parameters in groups.items()
    ]


def make_optimizer(model: ResidualNetwork, recipe: FinetuneRecipe, *, new_head: bool) -> torch.optim.Optimizer:
    """The optimizer that the recipe names. Raises: ConfigError when timm has none of that name."""
    from timm.optim import create_optimizer_v2, list_optimizers

    if recipe.optimizer not in list_optimizers():
        near = nearest(recipe.optimizer, list_optimizers())
        raise ConfigError(f"--optimizer {recipe.optimizer!r} is not known; the nearest are {near}")
    groups = parameter_groups(model, recipe, new_head=new_head)
    return create_optimizer_v2(groups, opt=recipe.optimizer, lr=recipe.lr, momentum=recipe.momentum)


def make_schedule(optimizer: torch.optim.Optimizer, recipe: FinetuneRecipe, steps_per_epoch: int) -> Any:
    """The cosine of timm from the peak to 0 after a linear warm-up, by the step; its `step_update(n)` sets the rate.

    Source: Loshchilov and Hutter 2017, "SGDR", equation 5, one cycle.
    """
    from timm.scheduler import CosineLRScheduler

    total = max(2, recipe.epochs * steps_per_epoch)
    warmup = min(round(recipe.warmup_epochs * steps_per_epoch), total - 1)
    schedule = CosineLRScheduler(
        optimizer, t_initial=total - warmup, warmup_t=warmup, warmup_prefix=True, t_in_epochs=False
    )
    schedule.step_update(0)
    return schedule

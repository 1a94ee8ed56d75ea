"""The optimizer of a recipe, PyTorch's SGD or one of timm's, and which parameters move how fast."""

from __future__ import annotations

from typing import Any

import torch
from accelerate import Accelerator
from torch import nn
from torch.utils._pytree import tree_leaves

from resnet_hub.checks import nearest
from resnet_hub.errors import ConfigError
from resnet_hub.nn import ResidualNetwork

from ..settings import USUAL_MOMENTUM, FinetuneRecipe

LOOKAHEAD_UPDATES = 6
"""Updates after which timm's lookahead keeps its slow weights."""


def parameter_groups(model: ResidualNetwork, recipe: FinetuneRecipe, *, new_head: bool) -> list[dict[str, Any]]:
    """The trainable parameters in groups: norms and biases without weight decay, a new head with its own rate.

    With `layer_decay` each block has its own rate as well. `use_fallback` tells an optimizer that moves matrices in a
    way of their own, such as Muon, what to leave out.
    """
    head = {id(parameter) for parameter in model.get_classifier().parameters()}
    groups = []
    for group in _by_layer(model, recipe):
        for in_head in (False, True):
            parameters = [parameter for parameter in group["params"] if (id(parameter) in head) == in_head]
            if parameters:
                factor = recipe.head_lr_factor if in_head and new_head else 1.0
                special = {"lr_scale": group["lr_scale"] * factor, "use_fallback": in_head or parameters[0].ndim < 2}
                groups.append({**group, "params": parameters, **special})
    return groups


def _by_layer(model: ResidualNetwork, recipe: FinetuneRecipe) -> list[dict[str, Any]]:
    """Groups as timm makes them: the weight decay of each and, for layer-wise decay, a factor of the rate."""
    if recipe.layer_decay is not None:
        from timm.optim import param_groups_layer_decay

        return param_groups_layer_decay(model, recipe.weight_decay, layer_decay=recipe.layer_decay)
    plain, decayed = list[nn.Parameter](), list[nn.Parameter]()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            (plain if parameter.ndim < 2 or name.endswith(".bias") else decayed).append(parameter)
    return [
        {"params": plain, "lr_scale": 1.0, "weight_decay": 0.0},
        {"params": decayed, "lr_scale": 1.0, "weight_decay": recipe.weight_decay},
    ]


def make_optimizer(model: ResidualNetwork, recipe: FinetuneRecipe, *, new_head: bool) -> torch.optim.Optimizer:
    """The optimizer that the recipe names. Raises: ConfigError when timm has none of that name or its options."""
    if recipe.optimizer.lower() == "sgd" and recipe.opt_eps is None and recipe.betas is None:
        # What timm gives of that name, of which a run need not wait for the import: a second of the processor.
        rate = 1e-3 if recipe.lr is None else recipe.lr
        return torch.optim.SGD(_groups(model, recipe, new_head), lr=rate, momentum=recipe.momentum, nesterov=True)
    from timm.optim import create_optimizer_v2, get_optimizer_info, list_optimizers

    name = recipe.optimizer.lower().removeprefix("lookahead_")
    if name not in list_optimizers():
        near = nearest(recipe.optimizer, list_optimizers())
        raise ConfigError("optim.unknown_optimizer", optimizer=recipe.optimizer, nearest=near)
    info = get_optimizer_info(name)
    if info.second_order:
        raise ConfigError("optim.second_order", optimizer=recipe.optimizer)
    if recipe.momentum != USUAL_MOMENTUM and not info.has_momentum:
        raise ConfigError("optim.no_momentum", optimizer=recipe.optimizer)
    options: dict[str, Any] = {}
    if recipe.opt_eps is not None:
        if not info.has_eps:
            raise ConfigError("optim.no_epsilon", optimizer=recipe.optimizer)
        options["eps"] = recipe.opt_eps
    if recipe.betas is not None:
        if not info.has_betas:
            raise ConfigError("optim.no_betas", optimizer=recipe.optimizer, given=len(recipe.betas))
        if info.num_betas != len(recipe.betas):
            raise ConfigError(
                "optim.other_betas", optimizer=recipe.optimizer, expected=info.num_betas, given=len(recipe.betas)
            )
        options["betas"] = recipe.betas
    groups = _groups(model, recipe, new_head)
    try:
        return create_optimizer_v2(groups, opt=recipe.optimizer, lr=recipe.lr, momentum=recipe.momentum, **options)
    except (AssertionError, ImportError) as error:  # what timm raises where a GPU or a package is missing
        raise ConfigError("optim.unusable_optimizer", optimizer=recipe.optimizer, reason=str(error)) from error


def _groups(model: ResidualNetwork, recipe: FinetuneRecipe, new_head: bool) -> list[dict[str, Any]]:
    groups = parameter_groups(model, recipe, new_head=new_head)
    if not groups:
        raise ConfigError("optim.nothing_to_train", parts=recipe.freeze)
    return groups


def state_copies(recipe: FinetuneRecipe, device: torch.device) -> float:
    """Bytes of the optimizer's state for each byte of weights: 1 of SGD with momentum, 2 of Adam, as it turns out.

    No list tells it for all of timm's: a small matrix is updated until every kind of state is there.
    """
    from timm.optim import create_optimizer_v2

    weight = nn.Parameter(torch.ones(8, 8, device=device))
    weight.grad = torch.zeros_like(weight)
    optimizer = create_optimizer_v2([weight], opt=recipe.optimizer, lr=1e-3, momentum=recipe.momentum)
    for _ in range(LOOKAHEAD_UPDATES):
        optimizer.step()
    state = tree_leaves(optimizer.state_dict()["state"])
    # Numbers such as the count of the steps are a few for each tensor and none for each weight.
    tensors = [value for value in state if isinstance(value, torch.Tensor) and value.numel() >= len(weight)]
    return sum(tensor.nbytes for tensor in tensors) / weight.nbytes


def learning_rate(optimizer: torch.optim.Optimizer) -> float:
    """The current learning rate of a parameter that has no factor of its own."""
    groups = optimizer.param_groups
    return next((group["lr"] / group["lr_scale"] for group in groups if group["lr_scale"]), 0.0)


def penalty(model: nn.Module, l1: float) -> torch.Tensor:
    """The L1 penalty of the trainable weights, norms and biases spared."""
    weights = [parameter for parameter in model.parameters() if parameter.requires_grad and parameter.ndim > 1]
    return l1 * torch.stack([weight.abs().sum() for weight in weights]).sum()


def clip(accelerator: Accelerator, model: nn.Module, head: nn.Module, recipe: FinetuneRecipe) -> None:
    """Clips the gradients as the recipe says: by norm, by value, or adaptively by unit (AGC; the head spared)."""
    from timm.utils.agc import adaptive_clip_grad

    if recipe.clip_grad_norm is not None:
        accelerator.clip_grad_norm_(model.parameters(), recipe.clip_grad_norm)
    elif recipe.clip_grad_value is not None:
        accelerator.clip_grad_value_(model.parameters(), recipe.clip_grad_value)
    elif recipe.clip_grad_agc is not None:
        accelerator.unscale_gradients()
        spared = {id(parameter) for parameter in head.parameters()}
        adaptive_clip_grad([each for each in model.parameters() if id(each) not in spared], recipe.clip_grad_agc)

"""Networks that accelerate has sharded (FSDP2): they are saved and loaded whole, as if nothing was."""

from __future__ import annotations

from functools import partial, wraps
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from torch import Tensor, nn
from torch.utils._pytree import tree_map


def keep_whole_precision(accelerator: Accelerator) -> None:
    """Leaves the weights in float32 in the computation too; FSDP would give norms those of 16 bits, which they refuse.

    Call it before the network is prepared, and `compute_by_autocast` after it.
    """
    accelerator.state.fsdp_plugin.mixed_precision_policy = None


def compute_by_autocast(network: nn.Module, accelerator: Accelerator) -> None:
    """Computes in the accelerator's precision as under DDP, where accelerate does the same to the network."""
    forward = network.forward

    @wraps(forward)
    def in_precision(*inputs: Any, **options: Any) -> Any:
        with accelerator.autocast():
            return forward(*inputs, **options)

    network.forward = in_precision


def save_whole(network: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Makes the states of a sharded network and of its optimizer whole ones, in memory of the CPU, both ways.

    All processes have to ask for a state together, since each holds a part of it. The statistics of BatchNorm are those
    of the first process before each pass, as under DDP, which accelerate's FSDP leaves to each process.

    Args:
        network: The bare one, sharded in place.
        optimizer: The one that moves the shards, not accelerate's wrapper.
    """
    network.register_state_dict_post_hook(_whole_weights)
    network.register_load_state_dict_pre_hook(_sharded_weights)
    optimizer.register_state_dict_post_hook(lambda _, state: tree_map(whole, state))
    optimizer.register_load_state_dict_pre_hook(_sharded_moments)
    buffers = [buffer for buffer in network.buffers() if buffer.is_floating_point()]
    if buffers:
        network.register_forward_pre_hook(lambda *_: _share(buffers))


def whole(value: object) -> object:
    """A sharded tensor as an ordinary one on the CPU; anything else as it is."""
    from torch.distributed.tensor import DTensor  # here, because it takes a second to import

    return value.full_tensor().cpu() if isinstance(value, DTensor) else value


def _whole_weights(module: nn.Module, state: dict[str, Any], prefix: str, metadata: object) -> None:
    for name, value in state.items():
        state[name] = whole(value.detach() if isinstance(value, Tensor) else value)


def _sharded_weights(module: nn.Module, state: dict[str, Any], prefix: str, *rest: object) -> None:
    for name, parameter in module.named_parameters():
        state[prefix + name] = _like(state.get(prefix + name), parameter)


def _sharded_moments(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> dict[str, Any]:
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    moments = {
        number: tree_map(partial(_like, parameter=parameters[number]), kept) for number, kept in state["state"].items()
    }
    return {**state, "state": moments}


def _like(value: object, parameter: Tensor) -> object:
    """The value cut as the parameter is, where it is a whole tensor of its shape."""
    from torch.distributed.tensor import DTensor, distribute_tensor

    if isinstance(value, DTensor) or not isinstance(value, Tensor) or not isinstance(parameter, DTensor):
        return value
    if value.shape != parameter.shape:
        return value
    return distribute_tensor(value.to(parameter.device), parameter.device_mesh, parameter.placements)


def _share(buffers: list[Tensor]) -> None:
    with torch.no_grad():
        broadcast(buffers)

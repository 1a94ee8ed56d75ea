"""A network -> config and tensors that open as the same network; refused where no config says what it has become."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from resnet_hub.config import ResNetConfig
from resnet_hub.errors import CheckpointError, Phrase
from resnet_hub.models.replaced import Build, both, linear_head
from resnet_hub.nn import DropBlock, DropPath, ResidualNetwork

logger = logging.getLogger(__name__)

WRAPPERS = re.compile(r"(?:^|(?<=\.))(?:_orig_mod|_checkpoint_wrapped_module|_fsdp_wrapped_module)(?:\.|$)")
"""What torch.compile, gradient checkpointing and FSDP put between a module's name and the names inside it."""
IDLE = (nn.Identity, nn.Dropout, nn.Dropout2d, DropPath, DropBlock)
"""Layers that do nothing in evaluation mode."""
TRAINING_SETTINGS = frozenset({"training", "inplace", "momentum", "process_group"})
"""Settings that change no answer."""


def checkpoint_of(
    model: ResidualNetwork, state: Mapping[str, Tensor], build: Build
) -> tuple[ResNetConfig, dict[str, Tensor]]:
    """The config and the tensors to save of a network whose config is in line with its head and stem.

    They were compared with a network of that config without storage: modules, settings, names, shapes and types.

    Args:
        model: The network.
        state: Its weights, or others under the same names.
        build: What builds a network of a config.

    Raises:
        CheckpointError: The network would come back as another one; the first module that would is named.
    """
    config, head = model.config, linear_head(model)
    plain = {_plain(name): tensor for name, tensor in state.items()}
    layers = {_plain(name): module for name, module in model.named_modules()}
    if head is not None and head != (config.classifier, 0):
        name, rate = _plain(head[0]), both(config.drop_rate, head[1])
        logger.info("%s is saved as one layer, with drop_rate=%g", config.classifier, rate)
        config = config.with_options(drop_rate=rate)
        if name != config.classifier:
            layers[config.classifier] = layers[name]
            plain = {
                key.replace(f"{name}.", f"{config.classifier}.", 1) if key.startswith(f"{name}.") else key: tensor
                for key, tensor in plain.items()
            }
    with torch.device("meta"):
        opened = build(config)
    bias = f"{config.classifier}.bias"
    if head is not None and bias not in plain and f"{config.classifier}.weight" in plain:
        logger.info("%s has no bias; it is saved with one of zeros", config.classifier)
        plain[bias] = torch.zeros_like(opened.state_dict()[bias], device="cpu")
    if head is None:
        advice = Phrase("models.head_is_linear")
        raise _refusal(
            config.classifier, layers.get(config.classifier), opened.get_submodule(config.classifier), advice
        )
    _compare_modules(layers, opened)
    _compare_tensors(plain, opened.state_dict(), layers)
    return config, plain


def _plain(name: str) -> str:
    return WRAPPERS.sub("", name).removesuffix(".")


def _compare_modules(layers: Mapping[str, nn.Module], opened: nn.Module) -> None:
    """Raises: CheckpointError naming the first module that would be another one."""
    for name, expected in opened.named_modules():
        if not name:
            continue
        found = layers.get(name)
        if found is None or not _is_same(found, expected):
            raise _refusal(name, found, expected)
        if isinstance(expected, nn.Sequential):
            for inner, child in found._modules.items():
                if child is not None and _plain(inner) not in expected._modules and _plain(inner):
                    raise _refusal(f"{name}.{inner}", child, None)


def _is_same(found: nn.Module, expected: nn.Module) -> bool:
    """Whether both compute the same in evaluation mode, given the same tensors and the same modules inside them."""
    if isinstance(found, IDLE) and isinstance(expected, IDLE):
        return True
    if type(found) is nn.SyncBatchNorm and isinstance(expected, _BatchNorm):
        return found.eps == expected.eps
    if type(found).forward is not type(expected).forward or not isinstance(found, type(expected)):
        return False
    return all(
        getattr(found, name, None) == value for name, value in vars(expected).items() if _is_setting(name, value)
    )


def _is_setting(name: str, value: object) -> bool:
    plain = isinstance(value, bool | int | float | str | tuple | list | None) or callable(value)
    return plain and not name.startswith("_") and name not in TRAINING_SETTINGS and not isinstance(value, nn.Module)


def _compare_tensors(
    state: Mapping[str, Tensor], expected: Mapping[str, Tensor], layers: Mapping[str, nn.Module]
) -> None:
    """Raises: CheckpointError naming the module of the first tensor that the opened network lacks, or has otherwise."""
    for name in (*state, *expected):
        owner = name.rpartition(".")[0]
        if name not in state or name not in expected:
            while owner and owner not in layers:
                owner = owner.rpartition(".")[0]
            raise CheckpointError(
                "models.tensor_unknown" if name not in expected else "models.tensor_missing",
                tensor=name,
                advice=_advice(layers.get(owner), name, Phrase("models.build_anew")),
            )
        found, wanted = state[name], expected[name]
        if found.shape != wanted.shape:
            raise CheckpointError(
                "models.tensor_of_another_shape", tensor=name, found=list(found.shape), expected=list(wanted.shape)
            )
        if found.is_floating_point() != wanted.is_floating_point() or found.is_complex():
            raise CheckpointError("models.tensor_of_another_type", tensor=name, found=str(found.dtype)[6:])


def _refusal(
    name: str, found: nn.Module | None, expected: nn.Module | None, advice: Phrase | None = None
) -> CheckpointError:
    """Says that a module would be another one in the network that is opened again."""
    nothing = Phrase("models.nothing")
    return CheckpointError(
        "models.not_in_config",
        module=name,
        found=nothing if found is None else _in_words(found),
        expected=nothing if expected is None else _in_words(expected),
        advice=_advice(found, name, advice or Phrase("models.build_anew")),
    )


def _in_words(module: nn.Module) -> str:
    """A module in a few words: its kind with its settings, or with the kinds inside it."""
    inner = [type(child).__name__ for child in module.children()]
    if inner:
        return f"{type(module).__name__}({', '.join([*inner[:4], *(['...'] if len(inner) > 4 else [])])})"
    return repr(module).partition("\n")[0][:120]


def _advice(module: nn.Module | None, name: str, otherwise: Phrase) -> Phrase:
    """What to do about a module that no config describes: to undo what is known, else what is given."""
    inner: list[Any] = [] if module is None else list(module.modules())
    kinds = {kind.__module__.partition(".")[0] for part in inner for kind in type(part).__mro__}
    if name.endswith(("_orig", "_mask")):
        return Phrase("models.remove_pruning")
    if "parametrizations." in name or any(hasattr(part, "parametrizations") for part in inner):
        return Phrase("models.remove_parametrization")
    if name.endswith(("weight_g", "weight_v")):
        return Phrase("models.remove_weight_norm")
    if "peft" in kinds:
        return Phrase("models.merge_adapters")
    if any(type(part).__module__.startswith(("torch.ao.", "torchao.")) for part in inner):
        return Phrase("models.save_unquantized")
    return otherwise

"""A checkpoint folder <-> weights and config. Loading is strict: only a head the caller replaces may be missing."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor, nn

from resnet_hub.checkpoint.config import CARD_FILE, CONFIG_FILE, WEIGHTS_FILE
from resnet_hub.checkpoint.containers import plain_name
from resnet_hub.checkpoint.forms import digest
from resnet_hub.checkpoint.places import write_atomically
from resnet_hub.checkpoint.plain_tensors import plain_tensors
from resnet_hub.checkpoint.weights import read_weights
from resnet_hub.config import ResNetConfig
from resnet_hub.errors import CheckpointError, Phrase
from resnet_hub.registry import fitting_architectures
from resnet_hub.terminal import shown_name

logger = logging.getLogger(__name__)

COUNTER = "num_batches_tracked"
SHOWN = 5
"""How many tensors an error names."""


def load_weights(
    model: nn.Module,
    path: Path,
    config: ResNetConfig,
    *,
    keep_head: bool = False,
    new_input: bool = False,
    dtype: torch.dtype,
    choice: str | None = None,
) -> None:
    """Loads the weights at `path` into `model`, built on the meta device.

    Args:
        model: A network on the meta device; with `keep_head`, its head is initialized already.
        path: A checkpoint folder or a weights file.
        config: The network's, which names its head and its first convolution.
        keep_head: Keep the head's random weights, and log its tensors.
        new_input: Adapt the first convolution to the network's number of channels.
        dtype: dtype of the floating-point tensors.
        choice: Which network, where the file has several: the place it lies at.

    Raises:
        CheckpointError: Names, shapes or types differ; the first few are named.
    """
    expected = model.state_dict()
    folded = any(name.endswith("running_mean") for name in expected)
    state = read_weights(path, None if new_input else dtype, choice, folded=folded)
    if keep_head:
        prefix = f"{config.classifier}."
        head = [name for name in expected if name.startswith(prefix)]
        if head:
            shape = tuple(expected[head[0]].shape)
            logger.warning("new head of %d classes, random until trained: %s", shape[0], ", ".join(head))
        expected = {name: tensor for name, tensor in expected.items() if name not in head}
        state = {name: tensor for name, tensor in state.items() if not name.startswith(prefix)}
    for name in expected:
        # Files older than torch 0.4.1 lack `num_batches_tracked`; only a cumulative moving average reads it.
        if name.endswith(COUNTER):
            state.setdefault(name, torch.zeros((), dtype=torch.int64))
    # Frozen BatchNorm layers update no running statistics, so they have no `num_batches_tracked`.
    state = {name: tensor for name, tensor in state.items() if name in expected or not name.endswith(COUNTER)}
    first_conv = f"{config.first_conv}.weight"
    if new_input and first_conv in state:
        state[first_conv] = adapt_input(state[first_conv], expected[first_conv].shape[1])
    _refuse_misfits(path, config, expected, state)
    for name in list(state):  # one by one, so that a tensor of another dtype is freed as soon as it is converted
        state[name] = state[name].to(dtype if expected[name].is_floating_point() else expected[name].dtype)
    model.load_state_dict(state, strict=not keep_head, assign=True)


def weights_digest(state: Mapping[str, Tensor]) -> str:
    """The digest of a network's weights, as `file_digest` gives it of the file that they are written to."""
    numbers = (tensor.detach() for tensor in state.values() if tensor.is_floating_point())
    return digest(tensor.float().cpu().numpy() for tensor in numbers)


def adapt_input(weight: Tensor, in_chans: int) -> Tensor:
    """A first convolution (out, in, kH, kW) for another number of channels.

    One channel takes the sum over the old ones; more repeat them in turn, scaled so that the response keeps its size.
    Source: timm's rule for `in_chans`.
    """
    old = weight.shape[1]
    if old == in_chans:
        return weight
    full = weight.float()
    if in_chans == 1:
        return full.sum(1, keepdim=True)
    return full.repeat(1, -(-in_chans // old), 1, 1)[:, :in_chans] * (old / in_chans)


def write_checkpoint(folder: Path, values: Mapping[str, Any], state: Mapping[str, Tensor], card: str) -> None:
    """Writes weights, config and card, each atomically, weights first.

    Args:
        folder: Made if missing.
        values: The content of config.json.
        state: The tensors, under any wrapper's names and in any memory layout.
        card: The text of README.md; empty leaves the file as it is.

    Raises:
        CheckpointError: The folder cannot be written, or the config is no JSON.
    """
    try:
        config = (json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
    except (TypeError, ValueError) as error:
        raise CheckpointError("checkpoint.config_not_written", error=str(error)) from error
    state = plain_tensors(state)  # before anything is written
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_weights(folder / WEIGHTS_FILE, state)
        write_atomically(folder / CONFIG_FILE, lambda file: file.write_bytes(config))
        if card:
            write_atomically(folder / CARD_FILE, lambda file: file.write_text(card, "utf-8"))
    except OSError as error:
        reason = error.strerror or str(error)
        raise CheckpointError("checkpoint.not_written", folder=str(folder), reason=reason) from error


def write_weights(file: Path, state: Mapping[str, Tensor]) -> None:
    """Writes a weights file atomically. Raises: CheckpointError, also where a tensor is no plain one."""
    # Wrapped or channels-last tensors would not open elsewhere: plain names, plain layout.
    plain = {plain_name(name): tensor for name, tensor in plain_tensors(state).items()}
    try:
        write_atomically(file, lambda file: save_file(plain, file, metadata={"format": "pt"}))
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CheckpointError("checkpoint.not_written", folder=str(file.parent), reason=reason) from error


def _refuse_misfits(
    path: Path, config: ResNetConfig, expected: Mapping[str, Tensor], state: Mapping[str, Tensor]
) -> None:
    """Raises: CheckpointError naming the first tensors that are missing, unknown, or of another shape or type."""
    missing = [name for name in expected if name not in state]
    unknown = [name for name in state if name not in expected]
    shapes = {
        name: Phrase("checkpoint.other_shape", name=name, found=list(state[name].shape), expected=list(tensor.shape))
        for name, tensor in expected.items()
        if name in state and state[name].shape != tensor.shape
    }
    whole = [
        name
        for name, tensor in expected.items()
        if name in state and tensor.is_floating_point() and not state[name].is_floating_point()
    ]
    faults = []
    if missing:
        faults.append(Phrase("checkpoint.missing", count=len(missing), names=_first_few(missing)))
    if unknown:
        faults.append(Phrase("checkpoint.unknown", count=len(unknown), names=_first_few(unknown)))
    if shapes:
        faults.append(Phrase("checkpoint.other_shapes", count=len(shapes), names=_first_few(list(shapes.values()))))
    if whole:
        faults.append(Phrase("checkpoint.not_floating_point", count=len(whole), names=_first_few(whole)))
    if not faults:
        return
    head = state.get(f"{config.classifier}.weight")
    advice = Phrase("checkpoint.check_architecture", architecture=config.architecture)
    theirs = fitting_architectures({name: tuple(tensor.shape) for name, tensor in state.items()})
    if theirs and config.architecture not in theirs:
        advice = Phrase("checkpoint.of_another", names=" / ".join(theirs), architecture=config.architecture)
    if not missing and not unknown and head is not None and all(name.startswith(config.classifier) for name in shapes):
        advice = Phrase("checkpoint.check_head", found=head.shape[0], expected=config.num_classes)
    elif missing and all(name.startswith(f"{config.classifier}.") for name in missing) and not shapes and not whole:
        advice = _advice_on_head(config, unknown)
    said = reduce(lambda first, then: Phrase("checkpoint.then_fault", first=first, then=then), faults)
    raise CheckpointError("checkpoint.misfits", path=str(path), faults=said, advice=advice)


def _advice_on_head(config: ResNetConfig, unknown: Sequence[str]) -> Phrase:
    """What to do where nothing is missing but the head, and some tensors may be another head."""
    others = [name for name in unknown if not name.startswith(f"{config.classifier}.")]
    if others:  # no new head makes sense of these
        return Phrase("checkpoint.head_and_others", head=config.classifier, names=_first_few(others))
    return Phrase("checkpoint.ask_for_head", head=config.classifier)


def _first_few(tensors: Sequence[str | Phrase]) -> str | Phrase:
    """Names of tensors, or what is wrong with each, for an error message."""
    first = [shown_name(one) if isinstance(one, str) else one for one in tensors[:SHOWN]]
    shown = [*first, *(["..."] if len(tensors) > SHOWN else [])]
    return reduce(lambda first, then: Phrase("checkpoint.then_tensor", first=first, then=then), shown)

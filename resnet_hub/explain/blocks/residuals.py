"""What each residual block adds: how large its residual is, and the network's score with the block ablated."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from resnet_hub.classifier import ImageClassifier
from resnet_hub.errors import ConfigError
from resnet_hub.explain.saliency import Target
from resnet_hub.nn import PreActivationBlock, ResidualBlock

ROWS = 16
"""Blocks that are left out in one pass, each for itself; more would take memory in deep networks."""


@dataclass(frozen=True)
class BlockEffect:
    """What one block does to the answer for one image."""

    name: str
    """What the block is called in the weights: "layer1.0"."""
    relative_size: float
    """||F(x)|| / ||shortcut(x)||, the residual relative to its shortcut; infinite where the shortcut is all 0."""
    score: float
    """The score of the class by the whole network."""
    score_without: float
    """The same when this block alone is left out, so that only its shortcut goes on."""


def block_effects(classifier: ImageClassifier, pixels: Tensor, class_index: int) -> list[BlockEffect]:
    """The effect of each block, in execution order; the network is not modified.

    One pass for `ROWS` blocks: each of them adds one row to the batch, in which it alone is left out.

    Args:
        classifier: Whose answer is to be explained.
        pixels: What its network saw: uint8 (C, H, W).
        class_index: The class, counted from 0.

    Raises:
        ConfigError: There is no such class, or the network has no shortcuts.
        ImageError: The pixels are not those of one image of the right channels.
        CheckpointError: The network's answer is not finite.

    Source: Veit et al. 2016, "Residual Networks Behave Like Ensembles of Relatively Shallow Networks", section 4.1.
    """
    target = Target(classifier, pixels, class_index)
    config = target.model.config
    if config.shortcut == "none":
        raise ConfigError("explain.no_shortcuts", architecture=config.architecture)
    with torch.inference_mode():
        starts = range(0, sum(config.depths), ROWS)
        return [effect for start in starts for effect in _effects(target, range(start, start + ROWS))]


def _effects(target: Target, places: range) -> list[BlockEffect]:
    """The effects of the blocks at these places, counted from 0 through all stages."""
    count = itertools.count()
    found: list[tuple[str, float]] = []

    def step(name: str, block: nn.Module, x: Tensor) -> Tensor:
        residual, shortcut = branches(block, x)
        total = join(block, residual + shortcut)
        if next(count) not in places:
            return total
        found.append((name, size_ratio(residual[0], shortcut[0])))
        return torch.cat((total, join(block, shortcut[:1].clone())))

    model = target.model
    score, *without = target.scores(model.forward_head(model.walk(target.images(), step))).tolist()
    return [BlockEffect(*row, score, left) for row, left in zip(found, without, strict=True)]


def place_in_network(name: str) -> tuple[int | None, int | None]:
    """The stage and the block, counted from 1, that the weights call by a name; None where it names neither.

    "layer3.0" of a ResNet, and "stages.2.blocks.0" of a ResNetV2, are both block 1 of stage 3.
    """
    found = re.fullmatch(r"(layer|stages\.)(\d{1,4})(?:\.(?:blocks\.)?(\d{1,4}))?", name)
    if found is None:
        return None, None
    kind, stage, block = found.groups()
    return int(stage) + (kind != "layer"), None if block is None else int(block) + 1


def branches(block: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """F(x) and shortcut(x) of a residual block in evaluation mode, before they are added."""
    if isinstance(block, PreActivationBlock):
        activated = block.norm1(x)
        return block.residual(activated), block.shortcut(x, activated)
    return cast(ResidualBlock, block).residual(x), shortcut_of(block, x)


def shortcut_of(block: nn.Module, x: Tensor) -> Tensor:
    """What a residual block adds F(x) to: x itself, the part of it that a stride leaves, or its projection."""
    if isinstance(block, PreActivationBlock):
        return block.shortcut(x, block.norm1(x))
    return cast(ResidualBlock, block).downsample(x)


def join(block: nn.Module, total: Tensor) -> Tensor:
    """What the block puts out, of the sum of its branches; `total` may be overwritten."""
    return block.last_act()(total) if isinstance(block, ResidualBlock) else total


def size_ratio(residual: Tensor, shortcut: Tensor) -> float:
    """||F(x)|| / ||shortcut(x)||; infinite where the shortcut is all 0."""
    sizes = float(residual.float().norm()), float(shortcut.float().norm())
    return sizes[0] / sizes[1] if sizes[1] else math.inf

"""Which layers of a model become whole numbers: all whose answers stay alike, found by measuring what each one hurts.

Convolutions compute in whole numbers: weights have one scale for each filter, activations one for each tensor, found
on the images. The first convolution, channel attention and the head stay in float32, and so do sums. Where the answers
change too often, each block's own share of the damage is measured, and blocks go back to float32, the worst first, as
few as will do. Of two ways to set the range of a tensor, the one is taken whose answers are closer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from resnet_hub.errors import CheckpointError
from resnet_hub.export.quantization.activations import activations
from resnet_hub.export.quantization.whole_numbers import OPERATIONS, in_whole_numbers

BLOCK = re.compile(r"network\.((?:layer|stages\.)\d+(?:\.blocks)?\.\d+)\.")
"""The name of the block that a weight belongs to, in either family."""
ATTENTION = re.compile(r"\.(?:se|attn)\.")
EVERY = 4
"""The damage of a block is measured on every image of so many."""
Answers = Callable[[Any, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Quantized:
    """A model of whole numbers, and what was left out of it."""

    model: Any
    left_in_float: tuple[str, ...]
    """The blocks that stayed in float32 since the answers were worse without them."""


def quantized(
    model: Any,
    inputs: np.ndarray,
    logits: np.ndarray,
    answer: Answers,
    good_enough: Callable[[np.ndarray], bool],
    weight_bits: int = 7,
) -> Quantized:
    """The model in whole numbers.

    Args:
        model: An ONNX model with the input `pixel_values`.
        inputs: Normalized images (N, C, H, W), float32, to calibrate and to judge with.
        logits: What the network answers to them, (N, num_classes).
        answer: A model and images -> what it answers to them.
        good_enough: Whether such answers to all images will do.
        weight_bits: As for `in_whole_numbers`.

    Raises:
        CheckpointError: They never are, even with a single block in whole numbers.
    """
    ends, groups = frozenset(_ends(model.graph)), _blocks(model.graph)

    def far(found: np.ndarray, wanted: np.ndarray = logits) -> float:
        return float(np.square(found - wanted).mean())

    kinds = activations(model, inputs, OPERATIONS)
    whole = [in_whole_numbers(model, kind, ends, weight_bits) for kind in kinds]
    answers = [answer(one, inputs) for one in whole]
    fit = [index for index, found in enumerate(answers) if good_enough(found)]
    best = min(fit or range(len(kinds)), key=lambda index: far(answers[index]))
    if fit:
        return Quantized(whole[best], ())
    everything = {node.name for node in model.graph.node}

    def damage(block: str) -> float:
        alone = in_whole_numbers(model, kinds[best], everything - groups[block] | ends, weight_bits)
        return far(answer(alone, inputs[::EVERY]), logits[::EVERY])

    left: list[str] = []
    for block in sorted(groups, key=damage, reverse=True)[:-1]:
        left.append(block)
        tried = in_whole_numbers(model, kinds[best], ends.union(*(groups[name] for name in left)), weight_bits)
        if good_enough(answer(tried, inputs)):
            return Quantized(tried, tuple(left))
    raise CheckpointError("export.no_whole_numbers", blocks=len(groups))


def _ends(graph: Any) -> Iterator[str]:
    """The first convolution, the head, and channel attention, which multiplies whole maps by what it finds."""
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    yield convolutions[0].name
    yield from (node.name for node in graph.node if node.op_type in ("Gemm", "MatMul"))
    yield from (node.name for node in convolutions if any(map(ATTENTION.search, node.input)))


def _blocks(graph: Any) -> dict[str, set[str]]:
    """Block -> its convolutions, by the names of their weights."""
    groups: dict[str, set[str]] = {}
    for node in graph.node:
        found = [match[1] for name in node.input if (match := BLOCK.search(name))]
        if found and node.op_type == "Conv":
            groups.setdefault(found[0], set()).add(node.name)
    return groups

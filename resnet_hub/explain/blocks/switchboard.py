"""A network with its blocks passed over or exchanged, for one image: its scores, and what each block then adds.

The network is shared and never changed: a wiring is a way through its blocks, which are called as they are.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from resnet_hub.classifier import ImageClassifier
from resnet_hub.errors import CheckpointError
from resnet_hub.explain.blocks.residuals import branches, join, shortcut_of, size_ratio
from resnet_hub.explain.blocks.wiring import INTACT, NetworkBlock, Wiring, block_order, network_blocks
from resnet_hub.explain.saliency import Target

ROWS = 16
"""Wirings that go through the network together; more would take memory in deep networks."""
Step = tuple[int, bool]
"""What runs at one place: which block, and whether its F does."""


@dataclass(frozen=True, eq=False)
class Wired:
    """What a network says of an image when its blocks are wired in one way."""

    wiring: Wiring
    scores: Tensor
    """The score of each class: float64 (num_classes,) on the CPU."""
    order: tuple[str, ...]
    """The names of the blocks as they stand now, first to last."""
    ratios: Mapping[str, float]
    """||F(x)|| / ||shortcut(x)|| of each block that is in use, by name; of a block without shortcut, ||F(x)|| / ||x||.

    Infinite where the shortcut is all 0.
    """
    levels: tuple[Tensor, ...]
    """What the stem and each stage put out: float32 (C, H, W) on the CPU."""


@dataclass(frozen=True, eq=False)
class _Kept:
    """The last run: its way, what stood before each place and behind the last one, and the ratio at each place."""

    way: list[Step]
    inputs: list[Tensor]
    ratios: list[float | None]


class Switchboard:
    """One image in one network, whose blocks can be passed over and exchanged. Thread-safe.

    Passing over a block drops F(x): what goes on is the shortcut alone, with its projection where it has one, and the
    activation that follows the sum in networks that have one. In a network without shortcuts the layers are taken out
    and x goes on as it came; a block there that changes the shape cannot be passed over.

    What stood before each block in the last run is kept, so that only what follows the first change is computed.

    Source: Veit et al. 2016, "Residual Networks Behave Like Ensembles of Relatively Shallow Networks", section 4.
    """

    def __init__(
        self, classifier: ImageClassifier, pixels: Tensor, blocks: Sequence[NetworkBlock] | None = None
    ) -> None:
        """Runs the network as it is.

        Args:
            classifier: Whose network it is.
            pixels: What it sees: uint8 (C, H, W).
            blocks: Its blocks, where they are known already.

        Raises:
            ConfigError: None of its blocks can be passed over.
            ImageError: The pixels are not those of one image of the right channels.
            CheckpointError: The network's answer is not finite.
        """
        self._target = Target(classifier, pixels, 0)
        self.classifier = classifier
        self.blocks = network_blocks(self._target.model) if blocks is None else tuple(blocks)
        self._kept: _Kept | None = None
        self.intact = self.run()
        """The network as it is."""

    def run(self, wiring: Wiring = INTACT) -> Wired:
        """What the network says when it is wired so.

        Raises:
            ConfigError: There is no such block, one cannot be passed over, or two that change places do not fit.
            CheckpointError: The network's answer is not finite.
        """
        way, last = self._way(wiring), self._kept
        start = 0 if last is None else min(_common(way, last.way), len(way) - 1)
        inputs = [] if last is None else last.inputs[: start + 1]
        ratios = [] if last is None else last.ratios[:start]

        def step(place: int, block: nn.Module, x: Tensor) -> Tensor:
            if place < start:
                return x  # what follows is made of what was kept
            if place == len(inputs):
                inputs.append(x)
            index, on = way[place]
            gives, ratio = self._traced(index, on, block, inputs[place])
            ratios.append(ratio)
            if place == len(way) - 1:
                inputs.append(gives)
            return gives

        scores = self._scores(self._walk(way, step))[0]
        self._kept = _Kept(way, inputs, ratios)  # in one assignment, for other threads may read it
        named = {self.blocks[index].name: ratio for (index, _), ratio in zip(way, ratios, strict=True)}
        used = {name: ratio for name, ratio in named.items() if ratio is not None}
        return Wired(wiring, scores, tuple(named), used, self._levels(inputs))

    def scores(self, wirings: Sequence[Wiring]) -> Tensor:
        """The scores of each wiring, float64 (N, num_classes) on the CPU; what they have in common is computed once.

        Raises: as `run`.
        """
        ways = [self._way(wiring) for wiring in wirings]
        parts = [self._together(ways[first : first + ROWS]) for first in range(0, len(ways), ROWS)]
        return torch.cat(parts) if parts else self.intact.scores.new_empty(0, len(self.intact.scores))

    def _way(self, wiring: Wiring) -> list[Step]:
        order = block_order(self.blocks, wiring)
        return [(index, self.blocks[index].name not in wiring.off) for index in order]

    def _together(self, ways: Sequence[list[Step]]) -> Tensor:
        """The scores of a few ways: one row as long as they agree, and one more wherever one of them parts."""
        last = self._kept
        start = 0 if last is None else min(len(ways[0]) - 1, *(_common(way, last.way) for way in ways))
        row_of = [0] * len(ways)

        def step(place: int, _block: nn.Module, x: Tensor) -> Tensor:
            nonlocal row_of
            if place < start:
                return x
            if place == start and last is not None:
                x = last.inputs[place]
            parts = list(dict.fromkeys((row, way[place]) for row, way in zip(row_of, ways, strict=True)))
            parts.sort(key=lambda part: part[1])
            rows = []
            for (index, on), those in itertools.groupby(parts, key=lambda part: part[1]):
                rows.append(self._block(index, on, x[[row for row, _ in those]]))
            number = {part: row for row, part in enumerate(parts)}
            row_of = [number[row, way[place]] for row, way in zip(row_of, ways, strict=True)]
            return torch.cat(rows)

        return self._scores(self._walk(ways[0], step))[row_of]

    def _walk(self, way: Sequence[Step], step: object) -> Tensor:
        """Logits of the network whose blocks are run by `step`, which gets a place, the block that stands there, and x.

        With several ways the block is that of the first one.
        """
        model, places = self._target.model, itertools.count()

        def at(_name: str, _block: nn.Module, x: Tensor) -> Tensor:
            place = next(places)
            return step(place, self._module(way[place][0]), x)  # type: ignore[operator]

        with torch.inference_mode():
            return model.forward_head(model.walk(self._target.images(), at))

    def _module(self, index: int) -> nn.Module:
        return self._target.model.get_submodule(self.blocks[index].name)

    def _block(self, index: int, on: bool, x: Tensor) -> Tensor:
        block = self._module(index)
        return block(x) if on else self._passed(index, block, x)

    def _traced(self, index: int, on: bool, block: nn.Module, x: Tensor) -> tuple[Tensor, float | None]:
        """What a block gives, and how large F(x) is beside what it is added to; None where it is passed over."""
        if not on:
            return self._passed(index, block, x), None
        residual, shortcut = branches(block, x)
        if not self.blocks[index].has_shortcut:
            ratio = size_ratio(residual[0], x[0])
            return join(block, residual), ratio
        ratio = size_ratio(residual[0], shortcut[0])
        return join(block, residual + shortcut), ratio

    def _passed(self, index: int, block: nn.Module, x: Tensor) -> Tensor:
        """What goes on where F(x) is dropped."""
        if not self.blocks[index].has_shortcut:
            return x
        return join(block, shortcut_of(block, x).clone())

    def _scores(self, logits: Tensor) -> Tensor:
        found = logits.detach().cpu().to(torch.float64)
        if not found.isfinite().all():
            raise CheckpointError("explain.not_finite")
        return self.classifier.scores(found)

    def _levels(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """What stands before the first block of each stage, and behind the last block."""
        firsts = [place for place, block in enumerate(self.blocks) if block.number == 1]
        return tuple(inputs[place][0].float().cpu() for place in [*firsts, len(self.blocks)])


def _common(one: Sequence[Step], other: Sequence[Step]) -> int:
    """How many steps two ways have in common at their beginnings."""
    return next((place for place, pair in enumerate(zip(one, other, strict=True)) if pair[0] != pair[1]), len(one))

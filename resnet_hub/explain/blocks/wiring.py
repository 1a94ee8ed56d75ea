"""The blocks of a network as switches: which can be passed over, what goes on then, and which two can change places."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import torch
from torch import Tensor, nn

from resnet_hub.checks import nearest
from resnet_hub.errors import ConfigError
from resnet_hub.models import PretrainedNetwork
from resnet_hub.nn import PreActivationBlock

SIDE = 64
"""Height and width in pixels of the blank image by which blocks are measured; a smaller input is taken as it is."""


class Passes(StrEnum):
    """What goes on where a block is passed over, that is, where F(x) is dropped."""

    UNTOUCHED = "untouched"
    """x as it came: the shortcut is the identity; in a network without shortcuts the layers are taken out."""
    FITTED = "fitted"
    """x made to fit without weights: every second pixel, new channels filled with zeros, or pooled."""
    PROJECTED = "projected"
    """x through the projection of the shortcut, whose weights stay in use."""
    NOTHING = "nothing"
    """Nothing: the block changes the shape and has no shortcut, so it cannot be passed over."""


@dataclass(frozen=True)
class NetworkBlock:
    """One block of a network."""

    name: str
    """What it is called in the weights: "layer1.0"."""
    stage: int
    """Its stage, counted from 1."""
    number: int
    """Its place in the stage, counted from 1."""
    passes: Passes
    """What goes on without it."""
    has_shortcut: bool
    """Whether it is F(x) + shortcut(x), and not F(x) alone."""
    takes: tuple[int, ...]
    """Shape (C, H, W) of its input for a blank image; only comparisons of it mean anything."""
    gives: tuple[int, ...]
    """The same of its output."""

    @property
    def place(self) -> str:
        """Stage and number, as in "3.2"."""
        return f"{self.stage}.{self.number}"

    @property
    def can_be_passed(self) -> bool:
        """Whether anything goes on without it."""
        return self.passes is not Passes.NOTHING

    def fits(self, other: NetworkBlock) -> bool:
        """Whether the two can change places: both take and give the same shape."""
        return (self.takes, self.gives) == (other.takes, other.gives)


@dataclass(frozen=True)
class Wiring:
    """How the blocks of a network are wired: which are passed over, and which have changed places."""

    off: frozenset[str] = field(default_factory=frozenset)
    """Names of the blocks that are passed over."""
    swaps: tuple[tuple[str, str], ...] = ()
    """Pairs of names that change places, one pair after another; a block that is passed over takes its state along."""

    def without(self, *names: str) -> Wiring:
        """The same wiring with these blocks passed over too."""
        return Wiring(self.off | set(names), self.swaps)


INTACT = Wiring()
"""The network as it is."""


def network_blocks(model: PretrainedNetwork) -> tuple[NetworkBlock, ...]:
    """The blocks of a network in execution order; a small blank image is run through it, and it is not modified.

    Raises: ConfigError where not one of the blocks can be passed over.
    """
    parameter = next(model.parameters())
    height, width = (min(side, SIDE) for side in model.preprocessing.input_size[1:])
    blank = torch.zeros(1, model.config.in_chans, height, width, device=parameter.device, dtype=parameter.dtype)
    stages = [stage for stage, depth in enumerate(model.config.depths, 1) for _ in range(depth)]
    found: list[NetworkBlock] = []

    def step(name: str, block: nn.Module, x: Tensor) -> Tensor:
        gives, shape = block(x), tuple(x.shape[1:])
        stage, has_shortcut = stages[len(found)], model.config.shortcut != "none"
        number = 1 + sum(other.stage == stage for other in found)
        passes = _passes(block, has_shortcut, shape == tuple(gives.shape[1:]))
        found.append(NetworkBlock(name, stage, number, passes, has_shortcut, shape, tuple(gives.shape[1:])))
        return gives

    with torch.inference_mode():
        model.walk(blank, step)
    if not any(block.can_be_passed for block in found):
        raise ConfigError("explain.nothing_to_pass", architecture=model.config.architecture, count=len(found))
    return tuple(found)


def _passes(block: nn.Module, has_shortcut: bool, keeps_shape: bool) -> Passes:
    if not has_shortcut:
        return Passes.UNTOUCHED if keeps_shape else Passes.NOTHING
    shortcut = block.downsample
    if isinstance(shortcut, nn.Module) and any(True for _ in shortcut.parameters()):
        return Passes.PROJECTED
    if isinstance(shortcut, nn.Identity) or (isinstance(block, PreActivationBlock) and block.skip == 1):
        return Passes.UNTOUCHED
    return Passes.FITTED


def block_order(blocks: Sequence[NetworkBlock], wiring: Wiring) -> list[int]:
    """Which block, by its number in `blocks`, stands at each place.

    Raises: ConfigError where the network has no such block, where one cannot be passed over, or where two of a pair
        do not fit.
    """
    index = {block.name: number for number, block in enumerate(blocks)}
    _check_known(index, [*wiring.off, *(name for pair in wiring.swaps for name in pair)])
    for name in wiring.off:
        if not blocks[index[name]].can_be_passed:
            block = blocks[index[name]]
            raise ConfigError("explain.cannot_pass", name=name, takes=block.takes, gives=block.gives)
    order = list(range(len(blocks)))
    for one, other in wiring.swaps:
        first, second = blocks[index[one]], blocks[index[other]]
        if not first.fits(second):
            raise ConfigError(
                "explain.cannot_swap",
                one=one,
                takes=first.takes,
                gives=first.gives,
                other=other,
                other_takes=second.takes,
                other_gives=second.gives,
            )
        places = order.index(index[one]), order.index(index[other])
        order[places[0]], order[places[1]] = order[places[1]], order[places[0]]
    return order


def _check_known(index: Iterable[str], names: Iterable[str]) -> None:
    known = list(index)
    for name in names:
        if name not in known:
            raise ConfigError("explain.unknown_block", name=name, count=len(known), nearest=nearest(name, known))

"""How many blocks can a network lose? Its score for a class as blocks are passed over, one after another."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor

from resnet_hub.checks import check_choice, check_integer
from resnet_hub.explain.blocks.switchboard import Switchboard
from resnet_hub.explain.blocks.wiring import INTACT

REMOVALS = ("random", "greedy")
ORDERS = 10
"""Random orders that are averaged."""


@dataclass(frozen=True)
class Removal:
    """A network that has lost some of its blocks."""

    lost: tuple[tuple[str, ...], ...]
    """The blocks that are passed over, in the order in which they were lost, once for each order tried."""
    scores: tuple[float, ...]
    """The score of the class in each order."""
    still_best: tuple[bool, ...]
    """Whether the class is still the best one, in each order."""

    @property
    def count(self) -> int:
        """How many blocks are lost."""
        return len(self.lost[0])

    @property
    def score(self) -> float:
        """The mean score."""
        return sum(self.scores) / len(self.scores)


def removals(
    board: Switchboard, class_index: int, kind: str = "greedy", *, orders: int = ORDERS, seed: int = 0
) -> Iterator[Removal]:
    """Yields the network with 0, 1, 2 ... of its blocks passed over, until none is left that can be.

    "greedy" passes over, each time, the block whose loss leaves the class the highest score, which tries all that are
    left; it is the best order that looks one step ahead, not the best there is. "random" follows `orders` random
    orders. A network whose blocks are all needed has a curve that falls at once.

    Args:
        board: The image and the network.
        class_index: The class, counted from 0.
        kind: One of `REMOVALS`.
        orders: Random orders, 1 to 100.
        seed: Chooses them.

    Raises:
        ConfigError: There is no such class or kind, or `orders` is out of range.
        CheckpointError: The network's answer is not finite.
    """
    check_choice("kind", kind, REMOVALS)
    check_integer("class_index", class_index, 0, len(board.intact.scores) - 1)
    check_integer("orders", orders, 1, 100)
    return _greedy(board, class_index) if kind == "greedy" else _random(board, class_index, orders, seed)


def survivals(curve: Sequence[Removal]) -> list[int]:
    """How many blocks can go before the class is no longer the best one, for each order of a whole curve."""
    orders = range(len(curve[0].lost))
    counts = [next((one.count - 1 for one in curve if not one.still_best[order]), curve[-1].count) for order in orders]
    return [max(0, count) for count in counts]


def survived(curve: Sequence[Removal]) -> float:
    """The mean of `survivals`."""
    counts = survivals(curve)
    return sum(counts) / len(counts)


def _greedy(board: Switchboard, index: int) -> Iterator[Removal]:
    left = [block.name for block in board.blocks if block.can_be_passed]
    lost: tuple[str, ...] = ()
    yield _removal((lost,), board.intact.scores[None], index)
    while left:
        scores = board.scores([INTACT.without(*lost, name) for name in left])
        best = int(scores[:, index].argmax())
        lost = (*lost, left.pop(best))
        yield _removal((lost,), scores[best : best + 1], index)


def _random(board: Switchboard, index: int, orders: int, seed: int) -> Iterator[Removal]:
    choice = random.Random(seed)
    names = [block.name for block in board.blocks if block.can_be_passed]
    shuffled = [choice.sample(names, len(names)) for _ in range(orders)]
    for count in range(len(names) + 1):
        lost = tuple(tuple(order[:count]) for order in shuffled)
        yield _removal(lost, board.scores([INTACT.without(*one) for one in lost]), index)


def _removal(lost: tuple[tuple[str, ...], ...], scores: Tensor, index: int) -> Removal:
    still = (scores[:, index] >= scores.amax(dim=1)).tolist()
    return Removal(lost, tuple(scores[:, index].tolist()), tuple(still))

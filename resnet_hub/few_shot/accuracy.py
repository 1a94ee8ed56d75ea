"""How good a head is: the images that were named right, with the interval that so few of them leave."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from resnet_hub.scores import wilson_interval


@dataclass(frozen=True)
class Accuracy:
    """Right answers among images that the head had not seen."""

    right: int
    count: int
    wrong: tuple[tuple[int, int], ...] = ()
    """The images that were named wrong, as indices, each with the class that it was taken for."""

    @property
    def value(self) -> float:
        """From 0 to 1."""
        return self.right / self.count

    @property
    def interval(self) -> tuple[float, float]:
        """Where the accuracy on all images like these is, at the level of `wilson_interval`."""
        return wilson_interval(self.right, self.count)


def accuracy_of(logits: Tensor, targets: Tensor) -> Accuracy:
    """The accuracy of logits (N, classes) against targets (N,)."""
    said = logits.argmax(dim=1)
    wrong = (said != targets).nonzero()[:, 0]
    pairs = zip(wrong.tolist(), said[wrong].tolist(), strict=True)
    return Accuracy(len(targets) - len(wrong), len(targets), tuple(pairs))

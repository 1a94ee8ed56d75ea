"""The criterion of each task. Regression targets are standardized (z-scores) for training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from resnet_hub.errors import ConfigError
from resnet_hub.nn import ResidualNetwork

from ..settings import LOSSES, FinetuneRecipe

MAX_POSITIVE_WEIGHT = 100.0
"""Most that an image with a rare class counts among several classes, against one without it."""


class Head(Protocol):
    """Pooled features -> outputs: a linear layer, or a 1x1 convolution in some families."""

    weight: Tensor
    bias: Tensor


def head_of(network: ResidualNetwork) -> Head:
    """The classifier of a network that has outputs."""
    return cast(Head, network.get_classifier())


@dataclass(frozen=True)
class Criterion:
    """(outputs (N, C) float32, targets) -> the mean loss of the images.

    Targets are class indices (N,), shares of each class (N, C), or regression targets (N, C). Every image counts by
    itself, so that the mean over parts of a batch, weighted by their sizes, is the mean over the batch.
    """

    task: str
    loss: str
    smoothing: float = 0.0
    weights: Tensor | None = None
    """Of each class (C,): how much an image of it counts; of several classes, how much an image with it counts."""
    mean: Tensor | None = None
    """Of the training targets (C,), for a regression."""
    std: Tensor | None = None
    """Of the training targets (C,), above 0, for a regression."""

    @classmethod
    def of(
        cls,
        recipe: FinetuneRecipe,
        task: str,
        targets: np.ndarray,
        num_classes: int,
        device: torch.device | str = "cpu",
    ) -> Criterion:
        """The criterion of a recipe.

        Args:
            recipe: Names the loss, the smoothing and whether classes are weighted.
            task: single_label, multi_label or regression.
            targets: Those of the training images: class indices (N,), or (N, C).
            num_classes: Outputs of the network.
            device: Where the loss is computed.

        Raises:
            ConfigError: A loss or a weighting that the task does not have.
        """
        loss = LOSSES[task][0] if recipe.loss == "auto" else recipe.loss
        if loss not in LOSSES[task]:
            *others, last = LOSSES[task]
            if not others:
                raise ConfigError("optim.only_loss", loss=loss, task=task, only=last)
            raise ConfigError("optim.other_loss", loss=loss, task=task, others=", ".join(others), last=last)
        if task == "regression":
            if recipe.class_weights == "auto":
                raise ConfigError("optim.weights_of_numbers")
            mean, std = (torch.tensor(values, device=device) for values in _scale(targets))
            return cls(task, loss, mean=mean, std=std)
        weights = None
        if recipe.class_weights == "auto":
            weights = torch.tensor(class_weights(targets, num_classes), dtype=torch.float32, device=device)
        return cls(task, loss, recipe.label_smoothing, weights)

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Returns the mean of `losses`."""
        return self.losses(outputs, targets).mean()

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The loss of each image (N,): in nats, summed over the classes, or the mean squares of a regression."""
        outputs = outputs.float()
        if self.task == "regression":
            return self._distance(outputs, self.standardize(targets)).mean(1)
        if self.loss == "cross_entropy":
            return F.cross_entropy(outputs, targets, self.weights, reduction="none", label_smoothing=self.smoothing)
        return self._each_class(outputs, as_shares(targets, outputs.shape[1]))

    def _each_class(self, outputs: Tensor, shares: Tensor) -> Tensor:
        """Cross-entropy of each class against the rest. Smoothed as timm's: one class of C to 1/C, several to 1/2."""
        several = self.task == "multi_label"
        level = 1 / 2 if several else 1 / outputs.shape[1]
        smooth = shares * (1 - self.smoothing) + self.smoothing * level
        positive = self.weights if several else None
        losses = F.binary_cross_entropy_with_logits(outputs, smooth, pos_weight=positive, reduction="none").sum(1)
        return losses * (shares @ self.weights) if self.weights is not None and not several else losses

    def _distance(self, outputs: Tensor, targets: Tensor) -> Tensor:
        distance = F.smooth_l1_loss if self.loss == "smooth_l1" else F.mse_loss
        return distance(outputs, targets, reduction="none")

    def standardize(self, targets: Tensor) -> Tensor:
        """Regression targets (N, C) as z-scores: less the mean of the training images, over their deviation."""
        return targets if self.mean is None or self.std is None else (targets.float() - self.mean) / self.std

    @torch.no_grad()
    def start(self, head: Head, *, new_head: bool) -> None:
        """Gets a head ready for training. One that answers in the targets' units is standardized."""
        if self.mean is not None and self.std is not None and not new_head:
            head.bias.copy_((head.bias - self.mean) / self.std)
            head.weight.copy_(head.weight / _rows(self.std, head.weight))

    @contextmanager
    def in_units(self, head: Head) -> Iterator[None]:
        """Within it the head answers in the targets' units, as a saved one does; afterwards it is what it was.

        The scale is folded into the head's weights, so that any library that opens the checkpoint answers so.
        """
        if self.mean is None or self.std is None:
            yield
            return
        weight, bias = head.weight.detach().clone(), head.bias.detach().clone()
        with torch.no_grad():
            head.weight.copy_(weight * _rows(self.std, weight))
            head.bias.copy_(bias * self.std + self.mean)
        try:
            yield
        finally:
            with torch.no_grad():
                head.weight.copy_(weight)
                head.bias.copy_(bias)


def as_shares(targets: Tensor, num_classes: int) -> Tensor:
    """Class indices (N,) as shares (N, C), 1 for the class; what is (N, C) already as it is. float32."""
    return F.one_hot(targets, num_classes).float() if targets.ndim == 1 else targets.float()


def class_weights(targets: np.ndarray, num_classes: int) -> np.ndarray:
    """How much an image of each class counts, float64 (C,), so that all classes count alike.

    One class of many: N / (classes that occur x images of the class), 1 on average over the images, and for a
    class without images. Several classes: images without the class for each one with it, from 1/100 to 100.

    Source: scikit-learn's "balanced" weights; `pos_weight` in PyTorch.
    """
    if targets.ndim == 2:
        having = targets.sum(0).astype(np.float64)
        ratio = (len(targets) - having) / np.maximum(having, 1)
        return np.where(having > 0, np.clip(ratio, 1 / MAX_POSITIVE_WEIGHT, MAX_POSITIVE_WEIGHT), 1.0)
    counts = np.bincount(targets, minlength=num_classes)
    return np.where(counts > 0, len(targets) / (np.count_nonzero(counts) * np.maximum(counts, 1)), 1.0)


def _rows(values: Tensor, weight: Tensor) -> Tensor:
    """One value for each row of a weight (C, ...), in a shape that multiplies it."""
    return values.view(-1, *(1,) * (weight.ndim - 1))


def _scale(targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each output, float32 (C,); 1 where all targets are equal."""
    std = targets.std(0, dtype=np.float64)
    return targets.mean(0, dtype=np.float64).astype(np.float32), np.where(std > 0, std, 1.0).astype(np.float32)

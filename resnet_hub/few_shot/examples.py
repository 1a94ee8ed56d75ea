"""The images that classes are learned from, as features: classes enough, and images enough of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import torch
from torch import Tensor

from resnet_hub.checks import check_integer
from resnet_hub.errors import ConfigError, ImageError

LEAST = 3
"""Images of a class: with one left out, two are the least that say how much images of it differ."""
MOST = 500
"""Images in all. Each is left out once, which takes the cube of their number; whoever has more fine-tunes."""


@dataclass(frozen=True, eq=False)
class Examples:
    """Features with their classes.

    Raises:
        ConfigError: There are fewer than two classes, two of one name, or none of its images; or more than `MOST`
            images, or a class has fewer than `LEAST`.
        ImageError: The features are not finite, or not one row for each target.
    """

    label_names: tuple[str, ...]
    """The classes, in the order of the outputs."""
    targets: Tensor
    """The class of each image: int64 (N,)."""
    features: Tensor
    """What the head is made on: (N, features), as `ImageClassifier.features_of` gives them."""

    def __post_init__(self) -> None:
        check_counts(self.label_names, self.counts)
        if self.features.ndim != 2 or len(self.features) != len(self.targets):
            shape = tuple(self.features.shape)
            raise ImageError("few_shot.other_features", shape=shape, count=len(self.targets))
        if not self.features.isfinite().all():
            raise ImageError("few_shot.not_finite")

    @property
    def counts(self) -> list[int]:
        """Images of each class."""
        for target in self.targets.tolist():
            check_integer("target", target, 0, len(self.label_names) - 1)
        return torch.bincount(self.targets, minlength=len(self.label_names)).tolist()

    @property
    def one_hot(self) -> Tensor:
        """float64 (N, classes)."""
        return torch.nn.functional.one_hot(self.targets, len(self.label_names)).double()


def check_counts(label_names: Sequence[str], counts: Sequence[int]) -> None:
    """Raises: ConfigError where classes with so many images of each cannot be learned."""
    if len(label_names) < 2:
        raise ConfigError("few_shot.one_class", count=len(label_names))
    twice = next((name for name in label_names if label_names.count(name) > 1), None)
    if twice is not None:
        raise ConfigError("few_shot.two_of_a_name", name=twice)
    if sum(counts) > MOST:
        raise ConfigError("few_shot.many_images", count=sum(counts), most=MOST)
    for name, count in zip(label_names, counts, strict=True):
        if count < LEAST:
            raise ConfigError("few_shot.few_images", name=name, count=count, least=LEAST)


def digest_of(pixels: Tensor) -> bytes:
    """What tells whether a network sees the same image twice, of its pixels uint8 (C, H, W)."""
    return sha256(repr(tuple(pixels.shape)).encode() + pixels.contiguous().cpu().numpy().tobytes()).digest()

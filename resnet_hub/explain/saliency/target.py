"""The target of an explanation: which class, of which pixels, by which network."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from resnet_hub.checks import check_integer
from resnet_hub.classifier import ImageClassifier
from resnet_hub.errors import CheckpointError, ImageError
from resnet_hub.models import PretrainedNetwork
from resnet_hub.preprocessing import normalize

ROUNDING = {torch.float32: 1e-4, torch.bfloat16: 2e-2}
"""A difference below this part of a score may be rounding, so it counts as none."""


@dataclass(frozen=True, eq=False)
class Target:
    """Why does this network give these pixels this score for this class?

    Raises:
        ConfigError: The network has no such class.
        ImageError: The pixels are not those of one image.
    """

    classifier: ImageClassifier
    """The classifier that gave the answer; its network is read and never changed."""
    pixels: Tensor
    """What the network saw: uint8 (C, H, W), 0-255, as the classifier prepares it."""
    class_index: int
    """The network's output, counted from 0."""

    def __post_init__(self) -> None:
        check_integer("class_index", self.class_index, 0, self.model.num_classes - 1)
        if self.pixels.ndim != 3:
            raise ImageError("explain.pixels", shape=tuple(self.pixels.shape))

    @property
    def model(self) -> PretrainedNetwork:
        """The network as its weights are, in evaluation mode."""
        return self.classifier.model

    @property
    def label(self) -> str:
        """The name of the class; text from the checkpoint, so not to be trusted as HTML."""
        return self.classifier.label_names[self.class_index]

    def images(self) -> Tensor:
        """The network's input (1, C, H, W), on its device and in the dtype of its weights. Raises: ImageError."""
        parameter = next(self.model.parameters())
        return normalize(self.pixels.to(parameter.device), self.classifier.preprocessing).to(parameter.dtype)

    @property
    def rounding(self) -> float:
        """The part of a score that may be rounding, in the dtype that the classifier computes in."""
        half = self.classifier.precision == "bf16" or next(self.model.parameters()).dtype != torch.float32
        return ROUNDING[torch.bfloat16 if half else torch.float32]

    def covered(self, mask: Tensor) -> Tensor:
        """The pixels with the mean color of the images that the network was trained on where a mask (H, W) says."""
        mean = torch.tensor(self.classifier.preprocessing.mean).mul(255).round().clamp(0, 255)
        return torch.where(mask, mean.to(torch.uint8)[:, None, None], self.pixels)

    def scores(self, logits: Tensor) -> Tensor:
        """The scores of the class (N), float64 on the CPU, of logits (N, num_classes).

        In float64, because near 1 a drop that is worth showing may be smaller than a step of float32.

        Raises:
            CheckpointError: The logits are not finite.
        """
        logits = logits.detach().cpu().to(torch.float64)
        if not logits.isfinite().all():
            raise CheckpointError("explain.not_finite")
        return self.classifier.scores(logits)[:, self.class_index]

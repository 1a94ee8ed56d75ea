"""A heat map: where in the image the evidence for a class is, as values from 0 to 1."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from resnet_hub.checks import check_choice
from resnet_hub.classifier import ImageClassifier
from resnet_hub.explain.saliency.class_activation import class_activation
from resnet_hub.explain.saliency.occlusion import score_drops
from resnet_hub.explain.saliency.target import Target

METHODS = ("grad-cam", "hires-cam", "occlusion")


@dataclass(frozen=True, eq=False)
class HeatMap:
    """Where in the image that the network saw the evidence for a class is."""

    values: np.ndarray
    """float32 (H, W), 0 to 1: 1 is the strongest evidence in this image; all 0 where nothing speaks for the class."""
    class_index: int
    """The class, as an output of the network counted from 0."""
    label: str
    """The name of the class; text from the checkpoint, so not to be trusted as HTML."""
    score: float
    """The score of the class for the whole image, as in a `Prediction`."""
    method: str
    """One of `METHODS`."""
    largest_drop: float | None = None
    """Occlusion only: how far the score falls, at most, when one patch is covered; 0 where it never does."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing in the image speaks for the class."""
        return not self.values.any()

    def image(self) -> Image.Image:
        """The map in gray, L: white is 1."""
        return Image.fromarray(np.rint(255 * self.values).astype(np.uint8))


def heat_map(
    classifier: ImageClassifier,
    pixels: Tensor,
    class_index: int,
    method: str = "hires-cam",
    *,
    give_up: Callable[[], bool] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> HeatMap:
    """Where in the image the evidence for a class is; the network is not modified, and calls are thread-safe.

    Args:
        classifier: Whose answer is to be explained.
        pixels: What its network saw: uint8 (C, H, W).
        class_index: The class, counted from 0.
        method: "hires-cam" or "grad-cam" take one pass and are as coarse as the last feature map; "occlusion" covers
            up to 64 patches one by one and asks again, which is slower but needs no trust in gradients.
        give_up: Asked before each pass of an occlusion; true where nobody waits for the map any more.
        progress: Told after each pass of an occlusion how many places have been covered, and how many there are.

    Raises:
        ConfigError: There is no such class or method.
        ImageError: The pixels are not those of one image of the right channels.
        CheckpointError: The network's answer is not finite.
        TimeoutError: It was given up.
    """
    check_choice("method", method, METHODS)
    target = Target(classifier, pixels, class_index)
    occluded = method == "occlusion"
    grid, score = score_drops(target, give_up, progress) if occluded else class_activation(target, method)
    values = F.interpolate(grid[None, None], pixels.shape[1:], mode="bilinear")[0, 0].clamp(min=0)
    strongest = values.max()
    if strongest > 0:
        values = values / strongest
    drop = max(0.0, float(grid.max())) if occluded else None
    return HeatMap(values.numpy(), class_index, target.label, score, method, drop)

"""What training minimises: the loss, and how classes count that have few images."""

from __future__ import annotations

from dataclasses import dataclass

from resnet_hub.checks import check_choice
from resnet_hub.errors import ConfigError

from .base import Settings, setting

# The losses that fit each task; the first is taken where none is asked for.
LOSSES = {
    "single_label": ("cross_entropy", "bce"),
    "multi_label": ("bce",),
    "regression": ("smooth_l1", "mse"),
}


@dataclass(frozen=True)
class ObjectiveSettings(Settings):
    """What training minimises."""

    loss: str = setting(
        "auto",
        "cross_entropy, bce (each class by itself), smooth_l1, mse (in standard deviations of the targets); auto takes "
        "cross_entropy for one class of many, bce for several classes, smooth_l1 for numbers",
    )
    class_weights: str = setting(
        "none", "none, or auto: rare classes count more, as the inverse of their number of images"
    )
    balanced_sampling: bool = setting(False, "draw equally many images of each class in an epoch, some of them twice")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("--loss", self.loss, ("auto", *dict.fromkeys(sum(LOSSES.values(), ()))))
        check_choice("--class-weights", self.class_weights, ("none", "auto"))
        if self.balanced_sampling and self.class_weights == "auto":
            raise ConfigError("settings.balanced_twice")

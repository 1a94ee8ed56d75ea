"""What training does with the pictures: what is learned of them, which are held out, how the others are varied."""

from __future__ import annotations

from dataclasses import dataclass

from resnet_hub.checks import check_choice, check_integer, check_range
from resnet_hub.config import TASKS
from training.settings.base import Settings, setting


@dataclass(frozen=True)
class SplitSettings(Settings):
    """What is learned of the pictures, and which are held out."""

    task: str = setting("auto", "single_label, multi_label or regression; auto decides by the type of the label column")
    val_fraction: float = setting(0.2, "share of train held out when there is no validation split, 0 to 1")
    drop_duplicates: bool = setting(False, "leave pictures out of train that validation or test have too")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("--task", self.task, ("auto", *TASKS))
        check_range("--val-fraction", self.val_fraction, 0.001, 0.9)


@dataclass(frozen=True)
class AugmentSettings(Settings):
    """How pictures are varied in training."""

    min_crop_area: float = setting(0.35, "smallest share of the picture's area that a random crop keeps, 0 to 1")
    shift: int = setting(0, "largest random shift in pixels, in place of random crops where above 0")
    flip: bool = setting(True, "mirror half of the pictures; wrong where left and right differ, as in digits")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("--shift", self.shift, 0, 1024)
        check_range("--min-crop-area", self.min_crop_area, 0.01, 1)

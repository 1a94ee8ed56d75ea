"""What training does with the images: what is learned of them, which are held out, how the others are varied."""

from __future__ import annotations

from dataclasses import dataclass

from resnet_hub.checks import check_choice, check_integer, check_range
from resnet_hub.config import MAX_INPUT_SIZE, TASKS
from resnet_hub.errors import ConfigError

from .base import Settings, setting


@dataclass(frozen=True)
class SplitSettings(Settings):
    """What is learned of the images, and which are held out."""

    task: str = setting("auto", "single_label, multi_label or regression; auto decides by the type of the label column")
    val_fraction: float = setting(0.2, "share of train held out when there is no validation split, 0 to 1")
    drop_duplicates: bool = setting(False, "leave images out of train that validation or test have too")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("--task", self.task, ("auto", *TASKS))
        check_range("--val-fraction", self.val_fraction, 0.001, 0.9)


@dataclass(frozen=True)
class CacheSettings(Settings):
    """What is kept of decoded images."""

    cache_gb: float | None = setting(
        None, "gigabytes of decoded images kept for later epochs and runs, 0 for none; by what is free where absent"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.cache_gb is not None:
            check_range("--cache-gb", self.cache_gb, 0, 1e6)


USUAL_CROP = 0.35
"""Smallest share of an image's area in a random crop."""


@dataclass(frozen=True)
class AugmentSettings(Settings):
    """How images are varied in training."""

    min_crop_area: float = setting(USUAL_CROP, "smallest share of the image's area that a random crop keeps, 0 to 1")
    shift: int = setting(0, "largest random shift in pixels, in place of random crops where above 0")
    flip: bool = setting(True, "mirror half of the images; wrong where left and right differ, as in digits")
    policy: str = setting(
        "none",
        "random colors and shapes: none, trivialaugment, or a policy of timm such as rand-m9-mstd0.5, augmix, 3a",
    )
    erasing: float = setting(0.0, "probability of erasing a random rectangle, 0 to 1")
    mixup: float = setting(0.0, "alpha of mixup: images of a batch are blended in pairs; 0 is off")
    cutmix: float = setting(0.0, "alpha of cutmix: images of a batch swap rectangles in pairs; 0 is off")
    mix_probability: float = setting(1.0, "share of the batches that mixup and cutmix change, 0 to 1")
    start_size: int | None = setting(
        None, "side in pixels that training starts with; it grows to the input's over the first three quarters"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("--shift", self.shift, 0, 1024)
        check_range("--min-crop-area", self.min_crop_area, 0.01, 1)
        check_range("--erasing", self.erasing, 0, 1)
        check_range("--mixup", self.mixup, 0, 100)
        check_range("--cutmix", self.cutmix, 0, 100)
        check_range("--mix-probability", self.mix_probability, 0, 1)
        if self.shift and self.min_crop_area != USUAL_CROP:
            raise ConfigError("settings.shift_and_crop")
        if self.mix_probability != 1 and not (self.mixup or self.cutmix):
            raise ConfigError("settings.nothing_to_mix")
        if self.start_size is not None:
            check_integer("--start-size", self.start_size, 8, MAX_INPUT_SIZE)

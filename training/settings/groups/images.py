"""What training does with images: splits, cache, augmentation, streaming."""

from __future__ import annotations

from dataclasses import dataclass

from resnet_hub.checks import check_choice, check_integer, check_range
from resnet_hub.config import MAX_INPUT_SIZE, TASKS
from resnet_hub.errors import ConfigError

from ..base import Settings, flag_of, setting


@dataclass(frozen=True)
class SplitSettings(Settings):
    """The task, and which images are held out."""

    task: str = setting(
        "auto",
        "single_label, multi_label or regression; auto decides by the type of the label column",
        choices=("auto", *TASKS),
    )
    val_fraction: float = setting(0.2, "share of train held out when there is no validation split, 0 to 1")
    drop_duplicates: bool = setting(False, "leave images out of train that validation or test have too")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("--task", self.task, ("auto", *TASKS))
        check_range("--val-fraction", self.val_fraction, 0.001, 0.9)


AUTO_CHECK, AGAIN, LAZY = "auto", "again", "lazy"


@dataclass(frozen=True)
class CheckSettings(Settings):
    """When every image is opened to see whether it can be decoded."""

    check: str = setting(
        AUTO_CHECK,
        "when images are opened to be checked: auto, before training, but for those that are as when last checked; "
        "again, all of them; lazy, those of train in the first epoch, for very large sets",
        choices=(AUTO_CHECK, AGAIN, LAZY),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("--check", self.check, (AUTO_CHECK, AGAIN, LAZY))


@dataclass(frozen=True)
class CacheSettings(Settings):
    """The cache of decoded images."""

    cache_gb: float | None = setting(
        None,
        "gigabytes of decoded images kept for later epochs and runs, 0 for none; by what is free where absent",
        public=False,
        may_change=True,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.cache_gb is not None:
            check_range("--cache-gb", self.cache_gb, 0, 1e6)


USUAL_CROP = 0.35
"""Smallest share of an image's area in a random crop; torchvision's RandomResizedCrop takes 0.08."""


@dataclass(frozen=True)
class AugmentSettings(Settings):
    """Data augmentation."""

    min_crop_area: float = setting(
        USUAL_CROP, "smallest scale of a random resized crop: share of the image's area, 0 to 1"
    )
    shift: int = setting(0, "largest random shift in pixels, in place of random crops where above 0")
    flip: bool = setting(True, "mirror half of the images; wrong where left and right differ, as in digits")
    auto_augment: str = setting(
        "none",
        "augmentation policy: none, trivialaugment, or one of timm such as rand-m9-mstd0.5 (RandAugment), augmix, 3a",
    )
    color_jitter: float = setting(
        0.0, "brightness, contrast and color times random factors, at most so far from 1; 0 is off, 0.4 is usual"
    )
    random_erasing: float = setting(0.0, "probability of erasing a random rectangle, 0 to 1")
    mixup: float = setting(0.0, "alpha of mixup, which blends images of a batch in pairs; 0 is off")
    cutmix: float = setting(0.0, "alpha of cutmix, which swaps rectangles between images of a batch in pairs; 0 is off")
    mix_probability: float = setting(1.0, "share of the batches that mixup and cutmix change, 0 to 1")
    start_size: int | None = setting(
        None,
        "progressive resizing: side in pixels that training starts with; it grows to the input's over three quarters",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("--shift", self.shift, 0, 1024)
        check_range("--min-crop-area", self.min_crop_area, 0.01, 1)
        check_range("--random-erasing", self.random_erasing, 0, 1)
        check_range("--color-jitter", self.color_jitter, 0, 1)
        if self.color_jitter and self.auto_augment != "none":
            raise ConfigError("settings.jitter_and_policy", policy=self.auto_augment)
        check_range("--mixup", self.mixup, 0, 100)
        check_range("--cutmix", self.cutmix, 0, 100)
        check_range("--mix-probability", self.mix_probability, 0, 1)
        if self.shift and self.min_crop_area != USUAL_CROP:
            raise ConfigError("settings.shift_and_crop")
        if self.mix_probability != 1 and not (self.mixup or self.cutmix):
            raise ConfigError("settings.nothing_to_mix")
        if self.start_size is not None:
            check_integer("--start-size", self.start_size, 8, MAX_INPUT_SIZE)


@dataclass(frozen=True)
class StreamSettings(Settings):
    """Streaming: a dataset that is read while it trains."""

    streaming: bool = setting(False, "read images as they come instead of loading the dataset; needs --max-steps")
    max_steps: int | None = setting(None, "batches per process that make one epoch of a stream")
    shuffle_buffer: int = setting(1000, "images of a stream that are mixed at a time")
    stream_images: int = setting(1000, "most images of a stream that are held out, and that are tested on")
    label_names: str | None = setting(None, "class names of a stream that declares none, in index order, as a,b,c")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_steps is not None:
            check_integer("--max-steps", self.max_steps, 1, 10**9)
        check_integer("--shuffle-buffer", self.shuffle_buffer, 1, 10**7)
        check_integer("--stream-images", self.stream_images, 2, 10**6)
        if self.streaming and self.max_steps is None:
            raise ConfigError("settings.no_max_steps")
        for name in () if self.streaming else ("max_steps", "label_names"):
            if getattr(self, name) is not None:
                raise ConfigError("settings.not_streaming", flag=flag_of(name))

"""What a network's input is (`Preprocessing`): frozen, JSON both ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from numbers import Integral, Real
from typing import Any

from resnet_hub.checks import check_choice, check_integer, check_range, nearest
from resnet_hub.errors import ConfigError

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
MAX_INPUT_SIZE = 4_096
MAX_VALUE = 1e30  # of an image, below what float32 holds
IMAGE_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
"""Pillow's modes by channels of the input; of other channels are satellites' images, for one."""


@dataclass(frozen=True)
class Preprocessing:
    """How an image becomes the network's input; it travels with the weights.

    Source: the keys and their meaning are those of `pretrained_cfg` in timm.
    """

    input_size: tuple[int, int, int] = (3, 224, 224)
    """Channels, height and width in pixels."""
    interpolation: str = "bicubic"
    """Resampling filter of the resize: nearest, bilinear, bicubic or lanczos."""
    crop_pct: float = 0.875
    """Side of the crop divided by the side the image is resized to, above 0 and up to 1."""
    crop_mode: str = "center"
    """center: shortest side, then crop. squash: ignore the aspect ratio. border: longest side, then pad."""
    mean: tuple[float, ...] = IMAGENET_MEAN
    """Mean of each channel, on the scale 0 to 1."""
    std: tuple[float, ...] = IMAGENET_STD
    """Standard deviation of each channel, on the scale 0 to 1."""
    value_range: tuple[tuple[float, float], ...] | None = None
    """The values that become 0 and 1 where an image's are not of 8 bits: one pair, or one for each channel."""

    def __post_init__(self) -> None:
        check_choice("interpolation", self.interpolation, ("nearest", "bilinear", "bicubic", "lanczos"))
        check_choice("crop_mode", self.crop_mode, ("center", "squash", "border"))
        check_range("crop_pct", self.crop_pct, 0.05, 1)
        if len(self.input_size) != 3:
            raise ConfigError("config.input_size", size=self.input_size)
        for name, size in zip(("channels", "height", "width"), self.input_size, strict=True):
            check_integer(f"input_size {name}", size, 1, MAX_INPUT_SIZE)
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) != self.input_size[0]:
                numbers, channels = len(values), self.input_size[0]
                raise ConfigError("config.numbers_for_each_channel", name=name, numbers=numbers, channels=channels)
            for value in values:
                check_range(name, value, -255, 255)
        if min(self.std) <= 0:
            raise ConfigError("config.std_above_0", std=self.std)
        if self.value_range is not None:
            object.__setattr__(self, "value_range", _checked_range(self.value_range, self.input_size[0]))

    def to_json(self) -> dict[str, Any]:
        """The fields as plain JSON values; a range of values only where there is one, for timm knows no such key."""
        values = {field.name: plain(getattr(self, field.name)) for field in fields(self)}
        if self.value_range is None:
            del values["value_range"]
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Preprocessing:
        """The inverse of `to_json`; absent keys take their defaults. Raises: ConfigError."""
        return cls(**checked_keys(cls, values))

    def with_channels(self, in_chans: int) -> Preprocessing:
        """The same for another number of channels: gray takes the average, more channels repeat the first ones."""
        if in_chans == self.input_size[0]:
            return self

        def adapted(values: tuple[float, ...]) -> tuple[float, ...]:
            if in_chans == 1:
                return (round(sum(values) / len(values), 6),)
            return tuple(values[channel % len(values)] for channel in range(in_chans))

        size = (in_chans, *self.input_size[1:])
        kept = self.value_range if self.value_range is None or len(self.value_range) == 1 else None
        return replace(self, input_size=size, mean=adapted(self.mean), std=adapted(self.std), value_range=kept)

    def in_words(self) -> str:
        """How an image becomes the network's input, in one sentence."""
        channels, height, width = self.input_size
        grown = tuple(int(side / self.crop_pct) for side in (height, width))
        size = f"{width} x {height} px"
        method = f"({self.interpolation})"
        if self.crop_mode == "squash":
            fitting = f"squashed to {grown[1]} x {grown[0]} px {method}, {size} center crop"
        elif self.crop_mode == "border":
            fitting = f"longest side to {max(grown)} px {method}, padded or cropped to {size}"
        else:
            fitting = f"shortest side to {min(grown)} px {method}, {size} center crop"
        mean, std = (", ".join(f"{value:.3g}" for value in values) for values in (self.mean, self.std))
        turned = "Turned upright and grey" if channels == 1 else "Turned upright"
        if self.value_range is not None:
            pairs = ", ".join(f"{low:g} to {high:g}" for low, high in self.value_range)
            turned += f", values that are not of 8 bits scaled from {pairs}"
        return f"{turned}, {fitting}, then normalised with mean {mean} and std {std}."


def checked_keys(cls: type[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` with lists as tuples. Raises: ConfigError for a key the class lacks, or a value of another type."""
    known = {field.name: field for field in fields(cls)}
    checked: dict[str, Any] = {}
    for key, value in values.items():
        if key not in known:
            raise ConfigError("config.unknown_option", name=key, nearest=nearest(key, known))
        checked[key] = tuple(map(_number, value)) if isinstance(value, list | tuple) else _number(value)
        default = known[key].default
        if isinstance(default, tuple) and not isinstance(checked[key], tuple):
            raise ConfigError("config.no_list", name=key, value=value, usual=list(default))
        if isinstance(default, bool) and not isinstance(value, bool):
            raise ConfigError("config.true_or_false", name=key, value=value)
    return checked


def _checked_range(pairs: Any, channels: int) -> tuple[tuple[float, float], ...]:
    """Pairs of a low and a higher finite number, one or as many as channels. Raises: ConfigError."""
    try:
        checked = tuple((float(low), float(high)) for low, high in pairs)
        if len(checked) in (1, channels) and all(-MAX_VALUE <= low < high <= MAX_VALUE for low, high in checked):
            return checked
    except (TypeError, ValueError, OverflowError):
        pass
    raise ConfigError("config.value_range", value=str(pairs)[:200], channels=channels)


def plain(value: Any) -> Any:
    """A value as JSON has it: tuples as lists, and numpy's numbers as Python's."""
    return [plain(item) for item in value] if isinstance(value, tuple) else _number(value)


def _number(value: Any) -> Any:
    """A number of numpy's as one of Python's, for JSON and torch; anything else as it is."""
    if type(value) in (bool, int, float):
        return value
    return int(value) if isinstance(value, Integral) else float(value) if isinstance(value, Real) else value

"""The range of training images' values where they are not of 8 bits, and the mean and spread of several bands."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from resnet_hub.config import IMAGE_MODES, Preprocessing
from resnet_hub.errors import ImageError
from resnet_hub.images import HEAD_BYTES, Raster, image_format, open_image, values_of

from .split import Split

logger = logging.getLogger(__name__)

LOOKED_AT = 1000
"""Images of which the format is looked at, evenly over the training split."""
MEASURED = 250
"""Images whose values are read."""
PIXELS = 4096
"""Of one image."""
TAILS = (0.1, 99.9)
"""Percentiles that a range reaches from and to, so that a single hot pixel does not darken all others."""
WIDE_PNG = 24
"""The byte of a PNG that says the bits of a value."""


@dataclass(frozen=True)
class Measured:
    """Values of some training images, (pixels, C) of each, and what the files declare of their range."""

    parts: list[np.ndarray]
    declared: set[tuple[float, float] | None]
    images: int
    """How many the split has."""

    @property
    def values(self) -> np.ndarray:
        """All of them, (pixels, C); those that are no number left out."""
        values = np.concatenate(self.parts)
        return values[np.isfinite(values).all(1)]

    @property
    def are_wide(self) -> bool:
        """Whether any are not of 8 bits."""
        return any(part.dtype not in (np.uint8, np.bool_) for part in self.parts)


def with_values(preprocessing: Preprocessing, split: Split, given: tuple[float, float] | None) -> Preprocessing:
    """The preprocessing with the range of values that are not of 8 bits; says in a line which, and how to choose.

    The range given is taken, else the one that comes with the network, else what training images hold: the bit depth
    of whole numbers in 1, 3 or 4 channels, 0 to 1 where all values are, else for each band the span of all but one in a
    thousand values at each end. A network of other channels whose mean and spread are only those of RGB, repeated,
    takes those of the images.

    Args:
        preprocessing: That of the network.
        split: The training images.
        given: The value that becomes 0 and the one that becomes 1.

    Raises:
        ImageError: An image has other bands than the network has channels.
    """
    measured = _measured(preprocessing, split)
    if given is not None:
        preprocessing = replace(preprocessing, value_range=(given,))
    elif measured.are_wide and preprocessing.value_range is None:
        found, how = _found(measured)
        preprocessing = replace(preprocessing, value_range=found)
        logger.info(
            "values %s: %s in %s of %s training images; --value-range LOW,HIGH chooses otherwise",
            _in_words(found),
            how,
            f"{len(measured.parts):,}",
            f"{measured.images:,}",
        )
    elif measured.are_wide and preprocessing.value_range is not None:
        known = _in_words(preprocessing.value_range)
        logger.info("values %s, as the network was trained; --value-range LOW,HIGH chooses otherwise", known)
    return _with_spread(preprocessing, measured)


def _measured(preprocessing: Preprocessing, split: Split) -> Measured:
    channels = preprocessing.input_size[0]
    parts: list[np.ndarray] = []
    declared: set[tuple[float, float] | None] = set()
    for content, name in _candidates(split, channels):
        try:
            found = values_of(content, name=name, channels=channels)
        except ImageError:
            continue  # damaged, which is found and told elsewhere
        if not isinstance(found, Raster):
            found = Raster(np.atleast_3d(np.asarray(found)))
        if found.values.shape[2] != channels:
            open_image(content, name=name, preprocessing=preprocessing)
        colors = found.values[..., :-1] if found.alpha else found.values
        rows = colors.reshape(-1, colors.shape[2])
        parts.append(rows[:: max(1, len(rows) // PIXELS)])
        declared.add(found.declared)
        if len(parts) == MEASURED:
            break
    widths = {part.shape[1] for part in parts}
    if len(widths) > 1:  # gray ones and colored ones: one range for all channels
        parts = [part.reshape(-1, 1) for part in parts]
    return Measured(parts, declared, len(split))


def _candidates(split: Split, channels: int) -> Iterator[tuple[bytes | str, str]]:
    """Images whose values may be of more than 8 bits, by their first bytes; all where the network takes no RGB."""
    chosen = np.unique(np.linspace(0, len(split) - 1, min(LOOKED_AT, len(split))).round().astype(int))
    for index in np.random.default_rng(0).permutation(chosen):
        content, name = split.image(int(index))
        if channels not in IMAGE_MODES or _may_be_wide(content):
            yield content, name


def _may_be_wide(content: bytes | str) -> bool:
    try:
        if isinstance(content, bytes):
            head = content[:HEAD_BYTES]
        else:
            with Path(content).open("rb") as file:
                head = file.read(HEAD_BYTES)
    except OSError:
        return False
    found = image_format(head)
    return found in ("TIFF", "NumPy", "PPM") or (found == "PNG" and head[WIDE_PNG : WIDE_PNG + 1] == b"\x10")


def _found(measured: Measured) -> tuple[tuple[tuple[float, float], ...], str]:
    """The range of the measured values, and how it was found."""
    wide = [part for part in measured.parts if part.dtype not in (np.uint8, np.bool_)]
    if len(measured.declared) == 1 and (told := next(iter(measured.declared))) is not None:
        return (told,), "declared by the files"
    measured = replace(measured, parts=wide)
    values = measured.values
    if not len(values):
        return ((0.0, 1.0),), "no number"
    least, most = float(values.min()), float(values.max())
    if values.dtype.kind == "f" and least >= 0 and most <= 1:
        return ((0.0, 1.0),), "found"
    if values.dtype.kind in "ui" and least >= 0 and values.shape[1] in IMAGE_MODES:
        bits = next((depth for depth in (8, 10, 12, 14, 16) if most < 2**depth), None)
        if bits:
            return ((0.0, float(2**bits - 1)),), f"{bits} bits hold the values up to {most:g} that were found"
    ends = np.percentile(values, TAILS, axis=0).T.tolist()
    return tuple((low, high if high > low else low + 1) for low, high in ends), "found"


def _with_spread(preprocessing: Preprocessing, measured: Measured) -> Preprocessing:
    """With the mean and the standard deviation of the images, where those of RGB are repeated over other channels."""
    channels = preprocessing.input_size[0]
    repeated = preprocessing.with_channels(3).with_channels(channels)
    if (
        channels in IMAGE_MODES
        or not measured.parts
        or (repeated.mean, repeated.std)
        != (
            preprocessing.mean,
            preprocessing.std,
        )
    ):
        return preprocessing
    values = measured.values.astype(np.float64)
    if measured.are_wide and preprocessing.value_range is not None:
        low, high = np.array(preprocessing.value_range).T
        shares = ((values - low) / (high - low)).clip(0, 1)
    else:
        shares = values / 255
    mean, std = shares.mean(0), np.maximum(shares.std(0), 1 / 255)
    logger.info("spread mean and standard deviation of %d channels taken from the training images", channels)
    return replace(
        preprocessing,
        mean=tuple(round(float(value), 6) for value in mean),
        std=tuple(round(float(value), 6) for value in std),
    )


def _in_words(pairs: tuple[tuple[float, float], ...]) -> str:
    ends = [f"{low:g} to {high:g}" for low, high in pairs]
    return ", ".join(ends) if len(ends) < 4 else f"{', '.join(ends[:2])}, ..., {ends[-1]} (a range for each band)"

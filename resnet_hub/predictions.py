"""What is said of an image: a class with its score, and a whole classification with its times."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image


@dataclass(frozen=True)
class Prediction:
    """One class that an image may show."""

    label: str
    """The name of the class; text from the checkpoint, so not to be trusted as HTML."""
    index: int
    """The network's output, counted from 0."""
    score: float
    """Probability, 0 to 1: softmax over the classes, or each class's own sigmoid where several may apply.

    A regression network gives the plain value. A calibrated checkpoint applies temperature scaling to its logits first.
    """


@dataclass(frozen=True)
class Timings:
    """Where the time of one classification went, in milliseconds."""

    decode_ms: float
    """Reading the file, decoding it and turning it upright."""
    preprocessing_ms: float
    """Channels, resize and crop."""
    network_ms: float
    """Normalization, the network and softmax, with the copies to and from the device."""


@dataclass(frozen=True)
class Classification:
    """The answer to one image and how it came about."""

    predictions: list[Prediction]
    """The best classes, best first."""
    timings: Timings
    """Milliseconds of each step."""
    seen: Image.Image
    """What the network saw: resized and cropped; gray if it has one input channel, transparency laid over white.

    Of a network of other channels, the first three as red, green and blue."""

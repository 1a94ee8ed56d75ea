"""Images -> ranked labels: the only inference path, for the page, the command line and Python alike."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from threading import Lock
from time import perf_counter
from typing import Any, Self, overload

import torch
from PIL import Image
from torch import Tensor

from resnet_hub.checkpoint import Source
from resnet_hub.checks import check_choice, check_integer
from resnet_hub.errors import CheckpointError, ConfigError
from resnet_hub.images import image_of, visible
from resnet_hub.models import PretrainedNetwork
from resnet_hub.preprocessing import ImageSource, normalize, open_image, to_pixels
from resnet_hub.registry import imagenet_label_names
from resnet_hub.runtime import BACKENDS, Network, chosen_backend, fused_network
from resnet_hub.scores import scores, temperature_of

PRECISIONS = ("auto", "fp32", "bf16")


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


class ImageClassifier:
    """Images -> ranked labels with a loaded network. Thread-safe.

    A network of one input channel gets its images in gray, one of four gets their transparency as well, and one of
    other channels takes files of TIFF and numpy, and arrays, of as many bands.
    """

    def __init__(
        self,
        model: PretrainedNetwork,
        *,
        device: str | torch.device = "auto",
        precision: str = "auto",
        backend: str = "auto",
        batch_size: int = 32,
    ) -> None:
        """Takes the network over: it is moved to the device and put in evaluation mode.

        Args:
            model: A network with a head.
            device: "auto" is CUDA where there is one, else the CPU.
            precision: "bf16" computes in bfloat16, "fp32" as the weights are; "auto" is "bf16" on CUDA only.
            backend: How the network is run: "eager" is PyTorch as it stands; "fused" is a faster copy for the CPU,
                made of the weights at the first image; "auto" is "fused" where it is available.
            batch_size: Most images that a list is split into at a time.

        Raises:
            ConfigError: A setting that is not among the choices, or that this network or device does not have, or a
                network without a head.
            CheckpointError: The number of names is not the number of classes, or the temperature is invalid.
        """
        _check_choices(precision, backend)
        check_integer("batch_size", batch_size, 1, 65_536)
        self.device = _device(device)
        self.model = model.to(self.device).eval()
        self.precision = ("bf16" if self.device.type == "cuda" else "fp32") if precision == "auto" else precision
        self._dtype = next(model.parameters()).dtype
        self._computed_in = torch.bfloat16 if self.precision == "bf16" else self._dtype
        self.backend = chosen_backend(backend, self.model, self._computed_in)
        self._fused: Network | None = None
        self._fusing = Lock()
        self.batch_size = batch_size
        self.preprocessing = model.preprocessing
        self.label_names = _label_names(model)
        # It was found for the head that came with it.
        self.temperature = None if model.head_is_new else temperature_of(model.metadata)

    @classmethod
    def from_pretrained(
        cls,
        source: Source,
        *,
        device: str | torch.device = "auto",
        precision: str = "auto",
        backend: str = "auto",
        **options: Any,
    ) -> Self:
        """A classifier with published or saved weights; `options` are those of `ResNet.from_pretrained`.

        Raises:
            ConfigError: An invalid setting or option.
            CheckpointError: The folder or file does not hold this network.
            HubError: The Hub refused or could not be reached.
        """
        _check_choices(precision, backend)
        chosen = _device(device)
        model = PretrainedNetwork.from_pretrained(source, device=chosen, **options)
        return cls(model, device=chosen, precision=precision, backend=backend)

    @overload
    def __call__(
        self, images: list[ImageSource] | tuple[ImageSource, ...], top_k: int = 5
    ) -> list[list[Prediction]]: ...

    @overload
    def __call__(self, images: ImageSource, top_k: int = 5) -> list[Prediction]: ...

    def __call__(
        self, images: ImageSource | list[ImageSource] | tuple[ImageSource, ...], top_k: int = 5
    ) -> list[Prediction] | list[list[Prediction]]:
        """The `top_k` best classes of an image, best first; for a list or tuple, a list of such lists in its order.

        A regression network gives all its values, in the order of its outputs.

        Raises:
            ImageError: An image cannot be read; the message names it.
            ConfigError: `top_k` is below 1.
            CheckpointError: The network's answer is not finite.
        """
        if not isinstance(images, list | tuple):
            return self.classify(images, top_k).predictions
        _check_top_k(top_k)
        ranked: list[list[Prediction]] = []
        for start in range(0, len(images), self.batch_size):
            batch = images[start : start + self.batch_size]
            pixels = [self.prepare(image, name=_name(image, start + index)) for index, image in enumerate(batch)]
            ranked += [self.ranked(row, top_k) for row in self.scores_of(torch.stack(pixels))]
        return ranked

    def classify(self, image: ImageSource, top_k: int = 5, *, name: str | None = None) -> Classification:
        """The answer to one image with its timings and the image that the network saw; raises as calling does.

        Args:
            image: A path, a file's bytes, a PIL image or a uint8 array.
            top_k: How many of the best classes; all of them where there are fewer.
            name: What errors call the image; its path where absent.
        """
        _check_top_k(top_k)
        pixels, timings = self.prepare_timed(image, name=name)
        started = perf_counter()
        scores = self.scores_of(pixels[None])[0]
        return self.classification(pixels, scores, replace(timings, network_ms=1e3 * (perf_counter() - started)), top_k)

    def warm_up(self) -> None:
        """Runs the network on a blank image, so that the first real image does not wait for one-time setup."""
        self.scores_of(torch.zeros(1, *self.preprocessing.input_size, dtype=torch.uint8))

    def prepare(self, image: ImageSource, *, name: str | None = None) -> Tensor:
        """What the network sees of an image, uint8 (C, H, W); stacked, they are what `scores_of` takes.

        Raises:
            ImageError: The image cannot be read; the message calls it `name`, or by its path.
        """
        return self.prepare_timed(image, name=name)[0]

    def prepare_timed(self, image: ImageSource, *, name: str | None = None) -> tuple[Tensor, Timings]:
        """As `prepare`, with the times of its steps; the network's is 0."""
        started = perf_counter()
        opened = open_image(image, name=name, preprocessing=self.preprocessing)
        decoded = perf_counter()
        pixels = to_pixels(opened, self.preprocessing)
        return pixels, Timings(1e3 * (decoded - started), 1e3 * (perf_counter() - decoded), 0.0)

    def classification(self, pixels: Tensor, scores: Tensor, timings: Timings, top_k: int) -> Classification:
        """The answer to one prepared image, of its scores (num_classes,), which a batch with others may have given."""
        seen = visible(image_of(pixels.permute(1, 2, 0).numpy()))
        return Classification(self.ranked(scores, top_k), timings, seen)

    @torch.inference_mode()
    def scores_of(self, pixels: Tensor) -> Tensor:
        """Scores (N, num_classes), float32 on the CPU, of uint8 pixels (N, C, H, W), as `prepare` makes them.

        Raises:
            CheckpointError: The network's answer is not finite.
        """
        logits = self._logits(normalize(pixels.to(self.device), self.preprocessing)).float().cpu()
        if not logits.isfinite().all():
            raise CheckpointError("classifier.not_finite", precision=self.precision)
        return self.scores(logits)

    def _logits(self, images: Tensor) -> Tensor:
        """The logits (N, num_classes) of normalized images, float32 (N, C, H, W)."""
        if self.backend == "fused":
            with self._fusing:  # the first requests of a page may be concurrent
                self._fused = self._fused or fused_network(self.model, self._computed_in)
            return self._fused(images)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            return self.model(images.to(self._dtype))

    def scores(self, logits: Tensor) -> Tensor:
        """Scores (N, num_classes) of the network's logits, after temperature scaling."""
        return scores(logits, self.model.config.task, self.temperature)

    def ranked(self, scores: Tensor, top_k: int) -> list[Prediction]:
        """The `top_k` best classes, best first, of one image's scores (num_classes,)."""
        indices, values = self.rank(scores[None], top_k)
        pairs = zip(indices[0].tolist(), values[0].tolist(), strict=True)
        return [Prediction(self.label_names[index], index, score) for index, score in pairs]

    def rank(self, scores: Tensor, top_k: int) -> tuple[Tensor, Tensor]:
        """The best classes and their scores, best first, each (N, k), of many images' scores (N, num_classes).

        A regression network gives all its values, in the order of its outputs.
        """
        if self.model.config.task == "regression":  # every value is an answer, and a larger one is no better
            return torch.arange(scores.shape[1], device=scores.device).expand_as(scores), scores
        # A stable sort keeps equal scores in the order of the classes, which topk does not promise.
        best = scores.sort(dim=1, descending=True, stable=True)
        return best.indices[:, :top_k], best.values[:, :top_k]


def _label_names(model: PretrainedNetwork) -> tuple[str, ...]:
    """One name for each output: the checkpoint's, ImageNet's for 1000 classes without names, or "class 7"."""
    count, task = model.num_classes, model.config.task
    if count == 0:
        raise ConfigError("classifier.no_head")
    if model.label_names is None:
        if count == 1000 and task == "single_label":
            return imagenet_label_names()
        word = "value" if task == "regression" else "class"
        return tuple(f"{word} {index}" for index in range(count))
    if len(model.label_names) != count:
        raise CheckpointError("classifier.label_names", names=len(model.label_names), classes=count)
    return tuple(model.label_names)


def _check_choices(precision: str, backend: str) -> None:
    check_choice("precision", precision, PRECISIONS)
    check_choice("backend", backend, BACKENDS)


def _check_top_k(top_k: int) -> None:
    if isinstance(top_k, bool) or not isinstance(top_k, int) or top_k < 1:
        raise ConfigError("classifier.top_k", top_k=top_k)


def _device(device: str | torch.device) -> torch.device:
    """The device of that name. Raises: ConfigError when this machine does not have it."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ConfigError("classifier.unknown_device", device=device) from error
    count = torch.cuda.device_count()
    if chosen.type == "cuda" and (chosen.index or 0) >= count:
        raise ConfigError("classifier.no_such_device", device=str(device), count=count)
    return chosen


def _name(image: ImageSource, index: int) -> str | None:
    """What errors call the image at this place of a list; None leaves it to its path."""
    return None if isinstance(image, str | os.PathLike) else f"image {index + 1} of the list"

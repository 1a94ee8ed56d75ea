"""Images -> ranked labels: the only inference path, for the page, the command line and Python alike."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal, Self, overload

import numpy as np

from resnet_hub.checks import check_choice, check_integer, is_integer
from resnet_hub.errors import CheckpointError, ConfigError, ImageError, Phrase
from resnet_hub.images import image_of, visible
from resnet_hub.predictions import Classification, Prediction, Timings
from resnet_hub.preprocessing import Compute, ImageSource, are_images, batch_that_fits, image_rows
from resnet_hub.runtime import ExportedNetwork, ExportedRunner, RunningNetwork, exported_file
from resnet_hub.scores import Numbers, as_array, best_classes, of_kind, scores

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from resnet_hub.checkpoint import Source
    from resnet_hub.models import PretrainedNetwork

__all__ = ["PRECISIONS", "Classification", "ImageClassifier", "Prediction", "Timings"]

PRECISIONS = ("auto", "fp32", "bf16", "int8")
logger = logging.getLogger(__name__)


class ImageClassifier(RunningNetwork):
    """Images -> ranked labels with a loaded network. Thread-safe.

    A network of one input channel gets its images in gray, one of four gets their transparency as well, and one of
    other channels takes files of TIFF and numpy, and arrays, of as many bands. Methods of pixels, logits and scores
    take tensors or arrays, and give what they were given. An exported file answers without torch.
    """

    def __init__(
        self,
        model: PretrainedNetwork | ExportedNetwork,
        *,
        device: str | torch.device = "auto",
        precision: str = "auto",
        backend: str = "auto",
        batch_size: int | Literal["auto"] = "auto",
        calibration: str | Path | None = None,
        allow_loss: float | None = None,
    ) -> None:
        """Takes the network over: it is moved to the device and put in evaluation mode.

        Args:
            model: A network with a head; or an exported file, which runs on the CPU in the precision that it has.
            device: "auto" is CUDA where there is one, else the CPU.
            precision: "bf16" computes in bfloat16, "fp32" as the weights are; "auto" is "bf16" on CUDA only. "int8"
                exports the network as well, but stays in PyTorch where too many answers would change.
            backend: How the network is run: "eager" is PyTorch as it stands; "fused" is a faster copy for the CPU,
                made of the weights at the first image; "auto" is "fused" where it is available. "onnx" and "openvino"
                export the network once, and keep the file in the user's cache if it answers alike.
            batch_size: Most images of a list that go through the network together; "auto" is as many as take
                half a gigabyte of feature maps, up to 32. Answers do not depend on it but for rounding.
            calibration: A folder of 100 images or more to compare an export on; those of the package where absent.
            allow_loss: How many of 100 answers "int8" may change; 1 where absent.

        Raises:
            ConfigError: A setting that this network or device does not have, or a network without a head.
            CheckpointError: Names that are not one for each class, an invalid temperature, or a refused export.
        """
        self.taken: Phrase | None = None  # which runtime answers, why, and with what proof, where one was asked for
        if batch_size != "auto":
            check_integer("batch_size", batch_size, 1, 65_536)
        if isinstance(model, ExportedNetwork):
            super().__init__(ExportedRunner(model, str(device), precision, backend))
            together = model.feature_map_bytes
        else:
            from resnet_hub.models import feature_map_bytes
            from resnet_hub.runtime import Runner, checked_network, device_for, is_exported

            model = checked_network(model).to(device_for(device, precision, backend)).eval()
            if is_exported(precision, backend):
                from resnet_hub.export import runner_elsewhere

                run, self.taken = runner_elsewhere(model, backend, precision, calibration, allow_loss)
            else:
                run = Runner(model, backend, precision)
            super().__init__(run)
            together = feature_map_bytes(model)
        self.batch_size = batch_that_fits(together) if batch_size == "auto" else int(batch_size)
        _ = self.label_names, self.temperature  # what cannot be used is refused at once

    @classmethod
    def from_pretrained(
        cls,
        source: Source,
        *,
        device: str | torch.device = "auto",
        precision: str = "auto",
        backend: str = "auto",
        batch_size: int | Literal["auto"] = "auto",
        calibration: str | Path | None = None,
        allow_loss: float | None = None,
        **options: Any,
    ) -> Self:
        """A classifier with published or saved weights, or with an exported file, of which a folder may hold one alone.

        `options` are those of `ResNet.from_pretrained`; an exported file has none.

        Raises:
            ConfigError: An invalid setting or option.
            CheckpointError: The folder or file does not hold this network.
            HubError: The Hub refused or could not be reached.
        """
        how: dict[str, Any] = {"precision": precision, "backend": backend, "batch_size": batch_size}
        exporting: dict[str, Any] = {"calibration": calibration, "allow_loss": allow_loss}
        if (file := exported_file(source)) is not None:
            return cls(ExportedNetwork(file, backend, **exporting, **options), device=device, **how)
        from resnet_hub.models import PretrainedNetwork
        from resnet_hub.runtime import device_for

        chosen = device_for(device, precision, backend)
        model = PretrainedNetwork.from_pretrained(source, device=chosen, **options)
        return cls(model, device=chosen, **exporting, **how)

    # A text is one path, though it may be iterated.
    @overload
    def __call__(self, images: ImageSource, top_k: int = 5, *, progress: bool = False) -> list[Prediction]: ...  # type: ignore[overload-overlap]

    @overload
    def __call__(
        self, images: Iterable[ImageSource], top_k: int = 5, *, progress: bool = False
    ) -> list[list[Prediction]]: ...

    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, images: ImageSource, top_k: int = 5, *, on_error: str, progress: bool = False
    ) -> list[Prediction] | ImageError: ...

    @overload
    def __call__(
        self, images: Iterable[ImageSource], top_k: int = 5, *, on_error: str, progress: bool = False
    ) -> list[list[Prediction] | ImageError]: ...

    def __call__(
        self,
        images: ImageSource | Iterable[ImageSource],
        top_k: int = 5,
        *,
        on_error: str = "raise",
        progress: bool = False,
    ) -> Any:
        """The `top_k` best classes of an image, best first; for many images a list of such lists, in their order.

        A regression network gives all its values, in the order of its outputs.

        Args:
            images: An image, as `classify` takes it; or a list, generator or column of images, or a batch of pixels
                (N, C, H, W), of which `batch_size` and those decoded ahead of them are in memory at a time.
            top_k: How many of the best classes; all of them where there are fewer.
            on_error: "raise", or "return" to get the `ImageError` of an image that cannot be read in its place.
            progress: Whether to show a bar on the standard error.

        Raises:
            ImageError: An image cannot be read; the message names it.
            ConfigError: `top_k` is below 1, or `on_error` is not among the choices.
            CheckpointError: The network's answer is not finite.
        """
        _check_top_k(top_k)
        rows = self._rows(images, self.scores_of, on_error, progress)
        answers = [one if isinstance(one, ImageError) else self.ranked(one, top_k) for one in rows]
        return answers if are_images(images) else answers[0]

    def embed(
        self, images: ImageSource | Iterable[ImageSource], *, on_error: str = "raise", progress: bool = False
    ) -> np.ndarray:
        """The features of images, float32 (N, features): what the head makes its answer of, pooled over the image.

        They are as the network gives them, not normalized, so that rows have different lengths; `forward_head` with
        `pre_logits=True` gives the same numbers. One image is a list of one.

        Args:
            images: As in calling.
            on_error: "raise", or "return" to get a row of NaN for an image that cannot be read, which the log names.
            progress: Whether to show a bar on the standard error.

        Raises:
            ImageError: An image cannot be read; the message names it.
            ConfigError: `on_error` is not among the choices.
            CheckpointError: A feature is not finite.
        """
        unread = np.full(self.model.head_hidden_size, np.nan, np.float32)
        rows = [np.empty((0, *unread.shape), np.float32)]
        for one in self._rows(images, self.features_of, on_error, progress):
            if isinstance(one, ImageError):
                logger.warning("%s; its features are NaN", one)
            rows.append(unread[None] if isinstance(one, ImageError) else one[None])
        return np.concatenate(rows)

    def _rows(
        self, images: Any, compute: Compute[np.ndarray], on_error: str, progress: bool
    ) -> Iterator[np.ndarray | ImageError]:
        """What is computed of each image, or why it cannot be read."""
        check_choice("on_error", on_error, ("raise", "return"))
        many, skip = are_images(images), on_error == "return"
        given = images if many else [images]
        return image_rows(given, self.pixels_of, compute, self.batch_size, skip=skip, named=many, bar=progress)

    def classify(self, image: ImageSource, top_k: int = 5, *, name: str | None = None) -> Classification:
        """The answer to one image with its timings and the image that the network saw; raises as calling does.

        Args:
            image: A path, a data URL, a file's bytes, an open file, a PIL image, a uint8 array (H, W, C), or a tensor
                (C, H, W), uint8 or floats from 0 to 1.
            top_k: How many of the best classes; all of them where there are fewer.
            name: What errors call the image; its path where absent.
        """
        _check_top_k(top_k)
        pixels, timings = self.pixels_timed(image, name)
        started = perf_counter()
        scores = self.scores_of(pixels[None])[0]
        return self.classification(pixels, scores, replace(timings, network_ms=1e3 * (perf_counter() - started)), top_k)

    def warm_up(self) -> None:
        """Runs the network on a blank image, so that the first real image does not wait for one-time setup."""
        self.scores_of(np.zeros((1, *self.preprocessing.input_size), np.uint8))

    def classification(self, pixels: Numbers, scores: Numbers, timings: Timings, top_k: int) -> Classification:
        """The answer to one prepared image, of its scores (num_classes,), which a batch with others may have given."""
        seen = visible(image_of(as_array(pixels).transpose(1, 2, 0)))
        return Classification(self.ranked(scores, top_k), timings, seen)

    def scores_of(self, pixels: Numbers) -> Numbers:
        """Scores (N, num_classes), float32 on the CPU, of uint8 pixels (N, C, H, W), as `prepare` makes them.

        Raises:
            CheckpointError: The network's answer is not finite, or has not one value for each class.
        """
        logits: Any = self._run.answer(pixels)
        if logits.shape != (len(pixels), self.model.num_classes):
            raise CheckpointError("classifier.other_outputs", shape=tuple(logits.shape), classes=self.model.num_classes)
        self._check_finite(logits)
        return of_kind(self.scores(logits), pixels)

    def features_of(self, pixels: Numbers) -> Numbers:
        """Pooled features (N, features), float32 on the CPU, of uint8 pixels (N, C, H, W), as `prepare` makes them.

        Raises:
            CheckpointError: A feature is not finite.
        """
        features = self._run.answer(pixels, pre_logits=True)
        self._check_finite(features)
        return of_kind(features, pixels)

    def _check_finite(self, numbers: Tensor | np.ndarray) -> None:
        if not np.isfinite(as_array(numbers)).all():
            raise CheckpointError("classifier.not_finite", precision=self.precision)

    def scores(self, logits: Numbers) -> Numbers:
        """Scores (N, num_classes) of the network's logits, after temperature scaling."""
        return scores(logits, self.model.config.task, self.temperature)

    def ranked(self, scores: Numbers, top_k: int) -> list[Prediction]:
        """The `top_k` best classes, best first, of one image's scores (num_classes,)."""
        indices, values = self.rank(scores[None], top_k)
        pairs = zip(indices[0].tolist(), values[0].tolist(), strict=True)
        names = self.label_names
        return [Prediction(names[index], index, score) for index, score in pairs]

    def rank(self, scores: Numbers, top_k: int) -> tuple[Numbers, Numbers]:
        """The best classes and their scores, best first, each (N, k), of many images' scores (N, num_classes).

        A regression network gives all its values, in the order of its outputs.
        """
        return best_classes(scores, self.model.config.task, top_k)


def _check_top_k(top_k: int) -> None:
    if not is_integer(top_k) or top_k < 1:
        raise ConfigError("classifier.top_k", top_k=top_k)

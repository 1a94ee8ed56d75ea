"""A network that answers, from PyTorch or from an exported file, and what is to be said of it."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, cast

import numpy as np

from resnet_hub.config import Preprocessing
from resnet_hub.label_names import label_names_of
from resnet_hub.predictions import Timings
from resnet_hub.preprocessing import ImageSource, open_image, pixel_array
from resnet_hub.scores import temperature_of

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from resnet_hub.models import PretrainedNetwork
    from resnet_hub.runtime.exported import ExportedRunner
    from resnet_hub.runtime.runner import Runner


class RunningNetwork:
    """A network that answers, and what is to be said of it; each fact and each answer is of the network as it is."""

    def __init__(self, run: Runner[PretrainedNetwork] | ExportedRunner) -> None:
        self._run = run

    @property
    def model(self) -> PretrainedNetwork:
        """The network, which may be trained and changed; answers are those of its evaluation mode.

        Of an exported file it is an `ExportedNetwork`, which is no module of PyTorch: what is known, and no weights.
        """
        return cast("PretrainedNetwork", self._run.model)

    @property
    def backend(self) -> str:
        """How the network is run as it is now: "eager", "fused", "onnx" or "openvino"."""
        return self._run.backend

    @property
    def precision(self) -> str:
        """What the network computes in: "fp32" as its weights are, "bf16" or "int8"; a file may have "fp16"."""
        return self._run.precision

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return self._run.device

    @property
    def preprocessing(self) -> Preprocessing:
        """What the network's input is."""
        return self.model.preprocessing

    @property
    def label_names(self) -> tuple[str, ...]:
        """One name for each output."""
        return label_names_of(self.model)

    @property
    def temperature(self) -> float | None:
        """What divides the logits; None for a new head, since it was found for the one that came with it."""
        return None if self.model.head_is_new else temperature_of(self.model.metadata)

    def pixels_of(self, image: ImageSource, *, name: str | None = None) -> np.ndarray:
        """What the network sees of an image, as `prepare`, in an array."""
        return self.pixels_timed(image, name)[0]

    def prepare(self, image: ImageSource, *, name: str | None = None) -> Tensor:
        """What the network sees of an image, uint8 (C, H, W); stacked, they are what `scores_of` takes.

        Raises:
            ImageError: The image cannot be read; the message calls it `name`, or by its path.
        """
        return self.prepare_timed(image, name=name)[0]

    def prepare_timed(self, image: ImageSource, *, name: str | None = None) -> tuple[Tensor, Timings]:
        """As `prepare`, with the times of its steps; the network's is 0."""
        import torch

        pixels, timings = self.pixels_timed(image, name)
        return torch.from_numpy(pixels), timings

    def pixels_timed(self, image: ImageSource, name: str | None) -> tuple[np.ndarray, Timings]:
        """As `prepare_timed`, in an array."""
        started = perf_counter()
        opened = open_image(image, name=name, preprocessing=self.preprocessing)
        decoded = perf_counter()
        pixels = pixel_array(opened, self.preprocessing)
        return pixels, Timings(1e3 * (decoded - started), 1e3 * (perf_counter() - decoded), 0.0)

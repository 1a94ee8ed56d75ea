"""A network that was exported beforehand -> answers from the file, for as long as the network stays as it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from resnet_hub.runtime.exported import ExportedNetwork
from resnet_hub.runtime.runner import Kind, Runner
from resnet_hub.runtime.snapshot import Snapshot, same

TURNS = 8
"""Answers that the sums of the weights are spread over; all of them each time would take a third of the time of int8"""


class PreparedRunner(Runner[Kind]):
    """Takes the place of a `Runner`: the same call, answered by the exported file of its network. Thread-safe.

    Exporting takes too long to follow a network that changes. Where it was changed, in whatever way, the network
    itself answers from there on, as PyTorch runs it, and a warning says so.
    """

    def __init__(self, model: Kind, file: ExportedNetwork) -> None:
        """Takes a network and the file that was made of it as it is now. Raises: ConfigError as `Runner`."""
        super().__init__(model, "auto", "fp32")
        self._file: ExportedNetwork | None = file
        self._remember()

    def _remember(self) -> None:
        self._parts_then, self._weights_then = self._parts_now(), Snapshot(self.model)

    def __getstate__(self) -> Mapping[str, Any]:
        """The network, and the file while it answers as the network does."""
        return {**super().__getstate__(), "_file": self._answering_file()}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        super().__setstate__(state)
        self._remember()

    @property
    def backend(self) -> str:
        """What answers now: "onnx" or "openvino", or as `Runner` once the network was changed."""
        file = self._answering_file()
        return super().backend if file is None else file.backend

    @property
    def precision(self) -> str:
        """What answers are computed in."""
        file = self._answering_file()
        return "fp32" if file is None else file.facts.precision

    def __call__(self, images: Tensor, *, pre_logits: bool = False) -> Tensor:
        """As `Runner`."""
        if (file := self._answering_file()) is None:
            return super().__call__(images, pre_logits=pre_logits)
        return torch.from_numpy(file.of_normalized(images.numpy(), "features" if pre_logits else "logits"))

    def _answering_file(self) -> ExportedNetwork | None:
        """The file, where the network is still the one that it was made of."""
        with self._alone():
            if self._file is not None and not (
                same(self._parts_then, self._parts_now()) and self._weights_then.still_holds(TURNS)
            ):
                backend, self._file = self._file.backend, None
                self._say("the network was changed after it was exported, so PyTorch answers instead of %s", backend)
            return self._file

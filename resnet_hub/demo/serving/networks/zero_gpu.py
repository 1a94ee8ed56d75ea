"""ZeroGPU, which lends a GPU for the length of a call -> what runs a network there; on other machines, the network."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from types import ModuleType

import gradio as gr
import numpy as np
import torch
from torch import Tensor

from resnet_hub.classifier import ImageClassifier
from resnet_hub.demo.text import PageError
from resnet_hub.errors import ConfigError, ResNetHubError

VARIABLE = "SPACES_ZERO_GPU"
"""What the Hub sets on such a machine."""
CALL_SECONDS = 20
"""How long a GPU is asked for: a batch takes less than one, starting the process and moving the network the rest."""


def is_zero_gpu() -> bool:
    """Whether this machine has a GPU for single calls only."""
    return os.environ.get(VARIABLE, "").lower() in ("1", "t", "true")


def prepare() -> None:
    """Has to come before CUDA is used, and does nothing on other machines. Raises: ConfigError without `spaces`."""
    if is_zero_gpu():
        _spaces().disable_gradio_auto_wrap()  # it would wrap the page's events, which is not for async functions


def network_run(classifier: ImageClassifier) -> Callable[[Tensor], Tensor]:
    """What gives the scores of uint8 pixels (N, C, H, W), as `classifier.scores_of` does; on ZeroGPU where that is.

    The network stays on the CPU: a call starts a process as a copy of this one, moves the network there, and a process
    that is used again has it already. Each network gets a function of its own, and so a process that was copied after
    the network was loaded.

    Raises:
        ConfigError: The package `spaces` is not installed on such a machine.
    """
    if not is_zero_gpu():
        return classifier.scores_of
    loaded = weakref.ref(classifier)  # `spaces` never forgets a function, which must not keep a network
    kept: list[ImageClassifier] = []  # filled in the other process only

    def scores_of(pixels: np.ndarray) -> np.ndarray | ResNetHubError:
        """Runs in the other process; errors of ours come back as values, because of others only the name would."""
        here = loaded()
        if here is None:
            return ConfigError("serving.put_away")
        try:
            if not kept:
                kept.append(ImageClassifier(here.model, precision=here.precision))
            return kept[0].scores_of(torch.from_numpy(pixels)).numpy()
        except ResNetHubError as error:
            return error

    on_gpu = _spaces().GPU(scores_of, duration=CALL_SECONDS)

    def run(pixels: Tensor) -> Tensor:
        # Arrays are pickled by value, tensors by shared memory that ends with the process that shared it.
        try:
            scores = on_gpu(pixels.numpy())
        except gr.Error as error:  # the quota is used up, or no GPU is free
            raise PageError("serving.gpu_refused", title=error.title, message=error.message) from error
        if isinstance(scores, ResNetHubError):
            raise scores
        return torch.from_numpy(scores)

    return run


def _spaces() -> ModuleType:
    try:
        import spaces
    except ImportError as error:
        raise ConfigError("serving.no_spaces", variable=VARIABLE) from error
    return spaces

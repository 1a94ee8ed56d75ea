"""A network that answers visitors: how it is opened, and what belongs to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from resnet_hub.card import weights_license
from resnet_hub.classifier import ImageClassifier
from resnet_hub.demo.model_facts import ModelFacts
from resnet_hub.demo.serving.batcher import Batcher
from resnet_hub.demo.serving.networks.zero_gpu import is_zero_gpu
from resnet_hub.demo.settings import PageSettings
from resnet_hub.errors import LANGUAGES, CheckpointError, ConfigError, HubError, ResNetHubError, text_of
from resnet_hub.runtime import is_exported, native_bf16

SHOWN_TASKS = ("single_label", "multi_label")
BATCH = 8
"""Images of several visitors that go through a network together at most, on a CPU.

A larger batch has no higher throughput there, and while one runs the answers of the last are sent: two halves overlap.
"""
GPU_BATCH = 32
"""The same on a GPU, which a few images do not saturate."""


@dataclass(frozen=True)
class OpenModel:
    """A network that answers."""

    name: str
    """What visitors call it, and what opens it again."""
    classifier: ImageClassifier
    batcher: Batcher
    facts: ModelFacts


def open_classifier(source: str, settings: PageSettings, **options: Any) -> ImageClassifier:
    """The network behind `source`, set up and warmed up; `options` say how it is downloaded. Raises: ResNetHubError."""
    device = "cpu" if is_zero_gpu() else settings.device  # the GPU is there during a call only
    how = _how(settings, is_own=source == settings.model)
    classifier = ImageClassifier.from_pretrained(source, device=device, **how, **options)
    task = classifier.model.config.task
    if task not in SHOWN_TASKS:
        raise ConfigError("serving.other_task", task=task)
    classifier.warm_up()
    return classifier


def most_together(classifier: ImageClassifier) -> int:
    """How many images of visitors make a batch."""
    return BATCH if classifier.device.type == "cpu" and not is_zero_gpu() else GPU_BATCH


class OpeningError(CheckpointError):
    """What is wrong with a network, said without the place where it lies on the server.

    Its fields are the network's name, the place, and the reason, an error.
    """

    def sentence(self, language: str = LANGUAGES[0]) -> str:
        """The error in one of `LANGUAGES`."""
        name, place, reason = (self.fields[field] for field in ("name", "place", "reason"))
        return text_of(self.code)[language].format(name=name, reason=reason.sentence(language).replace(place, name))


@contextmanager
def errors_for_visitors(name: str, place: str) -> Iterator[None]:
    """What is wrong with a network comes out as a sentence that names it as visitors do, and no folder of the server.

    Raises:
        OpeningError: In place of any error of ours that is not the Hub's.
    """
    try:
        yield
    except HubError:
        raise
    except ResNetHubError as error:
        said = str(error).replace(place, name).startswith(f"model {name!r} cannot be opened: ")
        raise OpeningError(
            "serving.cannot_be_opened_as_told" if said else "serving.cannot_be_opened",
            name=name,
            place=place,
            reason=error,
        ) from error


def facts_of(name: str, classifier: ImageClassifier) -> ModelFacts:
    """What a loaded network says of itself, where the Hub says nothing."""
    parameters = sum(parameter.numel() for parameter in classifier.model.parameters())
    license = weights_license(classifier.model.metadata.license)
    return ModelFacts(name, None, parameters, license, classifier.model.num_classes)


def _how(settings: PageSettings, *, is_own: bool) -> dict[str, Any]:
    """How a network is run; only the page's own is exported, since that takes minutes, which no visitor waits."""
    if not is_exported(settings.precision, settings.backend):
        return {"precision": _precision(settings, settings.precision), "backend": settings.backend}
    if not is_own:
        return {"precision": _precision(settings, "auto"), "backend": "auto"}
    if is_zero_gpu():
        how = {"precision": settings.precision, "backend": settings.backend}
        raise ConfigError("classifier.cpu_only", device="ZeroGPU", **how)
    return {
        "precision": settings.precision,
        "backend": settings.backend,
        "calibration": settings.calibration or None,
    }


def _precision(settings: PageSettings, precision: str) -> str:
    """What PyTorch computes in; a page takes bfloat16 on a CPU too, where that has instructions for it."""
    on_cpu = settings.device == "cpu" or (settings.device == "auto" and not torch.cuda.is_available())
    return "bf16" if precision == "auto" and on_cpu and native_bf16() and not is_zero_gpu() else precision

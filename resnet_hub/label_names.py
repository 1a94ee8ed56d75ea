"""A loaded network -> one name for each of its outputs: those of its checkpoint, ImageNet's, or numbers."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from resnet_hub.errors import CheckpointError, ConfigError
from resnet_hub.registry import imagenet_label_names

if TYPE_CHECKING:
    from resnet_hub.models import PretrainedNetwork


def label_names_of(model: PretrainedNetwork) -> tuple[str, ...]:
    """One name for each output: the checkpoint's, ImageNet's for 1000 classes without names, or "class 7".

    Raises:
        ConfigError: The network has no head.
        CheckpointError: It has another number of names.
    """
    count, task = model.num_classes, model.config.task
    if count == 0:
        raise ConfigError("classifier.no_head")
    if model.label_names is None:
        return _usual_names(count, task)
    if len(model.label_names) != count:
        raise CheckpointError("classifier.label_names", names=len(model.label_names), classes=count)
    return tuple(model.label_names)


@lru_cache(maxsize=8)
def _usual_names(count: int, task: str) -> tuple[str, ...]:
    """Kept, since every answer asks for them."""
    if count == 1000 and task == "single_label":
        return imagenet_label_names()
    word = "value" if task == "regression" else "class"
    return tuple(f"{word} {index}" for index in range(count))

"""What somebody replaced in a network -> the config that says so, as far as one can."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from resnet_hub.config import ResNetConfig
from resnet_hub.errors import ConfigError
from resnet_hub.nn import ResidualNetwork

logger = logging.getLogger(__name__)

Build = Callable[[ResNetConfig], ResidualNetwork]


def take_up(model: ResidualNetwork, build: Build) -> None:
    """Brings the network's config, and what depends on it, in line with a head or a stem that was replaced.

    What is left out for that is logged. What no config can say stays as it is.

    Args:
        model: The network, changed in place.
        build: What builds a network of a config.
    """
    old, new = model.config, config_of(model)
    if new == old:
        return
    if new.num_classes != old.num_classes:
        renew_head(model, new.num_classes)
    if new.in_chans != old.in_chans:
        model.preprocessing = model.preprocessing.with_channels(new.in_chans)
        logger.warning(
            "%s takes %d channels, so in_chans is %d; mean and std were adapted: set preprocessing to choose others",
            model.first_conv, new.in_chans, new.in_chans,
        )  # fmt: skip
    model.config = new
    if (new.stem, new.stem_pool) != (old.stem, old.stem_pool):
        with torch.device("meta"):
            levels = build(new).feature_info
        for level, same in zip(model.feature_info, levels, strict=True):
            level["reduction"] = same["reduction"]


def renew_head(model: ResidualNetwork, classes: int | None = None) -> None:
    """Leaves out what was said of the old head, and the label names where there are no longer as many `classes`."""
    model.head_is_new = True
    lineage, left = model.metadata.lineage(), []
    if model.label_names is not None and classes not in (None, len(model.label_names)):
        left.append(f"the {len(model.label_names)} label names")
        model.label_names = None
    if lineage.to_json() != model.metadata.to_json():
        left.append("what the checkpoint says of the old head's results")
        model.metadata = lineage
    if left:
        logger.warning(
            "%s is a new head%s; left out: %s; set label_names and metadata to say others",
            model.classifier, "" if classes is None else f" with num_classes={classes}", ", ".join(left),
        )  # fmt: skip


def has_other_weights(part: nn.Module, before: nn.Module) -> bool:
    """Whether a layer of PyTorch's took the place of another with weights of its own, not around those of the other."""
    known, own = {id(weight) for weight in before.parameters()}, list(part.parameters())
    plain = all(type(layer).__module__.startswith("torch.nn.modules.") for layer in part.modules())
    return plain and bool(own) and not any(id(weight) in known for weight in own)


def config_of(model: ResidualNetwork) -> ResNetConfig:
    """The network's config with the classes, the input channels and the stem that it has now."""
    options = {**_head_options(model), **_stem_options(model)}
    try:
        return model.config.with_options(**options)
    except ConfigError:  # two that cannot be together: whoever saves the network is told
        return model.config


def head_of(model: ResidualNetwork) -> nn.Module | None:
    """What stands where the classifier does; None where nothing does."""
    found: nn.Module | None = model
    for name in model.classifier.split("."):
        found = None if found is None else found._modules.get(name)
    return found


def _head_options(model: ResidualNetwork) -> dict[str, Any]:
    """The number of outputs, of the last layer in the head that has such a number."""
    head = head_of(model)
    if head is None or type(head) is nn.Identity:
        return {} if head is None else {"num_classes": 0}
    for layer in reversed(list(head.modules())):
        for name in ("out_features", "out_channels"):
            if isinstance(count := getattr(layer, name, None), int):
                return {"num_classes": count}
    return {}


def _stem_options(model: ResidualNetwork) -> dict[str, Any]:
    """The channels of the first convolution, and what the stem is where PyTorch's layers make another one."""
    options: dict[str, Any] = {}
    first = dict(model.named_modules()).get(model.first_conv)
    channels = getattr(first, "in_channels", None)
    if isinstance(channels, int):
        options["in_chans"] = channels
    if isinstance(first, nn.Conv2d) and model.config.stem in ("7x7", "3x3"):
        for stem, size, stride in (("7x7", 7, 2), ("3x3", 3, 1)):
            if (first.kernel_size, first.stride) == ((size, size), (stride, stride)) and stem != model.config.stem:
                options |= {"stem": stem, "stem_width": first.out_channels}
    pool = model._modules.get("maxpool")
    if type(pool) is nn.Identity:
        options["stem_pool"] = "none"
    elif type(pool) is nn.MaxPool2d and (pool.kernel_size, pool.stride, pool.padding) == (3, 2, 1):
        options["stem_pool"] = "max"
    return options


def linear_head(model: ResidualNetwork) -> tuple[str, float] | None:
    """The name of the one layer with weights in the head, and the dropout in front of it; None for other heads."""
    head, name, rate = head_of(model), model.classifier, 0.0
    found = None
    for inner, layer in _leaves(head, name) if head is not None else ():
        if isinstance(layer, nn.Dropout) and found is None:
            rate = both(rate, layer.p)
        elif type(layer) in (nn.Linear, nn.Conv2d) and found is None:
            found = inner
        elif not isinstance(layer, nn.Dropout | nn.Identity | nn.Flatten):
            return None
    return (found or name, rate)


def both(first: float, then: float) -> float:
    """The rate of one dropout that does what two do, one behind the other."""
    return round(1 - (1 - first) * (1 - then), 9)


def _leaves(part: nn.Module, name: str) -> Iterator[tuple[str, nn.Module]]:
    if type(part) is not nn.Sequential:
        yield name, part
        return
    for inner, child in part.named_children():
        yield from _leaves(child, f"{name}.{inner}")

"""What lies beside a network: options of a script, the names of network and classes, the mean and std of its input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from resnet_hub.checkpoint.origins.origin import Contents
from resnet_hub.registry import ARCHITECTURES, published_tags, renamed_architecture

OPTIONS = ("args", "hyper_parameters", "config", "cfg", "opt", "hparams")
NETWORK = ("arch", "architecture", "model", "model_name", "backbone", "net", "encoder", "encoder_name")
NUMBERED = ("class_to_idx", "label2id", "class2idx", "label_map", "classes", "class_names")
"""Where torchvision's folders and those who follow them keep name -> number."""
NAMED = ("classes", "class_names", "label_names", "idx_to_class", "id2label", "idx2class", "labels")
"""Where they keep the names in their order, or number -> name."""
MOST_CHANNELS = 64
MEAN, STD = ("mean", "new_mean", "mu", "_mean"), ("std", "new_std", "sigma", "_std")
"""What a layer in front of a network that normalizes images of 0 to 1 calls its tensors, in pairs."""


def noted_classes(contents: Contents) -> tuple[str, tuple[str, ...]] | None:
    """What a script noted the names of the classes under, and these in index order; None where it noted none."""
    for key in NUMBERED:
        names = contents.extras.get(key)
        if isinstance(names, Mapping) and (ordered := _ordered({number: name for name, number in names.items()})):
            return key, ordered
    for key in NAMED:
        names = contents.extras.get(key)
        if isinstance(names, list | tuple):
            names = dict(enumerate(names))
        if isinstance(names, Mapping) and (ordered := _ordered(names)):
            return key, ordered
    return None


def _ordered(names: Mapping[Any, Any]) -> tuple[str, ...] | None:
    """Names by their numbers, which may be texts; None where these are not 0, 1, 2 ... or a name is no text."""
    numbered = {int(number): name for number, name in names.items() if str(number).isdecimal() and len(str(number)) < 7}
    if not names or sorted(numbered) != list(range(len(names))):
        return None
    ordered = [numbered[number] for number in range(len(names))]
    return tuple(ordered) if all(isinstance(name, str) for name in ordered) else None


def noted_normalization(contents: Contents) -> tuple[list[str], dict[str, tuple[float, ...]]]:
    """The names of a layer's tensors that normalize the input in front of the network, and its mean and std by name.

    Both are empty where there is no such layer, or where there are several that differ.
    """
    names: list[str] = []
    found = set()
    for name, tensor in contents.around.items():
        place, dot, leaf = name.rpartition(".")
        other = f"{place}{dot}{STD[MEAN.index(leaf)]}" if leaf in MEAN else ""
        std = contents.around.get(other)
        if std is not None and tensor.shape == std.shape and _is_for_channels(tensor) and not tensor.is_meta:
            found.add((tuple(tensor.flatten().tolist()), tuple(std.flatten().tolist())))
            names += [name, other]
    if len(found) != 1:
        return [], {}
    ((mean, std_values),) = found
    if not all(0 <= value <= 1 for value in mean) or not all(0 < value <= 1 for value in std_values):
        return [], {}  # of images of 0 to 255
    return names, {"mean": mean, "std": std_values}


def _is_for_channels(tensor: Tensor) -> bool:
    """Whether it has one number for each channel, whichever axis that is."""
    count = tensor.numel()
    return tensor.is_floating_point() and 0 < count <= MOST_CHANNELS and count in (*tensor.shape, 1)


def options_of(contents: Contents) -> dict[str, Any]:
    """The options of the script that wrote the file, by name; none where it kept none."""
    for key in OPTIONS:
        kept = contents.extras.get(key)
        if isinstance(kept, Mapping) and (values := {**getattr(kept, "__dict__", {}), **kept}):
            return {str(name): value for name, value in values.items()}
    return {}


def noted_architecture(contents: Contents) -> str | None:
    """The network that the file's notes name, with its tag where they have one; None where they name none of ours."""
    options = options_of(contents)
    for values in (contents.extras, options):
        for key in NETWORK:
            name = values.get(key)
            if isinstance(name, str) and (known := _known_name(name.lower())):
                return known
    return None


def _known_name(name: str) -> str | None:
    """The same network by its name of today, with its tag where that is published; None for none of ours."""
    today = renamed_architecture(name)
    base = today.partition(".")[0]
    if base not in ARCHITECTURES:
        return None
    return today if any(tag.name == today for tag in published_tags(base)) else base

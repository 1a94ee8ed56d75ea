"""What training scripts note beside a network: their options, the name of the network and those of its classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resnet_hub.checkpoint.origins.origin import Contents
from resnet_hub.registry import ARCHITECTURES, published_tags, renamed_architecture

OPTIONS = ("args", "hyper_parameters", "config", "cfg", "opt", "hparams")
NETWORK = ("arch", "architecture", "model", "model_name", "backbone", "net", "encoder", "encoder_name")
NUMBERED = ("class_to_idx", "label2id", "class2idx", "label_map", "classes", "class_names")
"""Where torchvision's folders and those who follow them keep name -> number."""
NAMED = ("classes", "class_names", "label_names", "idx_to_class", "id2label", "idx2class", "labels")
"""Where they keep the names in their order, or number -> name."""


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

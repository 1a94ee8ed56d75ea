"""What training scripts note beside a network, as named values: their options and the name of the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resnet_hub.checkpoint.origins.origin import Contents
from resnet_hub.registry import ARCHITECTURES, published_tags, renamed_architecture

OPTIONS = ("args", "hyper_parameters", "config", "cfg", "opt", "hparams")
NETWORK = ("arch", "architecture", "model", "model_name", "backbone", "net", "encoder", "encoder_name")


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

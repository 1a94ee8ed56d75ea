"""config.json as timm of every version, transformers and PyTorchModelHubMixin write it -> the one form that we read."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from resnet_hub.checkpoint.config.transformers_config import MODEL_TYPE, timm_form
from resnet_hub.config import ResNetConfig
from resnet_hub.errors import CheckpointError
from resnet_hub.registry import ARCHITECTURES, architecture, renamed_architecture

logger = logging.getLogger(__name__)

# timm's arguments that another name or value says here; the rest of `model_args` bears the same names.
ARGUMENTS = {"layers": "depths", "channels": "widths", "block_reduce_first": "reduce_first"}
VALUES: dict[str, tuple[str, dict[object, str]]] = {
    "stem_type": ("stem", {"": "7x7", "deep": "deep", "deep_tiered": "tiered"}),
    "avg_down": ("shortcut", {True: "avg_projection", False: "projection"}),
    "replace_stem_pool": ("stem_pool", {True: "conv", False: "max"}),
}
# What `block_args` means where it does not say it; it takes the place of the architecture's own.
BLOCK_ARGS = {"attn_layer": None, "attn_ratio": 1 / 16}
# The names that transformers makes up where nobody gave any.
_MADE_UP = re.compile(r"LABEL_\d+")


def today_form(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same config in the form that timm writes today, with `model_args` under the names of `ResNetConfig`.

    Raises:
        CheckpointError: An argument of timm's has a value that no network here has.
    """
    result = timm_form(values) if values.get("model_type") == MODEL_TYPE else dict(values)
    if not isinstance(name := result.get("architecture"), str):
        return result
    result["architecture"] = name = _known_name(name)
    arguments = result.get("model_args")
    if isinstance(arguments, Mapping) and name in ARCHITECTURES:
        result["model_args"] = _our_options(arguments, architecture(name))
    if not result.get("pretrained_cfg"):
        _read_flat(result)
    _read_names(result)
    if result.get("model_type") == "timm_wrapper":
        _read_transformers(result)
    return result


def says_classes(values: Mapping[str, Any]) -> bool:
    """Whether a config says how many classes there are; where it does not, the head in the weights does."""
    own = values.get("resnet_hub")
    places = (values, values.get("pretrained_cfg"), values.get("model_args"), own and own.get("options"))
    return any(isinstance(place, Mapping) and place.get("num_classes") is not None for place in places)


def _known_name(name: str) -> str:
    """The architecture by its name of today, without the tag of published weights."""
    return name if name in ARCHITECTURES else renamed_architecture(name).partition(".")[0]


def _read_flat(values: dict[str, Any]) -> None:
    """Gathers the options that the mixin and the oldest timm leave at the root."""
    optional = {field.name for field in fields(ResNetConfig) if field.default is None}
    options = {
        field.name: values[field.name]
        for field in fields(ResNetConfig)
        if field.name in values and (values[field.name] is not None or field.name in optional)
    }
    options.pop("architecture")
    if options and not values.get("model_args"):
        values["model_args"] = options


def _read_names(values: dict[str, Any]) -> None:
    """Puts the class names of older timm ("labels") and of transformers ("id2label") where today's timm has them."""
    pretrained = values.get("pretrained_cfg")
    if isinstance(pretrained, Mapping) and "labels" in pretrained:
        values["pretrained_cfg"] = {"label_names": pretrained["labels"], **pretrained}
    for key in ("labels", "id2label"):
        names = values.get(key)
        if values.get("label_names") is None and names and not _made_up(names):
            values["label_names"] = names


def _made_up(names: object) -> bool:
    """Whether these are the names that transformers gives classes without any."""
    return isinstance(names, Mapping) and all(_MADE_UP.fullmatch(str(name)) for name in names.values())


def _read_transformers(values: dict[str, Any]) -> None:
    """Takes away what TimmWrapper keeps of a network whose head it has removed or replaced."""
    names, classes = values.get("label_names"), values.get("num_classes")
    architectures = values.get("architectures")
    if isinstance(architectures, list) and "TimmWrapperModel" in architectures:
        values.update(num_classes=0, label_names=None)
    elif isinstance(names, list) and isinstance(classes, int) and len(names) != classes:
        logger.warning(
            "config.json has %d label_names for %d classes, which transformers kept of another head; they are left out",
            len(names),
            classes,
        )
        values["label_names"] = None


def _our_options(arguments: Mapping[str, Any], named: ResNetConfig) -> dict[str, Any]:
    """The arguments of timm under the names of `ResNetConfig`; unknown ones stay, to be refused by name."""
    options: dict[str, Any] = {}
    for key, value in arguments.items():
        if key in VALUES:
            ours, known = VALUES[key]
            if not isinstance(value, str | bool) or value not in known:
                choices = ", ".join(map(repr, known))
                raise CheckpointError("checkpoint.unknown_value", key=key, value=value, choices=choices)
            options[ours] = known[value]
        elif key == "block_args":
            options.update({**BLOCK_ARGS, **(value if isinstance(value, Mapping) else {key: value})})
        else:
            options[ARGUMENTS.get(key, key)] = value
    # timm's plain stem has 64 channels whatever this says.
    if options.get("stem", named.stem) == "7x7":
        options.pop("stem_width", None)
    return options

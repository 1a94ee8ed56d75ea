"""timm's words for `create_model` in ours: names with a source in front, `pretrained_cfg`, `feature_cls`, options."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from resnet_hub.checks import nearest
from resnet_hub.config import Preprocessing
from resnet_hub.errors import ConfigError
from resnet_hub.registry import OWNER, published_tags

logger = logging.getLogger(__name__)

NEEDLESS = ("scriptable", "exportable", "no_jit")
"""Every network here can be scripted and exported."""
NONE_MEANS_NONE = ("attn_layer", "aa_layer", "pruned")
"""Options that None is a value of; of the others it says nothing, as in timm."""
RENAMED = {
    "layers": "depths",
    "channels": "widths",
    "stem_type": "stem (7x7, deep or tiered)",
    "stem_chs": "stem_width",
    "replace_stem_pool": "stem_pool='conv'",
    "block_reduce_first": "reduce_first",
    "avg_down": "shortcut='avg_projection'",
    "block_args": "attn_layer and attn_ratio",
    "width_factor": "widths",
}
"""timm's arguments of a network -> ours."""
UNTRAINED = ".untrained"
"""The tag that timm gives an architecture without published weights."""
INPUT = tuple(field.name for field in fields(Preprocessing))
SOURCES = ("file", "hf_hub_id")
ELSEWHERE = ("url", "state_dict")
DESCRIPTION = (
    "architecture", "classifier", "custom_load", "description", "first_conv", "fixed_input_size", "hf_hub_filename",
    "label_descriptions", "label_names", "label_offset", "license", "min_input_size", "notes", "num_classes",
    "origin_url", "paper_ids", "paper_name", "pool_size", "source", "tag", "test_crop_pct", "test_input_size",
    "test_pool_size",
)  # fmt: skip
"""What a `pretrained_cfg` of timm says besides; a network knows it of itself or of its weights."""
FEATURE_CLASSES = ("list", "dict", "hook", "fx", "getter")
FEATURE_OPTIONS = ("out_indices", "feature_cls", "flatten_sequential", "no_rewrite", "output_fmt", "return_dict")


@dataclass(frozen=True)
class Source:
    """What a name and `pretrained_cfg` say of the weights and of the input."""

    name: str
    """An architecture, a tag, an address on the Hub or a path."""
    is_path: bool = False
    """Whether it is one on this machine."""
    architecture: str | None = None
    """The network that a weights file is for."""
    preprocessing: Mapping[str, Any] | None = None
    """What of the input is to be other than the weights say."""


def named_source(
    name: str, pretrained_cfg: object = None, overlay: object = None, checkpoint_path: str | Path | None = None
) -> Source:
    """What timm's arguments mean. Raises: ConfigError for two places of weights, or one that is not opened here."""
    prefix, colon, rest = str(name).partition(":")
    if colon and prefix == "local-dir":
        return Source(str(Path(rest)), is_path=True)
    name = str(name) if colon else str(name).removeprefix(f"{OWNER}/")
    if name.endswith(UNTRAINED) and not published_tags(name.removesuffix(UNTRAINED)):
        name = name.removesuffix(UNTRAINED)
    facts: dict[str, Any] = {}
    if isinstance(pretrained_cfg, str):
        name = f"{name.partition('.')[0]}.{pretrained_cfg}"
    else:
        facts |= _facts("pretrained_cfg", pretrained_cfg)
    facts |= _facts("pretrained_cfg_overlay", overlay)
    seen = {key: facts[key] for key in INPUT if facts.get(key) is not None}
    places = {key: facts[key] for key in SOURCES if facts.get(key)} if overlay or pretrained_cfg else {}
    if checkpoint_path:
        places = {"file": checkpoint_path}
    if "file" in places:
        return Source(str(places["file"]), is_path=True, architecture=name, preprocessing=seen)
    address = str(places.get("hf_hub_id", "")).removeprefix(f"{OWNER}/")
    if address:
        return Source(f"hf-hub:{address}" if "/" in address else address, preprocessing=seen)
    return Source(name, preprocessing=seen)


def _facts(word: str, given: object) -> dict[str, Any]:
    """A configuration of timm's as a dictionary. Raises: ConfigError naming a key that nobody knows."""
    if given is None:
        return {}
    if is_dataclass(given) and not isinstance(given, type):
        given = {field.name: getattr(given, field.name) for field in fields(given)}
    if not isinstance(given, Mapping):
        raise ConfigError("models.no_pretrained_cfg", word=word, value=given)
    for key, value in given.items():
        if key in ELSEWHERE and value and not given.get("hf_hub_id"):
            raise ConfigError("models.weights_elsewhere", word=word, key=key)
        if key not in (*INPUT, *SOURCES, *ELSEWHERE, *DESCRIPTION):
            raise ConfigError(
                "models.unknown_pretrained_key", word=word, key=key, nearest=nearest(key, [*INPUT, *SOURCES])
            )
    return dict(given)


def network_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options without those that say nothing. Raises: ConfigError naming ours for one that timm calls otherwise."""
    kept = {key: value for key, value in options.items() if key not in NEEDLESS}
    kept = {key: value for key, value in kept.items() if value is not None or key in NONE_MEANS_NONE}
    for key in kept:
        if key in RENAMED:
            raise ConfigError("models.option_of_timm", name=key, ours=RENAMED[key])
    return kept


def feature_options(options: dict[str, Any], out_indices: Any) -> tuple[Any, bool]:
    """Takes timm's words for networks of feature maps out of the options.

    Returns:
        The levels, and whether the maps come in a dictionary.

    Raises:
        ConfigError: A word is not known.
    """
    words = {key: options.pop(key) for key in ("feature_cls", *FEATURE_OPTIONS[2:]) if key in options}
    words |= dict(options.pop("feature_cfg", None) or {})
    for key in words:
        if key not in FEATURE_OPTIONS:
            raise ConfigError("models.unknown_feature_option", key=key, known=", ".join(FEATURE_OPTIONS))
    kind = words.get("feature_cls") or "list"
    kind = kind.__name__.removeprefix("Feature").removesuffix("Net").lower() if isinstance(kind, type) else str(kind)
    kind = {"graph": "fx"}.get(kind, kind)
    if kind not in FEATURE_CLASSES:
        raise ConfigError("models.unknown_feature_class", kind=kind, known=", ".join(FEATURE_CLASSES))
    if (output_fmt := words.get("output_fmt") or "NCHW") != "NCHW":
        raise ConfigError("nn.output_format", output_fmt=str(output_fmt))
    if kind not in ("list", "dict"):
        logger.info("feature_cls=%r: the maps are the same, the tensors bear the names of 'list'", kind)
    return words.get("out_indices", out_indices), kind == "dict" or bool(words.get("return_dict"))

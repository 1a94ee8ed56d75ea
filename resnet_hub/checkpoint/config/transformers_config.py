"""config.json and preprocessor_config.json of transformers' own ResNet -> the form of config.json that timm writes."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any

from resnet_hub.config import IMAGENET_MEAN, IMAGENET_STD
from resnet_hub.errors import CheckpointError
from resnet_hub.registry import ARCHITECTURES

logger = logging.getLogger(__name__)

MODEL_TYPE = "resnet"
"""What config.json says of the network as `model_type`."""
PROCESSOR_FILE = "preprocessor_config.json"
"""Where transformers keeps what the input is."""
PROCESSOR = "preprocessor_config"
"""The key under which `read_config` puts the content of that file."""
# What transformers takes where config.json is silent.
DEFAULTS = {
    "num_channels": 3,
    "embedding_size": 64,
    "hidden_sizes": [256, 512, 1024, 2048],
    "depths": [3, 4, 6, 3],
    "layer_type": "bottleneck",
    "hidden_act": "relu",
    "downsample_in_first_stage": False,
    "downsample_in_bottleneck": False,
}
LAYERS = {"basic": ("resnet18", 1), "bottleneck": ("resnet50", 4)}
"""The architecture of each kind of layer, and by how much a block widens."""
HEADLESS = ("ResNetModel", "ResNetBackbone")
FILTERS = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}
"""Pillow's numbers of the filters."""
SQUASHED_FROM = 384
"""Source: ConvNextImageProcessor, which crops smaller images and squashes these and larger ones."""


def timm_form(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same config in timm's vocabulary; what config.json does not say is what transformers takes for it.

    Raises:
        CheckpointError: A value is none that transformers' ResNet has.
    """
    given = {**DEFAULTS, **{key: values[key] for key in DEFAULTS if values.get(key) is not None}}
    for key in ("downsample_in_first_stage", "downsample_in_bottleneck"):
        _check_choice(key, given[key], (True, False))
    _check_choice("layer_type", given["layer_type"], tuple(LAYERS))
    # In transformers any other activates between blocks only, and relu stays inside them.
    _check_choice("hidden_act", given["hidden_act"], ("relu",))
    base, expansion = LAYERS[given["layer_type"]]
    depths, widths = _sizes(given, "depths", 1), _sizes(given, "hidden_sizes", expansion)
    name = _named(given["layer_type"], depths, widths) or base
    options: dict[str, Any] = {
        "depths": depths,
        "widths": widths,
        "plain_stem_width": given["embedding_size"],
        "in_chans": given["num_channels"],
    }
    if given["downsample_in_first_stage"] or len(depths) > 4:  # a fifth stage strides there, and dilates in timm
        options["strides"] = [2 if given["downsample_in_first_stage"] else 1, *[2] * (len(depths) - 1)]
    if given["downsample_in_bottleneck"] and given["layer_type"] == "bottleneck":
        options["stride_place"] = "1x1"
    kept = {key: values[key] for key in ("id2label", "problem_type") if values.get(key) is not None}
    classes = _classes(values)
    form = {"architecture": name, "num_classes": classes, "global_pool": "avg", "model_args": options, **kept}
    if classes == 0:
        form.pop("id2label", None)
    return {**form, "pretrained_cfg": input_form(values.get(PROCESSOR))}


def input_form(processor: Any) -> dict[str, Any]:
    """What a preprocessor_config.json says of the input, under timm's keys; the usual input where there is none."""
    if not isinstance(processor, Mapping):
        logger.info(
            "there is no %s beside config.json: taken for the input are 224 px, bicubic, and ImageNet's mean and std; "
            "`preprocessing` of the network can be replaced",
            PROCESSOR_FILE,
        )
        return {"interpolation": "bicubic", "crop_pct": 0.875}
    form = _resizing(processor)
    resample = processor.get("resample", 2)
    if not isinstance(resample, int) or resample not in FILTERS:
        raise CheckpointError("checkpoint.resample", file=PROCESSOR_FILE, value=repr(resample)[:80])
    form["interpolation"] = FILTERS[resample]
    mean, std = _numbers(processor, "image_mean", IMAGENET_MEAN), _numbers(processor, "image_std", IMAGENET_STD)
    (factor,) = _numbers(processor, "rescale_factor", [1 / 255])
    scale = 255 * factor if processor.get("do_rescale", True) else 255.0
    if not processor.get("do_normalize", True):
        mean, std = [0.0] * len(mean), [1.0] * len(std)
    # Of an image scaled otherwise than to 0 ... 1, (scale * x - mean) / std is normalized here as x is.
    close = abs(scale - 1) < 1e-6
    form["mean"], form["std"] = ([value if close else value / scale for value in each] for each in (mean, std))
    form["input_size"][0] = len(form["mean"])
    return form


def _resizing(processor: Mapping[str, Any]) -> dict[str, Any]:
    """Size and crop. Raises: CheckpointError where there are none, or they are not square sides in pixels."""
    kind = str(processor.get("image_processor_type") or processor.get("feature_extractor_type") or "")
    size, squashed = _side(processor.get("size", 224), processor)
    if kind.startswith("ConvNext"):
        if size >= SQUASHED_FROM:
            return {"input_size": [3, size, size], "crop_pct": 1.0, "crop_mode": "squash"}
        share = processor.get("crop_pct") or 224 / 256
        return {"input_size": [3, size, size], "crop_pct": share, "crop_mode": "center"}
    mode = "squash" if squashed else "center"
    if not processor.get("do_center_crop", processor.get("crop_size") is not None):
        if not squashed:
            logger.info("%s crops nothing: the middle square of an image is taken", PROCESSOR_FILE)
        return {"input_size": [3, size, size], "crop_pct": 1.0, "crop_mode": mode}
    crop, _ = _side(processor.get("crop_size", 224), processor)
    if crop > size:
        logger.warning("%s crops %d px of %d: the border that it pads is left out", PROCESSOR_FILE, crop, size)
        size = crop
    share = crop / size if math.floor(crop / (crop / size)) == size else crop / (size + 1e-6)
    return {"input_size": [3, crop, crop], "crop_pct": min(1.0, share), "crop_mode": mode}


def _side(size: Any, processor: Mapping[str, Any]) -> tuple[int, bool]:
    """The side in pixels, and whether the image is squashed to it. Raises: CheckpointError."""
    sides = size
    if isinstance(size, Mapping):
        sides = size.get("shortest_edge") if "shortest_edge" in size else (size.get("height"), size.get("width"))
    squashed = isinstance(sides, tuple) or (sides is size and "crop_size" not in processor)
    if isinstance(sides, tuple) and sides[0] == sides[1]:
        sides = sides[0]
    if isinstance(sides, bool) or not isinstance(sides, int) or sides < 1:
        raise CheckpointError("checkpoint.processor_size", file=PROCESSOR_FILE, value=repr(size)[:80])
    return sides, squashed


def _numbers(processor: Mapping[str, Any], key: str, usual: Sequence[float]) -> list[float]:
    """The numbers of a field, or its one number; what is usual where it is absent. Raises: CheckpointError."""
    value = processor.get(key)
    if value is None:
        return list(usual)
    numbers = value if isinstance(value, list) else [value]
    right = all(isinstance(number, int | float) and not isinstance(number, bool) for number in numbers)
    if not right or not numbers or (key == "rescale_factor" and numbers[0] <= 0):
        raise CheckpointError("checkpoint.processor_numbers", file=PROCESSOR_FILE, key=key, value=repr(value)[:80])
    return [float(number) for number in numbers[: len(usual) if len(usual) == 1 else None]]


def _classes(values: Mapping[str, Any]) -> int:
    """The number of classes: none in a network without head, and two where config.json is silent."""
    architectures = values.get("architectures")
    if isinstance(architectures, list) and any(name in HEADLESS for name in architectures):
        return 0
    names = values.get("id2label")
    if isinstance(names, Mapping):
        return len(names)
    classes = values.get("num_labels", 2)
    return classes if isinstance(classes, int) else 2


def _sizes(given: Mapping[str, Any], key: str, expansion: int) -> list[int]:
    """A list of whole numbers, divided by `expansion`. Raises: CheckpointError."""
    sizes = given[key]
    whole = isinstance(sizes, list) and all(isinstance(size, int) and not isinstance(size, bool) for size in sizes)
    if not whole or any(size % expansion for size in sizes):
        raise CheckpointError("checkpoint.transformers_sizes", key=key, value=repr(sizes)[:80], expansion=expansion)
    return [size // expansion for size in sizes]


def _named(layer: str, depths: list[int], widths: list[int]) -> str | None:
    """The architecture that has just these stages."""
    for name, config in ARCHITECTURES.items():
        plain = config.family == "resnet" and name.removeprefix("resnet").isdigit()
        if plain and (config.block, [*config.depths], [*config.widths]) == (layer, depths, widths):
            return name
    return None


def _check_choice(key: str, value: Any, choices: tuple[Any, ...]) -> None:
    if not isinstance(value, str | bool) or value not in choices:
        raise CheckpointError("checkpoint.unknown_value", key=key, value=value, choices=", ".join(map(repr, choices)))

"""A network -> the folder of transformers' own ResNet: its configs, and its names of tensors."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from resnet_hub.checkpoint import (
    CONFIG_FILE,
    MODEL_TYPE,
    PROBLEM_TYPES,
    PROCESSOR_FILE,
    transformers_name,
    write_atomically,
    write_checkpoint,
)
from resnet_hub.config import ResNetConfig
from resnet_hub.errors import CheckpointError
from resnet_hub.export.libraries.weights_by_name import complete_state
from resnet_hub.models import PretrainedNetwork

FILTERS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3}
"""Pillow's numbers of the filters."""
# What every network of transformers' ResNet has, where its config says nothing else.
FIXED = {
    "family": ("resnet",),
    "block": ("basic", "bottleneck"),
    "cardinality": (1,),
    "base_width": (64,),
    "reduce_first": (1,),
    "stem": ("7x7",),
    "stem_pool": ("max",),
    "shortcut": ("projection",),
    "down_kernel_size": (1,),
    "attn_layer": (None,),
    "aa_layer": (None,),
    "act_layer": ("relu",),
    "norm_layer": ("batchnorm", "frozenbatchnorm2d"),
    "output_stride": (32,),
    "global_pool": ("avg",),
    "pruned": (None,),
}


def difference_to_transformers(model: PretrainedNetwork) -> str:
    """The first option that transformers' ResNet cannot say; empty where it has the same network and input."""
    config, seen = model.config, model.preprocessing
    for name, choices in FIXED.items():
        if (value := getattr(config, name)) not in choices:
            return f"{name}={value!r}"
    strides = config.stage_strides
    dilates = len(strides) > 4 and not config.strides
    if any(stride != 2 for stride in strides[1:]) or dilates:
        return f"strides={strides!r}"
    if seen.crop_mode == "border" or seen.input_size[1] != seen.input_size[2]:
        return f"crop_mode={seen.crop_mode!r} at input_size={seen.input_size!r}"
    return "" if seen.value_range is None else f"value_range={seen.value_range!r}"


def write_for_transformers(model: PretrainedNetwork, folder: Path) -> str:
    """Writes the folder; returns the name of the class that opens it. Raises: CheckpointError."""
    kind = "ResNetForImageClassification" if model.num_classes else "ResNetModel"
    head = bool(model.num_classes)
    state = {transformers_name(name, head=head): tensor for name, tensor in complete_state(model).items()}
    processor = json.dumps(_processor(model), indent=2) + "\n"
    write_checkpoint(folder, {"architectures": [kind], **_config(model)}, state, card="")
    try:
        write_atomically(folder / PROCESSOR_FILE, lambda file: file.write_text(processor, "utf-8"))
    except OSError as error:
        reason = error.strerror or str(error)
        raise CheckpointError("checkpoint.not_written", folder=str(folder / CONFIG_FILE), reason=reason) from error
    return kind


def _config(model: PretrainedNetwork) -> dict[str, Any]:
    """config.json of a network that `difference_to_transformers` finds nothing in."""
    config = model.config
    values: dict[str, Any] = {
        "model_type": MODEL_TYPE,
        "num_channels": config.in_chans,
        "embedding_size": config.plain_stem_width,
        "hidden_sizes": _hidden_sizes(config),
        "depths": list(config.depths),
        "layer_type": config.block,
        "hidden_act": "relu",
        "downsample_in_first_stage": config.stage_strides[0] == 2,
        "downsample_in_bottleneck": config.stride_place == "1x1",
    }
    if config.num_classes:
        names = model.label_names or [f"LABEL_{index}" for index in range(config.num_classes)]
        values["id2label"] = {str(index): name for index, name in enumerate(names)}
        values["label2id"] = {name: index for index, name in enumerate(names)}
    if config.task != "single_label":
        values["problem_type"] = PROBLEM_TYPES[config.task]
    return values


def _hidden_sizes(config: ResNetConfig) -> list[int]:
    return [width * (4 if config.block == "bottleneck" else 1) for width in config.widths]


def _processor(model: PretrainedNetwork) -> dict[str, Any]:
    """preprocessor_config.json: resize, crop, scale and normalize, of a class that has all four."""
    seen = model.preprocessing
    side = seen.input_size[1]
    grown = math.floor(side / seen.crop_pct)
    squashed = seen.crop_mode == "squash"
    return {
        "image_processor_type": "BitImageProcessor",
        "do_resize": True,
        "size": {"height": grown, "width": grown} if squashed else {"shortest_edge": grown},
        "resample": FILTERS[seen.interpolation],
        "do_center_crop": True,
        "crop_size": {"height": side, "width": side},
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": list(seen.mean),
        "image_std": list(seen.std),
        "do_convert_rgb": seen.input_size[0] == 3,
    }

"""Keras's residual networks (keras.applications): channels last, biases in front of norms, an epsilon of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

from resnet_hub.checkpoint.origins.libraries.keras_layers import KERAS_BLOCK, KERAS_CONFIG, KERAS_LAYER
from resnet_hub.checkpoint.origins.origin import Contents, Origin
from resnet_hub.config import Preprocessing, ResNetConfig
from resnet_hub.errors import CheckpointError
from resnet_hub.registry import ARCHITECTURES

ANCHOR = re.compile(r"conv2_block1_1_conv/kernel$")
Layers = Mapping[str, tuple[str, Mapping[str, Any]]]
"""Layer -> its class and its settings."""
EPSILON, OURS = 1.001e-5, 1e-5
"""What Keras's norms and those here add to the variance."""
CAFFE_MEAN = (123.68, 116.779, 103.939)
"""Red, green, blue; nothing is scaled. Source: `preprocess_input` of keras.applications.resnet."""
NORMS = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}


def recognize(contents: Contents) -> bool:
    """Whether the first block has its name in Keras."""
    return any(ANCHOR.fullmatch(name) for name in contents.tensors)


def rename(contents: Contents) -> dict[str, Tensor]:
    """The tensors as (out, in, H, W), a convolution's bias taken into the norm behind it where there is one.

    Raises:
        CheckpointError: The head is more than one layer.
    """
    tensors, v2, head, layers = contents.tensors, _is_v2(contents), _head(contents), _layers(contents)
    renamed: dict[str, Tensor] = {}
    for layer, weights in _by_layer(tensors).items():
        ours = ("head.fc" if v2 else "fc") if layer == head else _our_layer(layer, v2)
        if "gamma" in weights:
            bias = _folded_bias(tensors, layer.removesuffix("_bn"))
            read = _norm(weights, _epsilon(layers, layer), bias)
        else:
            folded = _folded_bias(tensors, layer.removesuffix("_conv")) is not None
            read = _layer(weights, without_bias=folded, as_convolution=v2 and layer == head)
        renamed |= {f"{ours}.{name}": tensor for name, tensor in read}
    first = "stem.conv.weight" if v2 else "conv1.weight"
    if not v2 and first in renamed and renamed[first].shape[1] == 3 and _scaling(layers) is None:
        renamed[first] = renamed[first].flip(1)  # it was trained on blue, green, red
    return renamed


def network(contents: Contents) -> ResNetConfig:
    """The network that the names and shapes of the layers say.

    Raises:
        CheckpointError: A layer that every such network has is missing, or is no convolution.
        ConfigError: There are more blocks, or wider ones, than any network has.
    """
    v2, tensors = _is_v2(contents), contents.tensors
    found = [(int(match[1]), int(match[2])) for name in tensors if (match := KERAS_BLOCK.match(name))]
    stages = sorted({stage for stage, _ in found})
    depths = tuple(max(block for at, block in found if at == stage) for stage in stages)
    widths = tuple(_convolution(contents, f"conv{stage}_block1_1_conv").shape[-1] for stage in stages)
    stem, head = _convolution(contents, "conv1_conv"), _head(contents)
    shapes: dict[str, Any] = {"depths": depths, "widths": widths, "in_chans": stem.shape[2]}
    shapes["num_classes"] = 0 if head is None else tensors[f"{head}/kernel"].shape[1]
    shapes["stem_width" if v2 else "plain_stem_width"] = stem.shape[3]
    prefix = "resnetv2_" if v2 else "resnet"
    named = (f"{prefix}{depth}" for depth in (50, 101, 152))
    name = next((one for one in named if ARCHITECTURES[one].depths == depths), f"{prefix}50")
    return ARCHITECTURES[name].with_options(**shapes)


def options(contents: Contents) -> dict[str, Any]:
    """What is Keras's own in its networks: where they stride and pad, and their biases; and what its config says."""
    layers, head = _layers(contents), _head(contents)
    said: dict[str, Any] = {}
    if any(kind == "GlobalMaxPooling2D" for kind, _ in layers.values()):
        said["global_pool"] = "max"
    if head in layers and layers[head][1].get("activation") == "sigmoid":
        said["task"] = "multi_label"
    if not _is_v2(contents):
        return {"stride_place": "1x1", **said}
    stages = len({match[1] for name in contents.tensors if (match := KERAS_BLOCK.match(name))})
    strides = (*[2] * (stages - 1), 1)
    return {"stem_pool": "zero_padded_max", "conv_bias": True, "stride_place": "last_block", "strides": strides, **said}


def preprocessing(contents: Contents, network: ResNetConfig) -> Preprocessing:
    """What `preprocess_input` makes of an image that `load_img` has squashed, or what the model's own layers make."""
    layers = _layers(contents)
    scaling = _scaling(layers)
    if scaling is not None:  # scale * value + offset of values up to 255
        scale, offset = scaling
        mean, std = (-offset / (255 * scale),) * 3, (1 / (255 * scale),) * 3
    elif network.family == "resnetv2":
        mean, std = (0.5,) * 3, (0.5,) * 3
    else:
        mean, std = tuple(value / 255 for value in CAFFE_MEAN), (1 / 255,) * 3  # type: ignore[assignment]
    height, width = _size(layers)
    seen = Preprocessing(
        input_size=(3, height, width), mean=mean, std=std, interpolation="nearest", crop_pct=1.0, crop_mode="squash"
    )
    return seen.with_channels(network.in_chans)


def says_input(contents: Contents) -> bool:
    """Whether the model scales images itself, so that nothing is assumed of their values."""
    return _scaling(_layers(contents)) is not None


def _by_layer(tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """Layer -> its weights by what they are there."""
    found: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        layer, _, weight = name.rpartition("/")
        found.setdefault(layer, {})[weight] = tensor
    return found


def _is_v2(contents: Contents) -> bool:
    return any("_preact_bn/" in name for name in contents.tensors)


def _head(contents: Contents) -> str | None:
    """The layer that turns pooled features into logits. Raises: CheckpointError where it is more than one layer."""
    others = {name.rpartition("/")[0] for name in contents.tensors}
    others = {layer for layer in others if layer in ("predictions", "probs") or not KERAS_LAYER.fullmatch(layer)}
    if not others:
        return None
    head = next(iter(others))
    kernel = contents.tensors.get(f"{head}/kernel")
    if len(others) > 1 or kernel is None or kernel.ndim != 2:
        raise CheckpointError(
            "checkpoint.keras_head", file=contents.file, layers=", ".join(map(repr, sorted(others)))[:200]
        )
    return head


def _convolution(contents: Contents, layer: str) -> Tensor:
    """The kernel (H, W, in, out) of a layer that must be there. Raises: CheckpointError."""
    kernel = contents.tensors.get(f"{layer}/kernel")
    if kernel is None or kernel.ndim != 4:
        raise CheckpointError("checkpoint.keras_layer_missing", file=contents.file, layer=layer)
    return kernel


def _our_layer(layer: str, v2: bool) -> str:
    """The name here of a convolution or a norm; one that is unknown stays, to be named as such."""
    fixed = {"conv1_conv": "stem.conv", "post_bn": "norm"} if v2 else {"conv1_conv": "conv1", "conv1_bn": "bn1"}
    found = KERAS_BLOCK.fullmatch(layer)
    if found is None:
        return fixed.get(layer, layer)
    stage, block, part, kind = int(found[1]) - 2, int(found[2]) - 1, found[3], found[4]
    if not v2:
        inner = f"downsample.{int(kind == 'bn')}" if part == "0" else f"{kind}{part}"
        return f"layer{stage + 1}.{block}.{inner}"
    if part == "preact":
        inner = "norm1"
    else:
        inner = f"norm{int(part) + 1}" if kind == "bn" else "downsample.conv" if part == "0" else f"conv{part}"
    return f"stages.{stage}.blocks.{block}.{inner}"


def _folded_bias(tensors: Mapping[str, Tensor], part: str) -> Tensor | None:
    """The bias of a convolution that goes into the norm behind it; one that does not fit stays, to be named as such."""
    bias, mean = tensors.get(f"{part}_conv/bias"), tensors.get(f"{part}_bn/moving_mean")
    return bias if bias is not None and mean is not None and bias.shape == mean.shape else None


def _epsilon(layers: Layers, layer: str) -> float:
    """What a norm adds to the variance; Keras's usual where its config does not say it."""
    said = layers[layer][1].get("epsilon") if layer in layers else None
    return float(said) if isinstance(said, int | float) else EPSILON


def _norm(weights: Mapping[str, Tensor], epsilon: float, bias: Tensor | None) -> Iterator[tuple[str, Tensor]]:
    """A norm behind a bias, by the epsilon of Keras, as the one here without: in double precision, rounded once."""
    for name, tensor in weights.items():
        if name == "moving_mean" and bias is not None:
            tensor = (tensor.double() - bias.double()).float()
        if name == "moving_variance":
            tensor = (tensor.double() + (epsilon - OURS)).float()
        yield NORMS.get(name, name), tensor


def _layer(weights: Mapping[str, Tensor], *, without_bias: bool, as_convolution: bool) -> Iterator[tuple[str, Tensor]]:
    """A convolution or a head, its kernel (H, W, in, out) or (in, out) turned to PyTorch's (out, in, H, W)."""
    for name, tensor in weights.items():
        if name == "kernel":
            turned = tensor.permute(3, 2, 0, 1) if tensor.ndim == 4 else tensor.t() if tensor.ndim == 2 else tensor
            yield "weight", turned[:, :, None, None].contiguous() if as_convolution else turned.contiguous()
        elif name != "bias" or not without_bias:
            yield name, tensor


def _layers(contents: Contents) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Layer -> its class and settings, those of models inside the model too; empty where the file has only weights."""
    found: dict[str, tuple[str, Mapping[str, Any]]] = {}
    left: list[Any] = [contents.extras.get(KERAS_CONFIG)]
    while left:
        values = left.pop()
        config = values.get("config") if isinstance(values, Mapping) else None
        if isinstance(config, Mapping):
            found.setdefault(str(config.get("name")), (str(values.get("class_name")), config))
            inner = config.get("layers")
            left += reversed(inner) if isinstance(inner, list) else []
    return found


def _scaling(layers: Layers) -> tuple[float, float] | None:
    """Scale and offset of a Rescaling layer in the model; None where images are prepared in front of it."""
    for kind, config in layers.values():
        scale, offset = config.get("scale"), config.get("offset", 0)
        if kind == "Rescaling" and isinstance(scale, int | float) and isinstance(offset, int | float) and scale > 0:
            return float(scale), float(offset)
    return None


def _size(layers: Layers) -> tuple[int, int]:
    """Height and width that the model was built for; 224 where any will do."""
    for kind, config in layers.values():
        shape = config.get("batch_shape") or config.get("batch_input_shape")
        if kind == "InputLayer" and isinstance(shape, list) and len(shape) == 4:
            height, width = shape[1:3]
            if isinstance(height, int) and isinstance(width, int):
                return height, width
    return 224, 224


ORIGIN = Origin(
    "keras.applications",
    ANCHOR,
    recognize,
    rename,
    network=network,
    options=options,
    preprocessing=preprocessing,
    says_input=says_input,
    used=frozenset({KERAS_CONFIG}),
)

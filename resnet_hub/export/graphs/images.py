"""A network's ONNX model -> one that takes an image, uint8 (H, W, C) of any size, and gives scores.

The resize, the crop and the normalization become operations of the file, so that nobody has to write them again.
Pillow's resampling is ONNX's `Resize` of uint8 with `antialias` and without what lies outside; the two differ by one
level of 256 in some pixels (`resampling.py` has one that does not). Sizes and windows are computed as
`preprocessing.to_pixels` does, with the same rounding.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from resnet_hub.config import Preprocessing
from resnet_hub.errors import CheckpointError
from resnet_hub.export.graphs.evidence import add_evidence, averaging_head
from resnet_hub.export.graphs.resampling import resized as exactly_resized

RESIZES: dict[str, dict[str, Any]] = {
    "bilinear": {"mode": "linear", "antialias": 1, "exclude_outside": 1},
    "bicubic": {"mode": "cubic", "antialias": 1, "exclude_outside": 1, "cubic_coeff_a": -0.5},
}
"""Interpolation -> the attributes of ONNX's Resize that compute as Pillow's filter of that name."""


class _Nodes:
    """Operations in their order; each call adds one and gives the name of its result."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, operation: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        from onnx import helper

        result = name or f"{self.prefix}_{operation.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, list(inputs), [result], **attributes))
        return result

    def constant(self, values: Any, dtype: type = np.int64) -> str:
        from onnx import numpy_helper

        name = f"{self.prefix}_constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(values, dtype), name))
        return name


def image_graph(
    network: Any, preprocessing: Preprocessing, task: str, temperature: float | None, *, exact: bool = False
) -> Any:
    """The ONNX model `image` -> `scores` (1, num_classes), `logits`, `features`.

    Where the head averages the last feature map, also `evidence` (1, num_classes, h, w): what each place of it adds
    to each logit.

    Args:
        network: The model of `onnx_graph`, which stays as it is.
        preprocessing: What its input is.
        task: What makes scores of its logits: single_label, multi_label or regression.
        temperature: What its logits are divided by first; None for nothing.
        exact: Whether pictures of up to `MOST_PIXELS` are resized to Pillow's very levels.

    Raises:
        CheckpointError: ONNX has no such interpolation.
    """
    from onnx import ModelProto, TensorProto, checker, helper

    if preprocessing.interpolation not in RESIZES:
        known = ", ".join(RESIZES)
        raise CheckpointError("export.no_such_resize", interpolation=preprocessing.interpolation, known=known)
    model = ModelProto()
    model.CopyFrom(network)
    channels = preprocessing.input_size[0]
    before, after = _Nodes("image"), _Nodes("scores")
    _normalized(before, _cropped(before, preprocessing, exact), preprocessing)
    _scores(after, task, temperature)
    graph, head = model.graph, averaging_head(model.graph)
    classes, *features = (output.type.tensor_type.shape.dim[1].dim_value for output in graph.output)
    if head is not None:
        add_evidence(after, head, features[0], classes)
    nodes = [*before.nodes, *graph.node, *after.nodes]
    del graph.node[:], graph.input[:]
    graph.node.extend(nodes)
    graph.initializer.extend([*before.constants, *after.constants])
    graph.input.append(helper.make_tensor_value_info("image", TensorProto.UINT8, ["height", "width", channels]))
    del graph.value_info[:]
    for output in graph.output:
        output.type.tensor_type.shape.dim[0].dim_value = 1
    graph.output.insert(0, helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, classes]))
    if head is not None:
        graph.output.append(helper.make_tensor_value_info("evidence", TensorProto.FLOAT, [1, classes, "h", "w"]))
    checker.check_model(model)
    return model


def pixels_before_network(network: Any, preprocessing: Preprocessing, *, exact: bool) -> Any:
    """The ONNX model `image` -> `pixel_values` (1, C, H, W), as in the file that `image_graph` makes."""
    from onnx import TensorProto, helper

    nodes = _Nodes("image")
    _normalized(nodes, _cropped(nodes, preprocessing, exact), preprocessing)
    channels = preprocessing.input_size[0]
    given = helper.make_tensor_value_info("image", TensorProto.UINT8, ["height", "width", channels])
    found = helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, [1, *preprocessing.input_size])
    graph = helper.make_graph(nodes.nodes, "pixels", [given], [found], nodes.constants)
    return helper.make_model(graph, opset_imports=network.opset_import, ir_version=network.ir_version)


def _cropped(nodes: _Nodes, preprocessing: Preprocessing, exact: bool) -> str:
    """Adds what makes `image` uint8 (1, C, height, width), resized, cropped and padded."""
    channels, height, width = preprocessing.input_size
    planes = nodes.add("Unsqueeze", nodes.add("Transpose", "image", perm=[2, 0, 1]), nodes.constant([0]))
    sides = nodes.add("Shape", planes, start=2)  # height and width
    resized = _resized(nodes, sides, preprocessing)

    def plain(inside: _Nodes) -> str:
        sizes = inside.add("Concat", inside.constant([1, channels]), resized, axis=0)
        return inside.add("Resize", planes, "", "", sizes, **RESIZES[preprocessing.interpolation])

    if exact:
        whole = exactly_resized(nodes, _Nodes, planes, sides, resized, preprocessing.interpolation, plain)
    else:
        whole = plain(nodes)
    crop = nodes.constant([height, width])
    spare = nodes.add("Max", nodes.add("Sub", resized, crop), nodes.constant([0, 0]))
    start = _whole(nodes, nodes.add("Round", _half(nodes, spare)))
    end = nodes.add("Add", start, nodes.add("Min", resized, crop))
    window = nodes.add("Slice", whole, start, end, nodes.constant([2, 3]))
    if preprocessing.crop_mode != "border":
        return window  # the other modes never leave a side shorter than the crop
    missing = nodes.add("Max", nodes.add("Sub", crop, resized), nodes.constant([0, 0]))
    first = nodes.add("Div", missing, nodes.constant([2]))
    last = nodes.add("Sub", missing, first)
    none = nodes.constant([0, 0])
    return _padded(nodes, window, nodes.add("Concat", none, first, none, last, axis=0), preprocessing.mean)


def _padded(nodes: _Nodes, window: str, pads: str, mean: Sequence[float]) -> str:
    """Adds a border in the color of the mean; ONNX pads all channels with one value, so each is padded alone."""
    planes = []
    for channel, value in enumerate(mean):
        plane = nodes.add("Slice", window, *(nodes.constant([number]) for number in (channel, channel + 1, 1)))
        level = nodes.constant(min(255, max(0, round(255 * value))), np.uint8)
        planes.append(nodes.add("Pad", plane, pads, level))
    return nodes.add("Concat", *planes, axis=1)


def _resized(nodes: _Nodes, sides: str, preprocessing: Preprocessing) -> str:
    """Adds the height and width that the image is resized to; see `preprocessing._resized_size`."""
    _, height, width = preprocessing.input_size
    target = [math.floor(side / preprocessing.crop_pct) for side in (height, width)]
    if preprocessing.crop_mode == "squash":
        return nodes.constant(target)
    exact = nodes.add("Cast", sides, to=11)  # double, as Python's division
    if preprocessing.crop_mode == "center" and target[0] == target[1]:
        shortest = nodes.add("ReduceMin", exact, keepdims=1)
        product = nodes.add("Mul", exact, nodes.constant([target[0]], np.float64))
        return _whole(nodes, nodes.add("Floor", nodes.add("Div", product, shortest)))
    ratios = nodes.add("Div", exact, nodes.constant(target, np.float64))
    fit = "ReduceMax" if preprocessing.crop_mode == "border" else "ReduceMin"
    rounded = nodes.add("Round", nodes.add("Div", exact, nodes.add(fit, ratios, keepdims=1)))
    return nodes.add("Max", _whole(nodes, rounded), nodes.constant([1, 1]))


def _half(nodes: _Nodes, sides: str) -> str:
    return nodes.add("Mul", nodes.add("Cast", sides, to=11), nodes.constant([0.5], np.float64))


def _whole(nodes: _Nodes, numbers: str) -> str:
    return nodes.add("Cast", numbers, to=7)  # int64


def _normalized(nodes: _Nodes, pixels: str, preprocessing: Preprocessing) -> None:
    """Adds what makes the network's input of pixels, in the order of `preprocessing.normalize`."""

    def column(values: Sequence[float]) -> str:
        return nodes.constant(np.reshape(values, (1, -1, 1, 1)), np.float32)

    shares = nodes.add("Div", nodes.add("Cast", pixels, to=1), column([255.0]))
    centered = nodes.add("Sub", shares, column(preprocessing.mean))
    nodes.add("Div", centered, column(preprocessing.std), name="pixel_values")


def _scores(nodes: _Nodes, task: str, temperature: float | None) -> None:
    """Adds what makes scores of logits."""
    logits = "logits"
    if temperature is not None and task != "regression":
        logits = nodes.add("Div", logits, nodes.constant(temperature, np.float32), name="calibrated_logits")
    if task == "single_label":
        nodes.add("Softmax", logits, name="scores", axis=1)
    else:
        nodes.add("Sigmoid" if task == "multi_label" else "Identity", logits, name="scores")

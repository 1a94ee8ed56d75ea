"""A file that takes images -> one for transformers.js, whose pipelines give pixels and take logits.

Its processor is told to change nothing: it resizes without smoothing, so that a photograph would be answered otherwise.
"""

from __future__ import annotations

from typing import Any

import numpy as np

TAKEN = {"pixel_values": "network_values", "logits": "network_logits"}
"""Names of pipelines that tensors inside of the file have, and what those are called instead."""


def pixels_graph(model: Any, channels: int) -> Any:
    """The ONNX model `pixel_values`, float32 (1, C, H, W) from 0 to 255 -> `logits`, of which softmax makes scores.

    Args:
        model: The model of `image_graph`, which stays as it is.
        channels: Of its images.
    """
    from onnx import ModelProto, TensorProto, checker, helper, numpy_helper

    copy = ModelProto()
    copy.CopyFrom(model)
    graph = copy.graph
    for node in graph.node:
        node.input[:] = [TAKEN.get(name, name) for name in node.input]
        node.output[:] = [TAKEN.get(name, name) for name in node.output]
    made = {name for node in graph.node for name in node.output}
    calibrated = "calibrated_logits" if "calibrated_logits" in made else TAKEN["logits"]
    before = [
        helper.make_node("Cast", ["pixel_values"], ["pixels_whole"], to=TensorProto.UINT8),
        helper.make_node("Squeeze", ["pixels_whole", "pixels_first"], ["pixels_planes"]),
        helper.make_node("Transpose", ["pixels_planes"], ["image"], perm=[1, 2, 0]),
    ]
    nodes = [*before, *graph.node, helper.make_node("Identity", [calibrated], ["logits"])]
    classes = next(output.type.tensor_type.shape.dim[1].dim_value for output in graph.output if output.name == "logits")
    del graph.node[:], graph.input[:], graph.output[:]
    graph.node.extend(nodes)
    graph.initializer.append(numpy_helper.from_array(np.array([0], np.int64), "pixels_first"))
    shape: list[str | int | None] = [1, channels, "height", "width"]
    graph.input.append(helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, shape))
    graph.output.append(helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, classes]))
    checker.check_model(copy)
    return copy

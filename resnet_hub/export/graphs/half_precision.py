"""An ONNX model in float32 -> one whose weights are stored in float16, of half the size."""

from __future__ import annotations

from typing import Any

import numpy as np

SMALLEST = 256
"""Numbers of a tensor that is stored so; smaller ones save nothing."""


def in_half(model: Any) -> Any:
    """The model with weights in float16, which become float32 when the file is opened; it computes as before.

    Arithmetic in float16 would round every feature map as well, and a CPU has none: it would convert before and after
    each operation.

    Args:
        model: The ONNX model, which stays as it is.
    """
    from onnx import ModelProto, TensorProto, helper, numpy_helper

    copy = ModelProto()
    copy.CopyFrom(model)
    largest, casts = np.finfo(np.float16).max, []
    for tensor in copy.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < SMALLEST:
            continue
        values = np.clip(numpy_helper.to_array(tensor), -largest, largest).astype(np.float16)
        name, stored = tensor.name, f"{tensor.name}_half"
        tensor.CopyFrom(numpy_helper.from_array(values, stored))
        casts.append(helper.make_node("Cast", [stored], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *copy.graph.node]
    del copy.graph.node[:]
    copy.graph.node.extend(nodes)
    return copy

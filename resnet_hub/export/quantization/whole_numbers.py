"""An ONNX model and the ranges of its tensors -> the same in 8-bit whole numbers, with the means of its maps kept."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

import numpy as np

from resnet_hub.export.quantization.activations import Activations

OPERATIONS = ("Conv", "Relu")
"""Those in whole numbers. With its activation, a convolution rounds once, and no level goes to what is cut off."""


def in_whole_numbers(model: Any, found: Activations, excluded: Set[str], weight_bits: int = 7) -> Any:
    """The model with all but the excluded operations in whole numbers.

    Rounding a filter moves the mean of its map; the bias takes that back (bias correction; Nagel et al. 2019,
    "Data-Free Quantization Through Weight Equalization and Bias Correction", section 4.2, with measured means).

    Args:
        model: An ONNX model, which stays as it is.
        found: Of its tensors.
        excluded: Names of operations that stay in float32.
        weight_bits: Of each weight. Seven, as without VNNI a CPU adds pairs of products in 16 bits, and eight overflow;
            eight where the CPU does not.
    """
    from onnx import ModelProto, numpy_helper

    rounded = {tensor.name: tensor for tensor in _rounded(model, found, excluded, weight_bits).graph.initializer}
    corrected = ModelProto()
    corrected.CopyFrom(model)
    tensors = {tensor.name: tensor for tensor in corrected.graph.initializer}
    for node in corrected.graph.node:
        if node.op_type != "Conv" or node.name in excluded or len(node.input) < 3:
            continue
        name, bias = node.input[1], node.input[2]
        weight = numpy_helper.to_array(tensors[name])
        steps = numpy_helper.to_array(rounded[f"{name}_scale"]).reshape(-1, 1, 1, 1)
        moved = numpy_helper.to_array(rounded[f"{name}_quantized"]).astype(np.float32) * steps - weight
        groups = next((one.i for one in node.attribute if one.name == "group"), 1)
        means = found.means[node.input[0]].reshape(groups, -1)
        moved = moved.sum(axis=(2, 3)).reshape(groups, -1, means.shape[1])
        shift = np.einsum("goi,gi->go", moved, means).reshape(-1)
        tensors[bias].CopyFrom(
            numpy_helper.from_array((numpy_helper.to_array(tensors[bias]) - shift).astype(np.float32), bias)
        )
    return _rounded(corrected, found, excluded, weight_bits)


def _rounded(model: Any, found: Activations, excluded: Set[str], weight_bits: int) -> Any:
    """The model with 8-bit activations, and weights with one scale for each filter."""
    from onnx import ModelProto
    from onnxruntime.quantization import CalibrationMethod, QuantType
    from onnxruntime.quantization.calibrate import TensorData, TensorsData
    from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

    copy = ModelProto()
    copy.CopyFrom(model)
    ranges = {
        name: TensorData(lowest=np.float32(lowest), highest=np.float32(highest))
        for name, (lowest, highest) in found.ranges.items()
    }
    quantizer = QDQQuantizer(
        copy,
        per_channel=True,
        reduce_range=weight_bits == 7,
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QUInt8,
        tensors_range=TensorsData(CalibrationMethod.MinMax, ranges),
        nodes_to_quantize=[],
        nodes_to_exclude=sorted(excluded),
        op_types_to_quantize=list(OPERATIONS),
        extra_options={},
    )
    quantizer.quantize_model()
    quantizer.model.topological_sort()  # what it adds stands behind what needs it
    return quantizer.model.model

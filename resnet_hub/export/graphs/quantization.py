"""An ONNX model in float32 -> 8-bit whole numbers, calibrated on images, with the layers that it hurts left in float32.

Convolutions compute in whole numbers: weights have one scale for each filter, activations one for each tensor, found
on the images. The first convolution, channel attention and the head stay in float32, and so do sums and activations.
Where the answers change too often, each block's own share of the damage is measured, and blocks go back to float32, the
worst first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from resnet_hub.errors import CheckpointError

BLOCK = re.compile(r"network\.((?:layer|stages\.)\d+(?:\.blocks)?\.\d+)\.")
"""The name of the block that a weight belongs to, in either family."""
ATTENTION = re.compile(r"\.(?:se|attn)\.")
QUANTIZED = ("Conv",)
"""Operations in whole numbers."""
BATCH = 8
Answers = Callable[[Any], np.ndarray]


@dataclass(frozen=True)
class Quantized:
    """A model of whole numbers, and what was left out of it."""

    model: Any
    left_in_float: tuple[str, ...]
    """The blocks that stayed in float32 since the answers were worse without them."""


def quantized(
    model: Any, inputs: np.ndarray, logits: np.ndarray, answer: Answers, good_enough: Callable[[np.ndarray], bool]
) -> Quantized:
    """The model in whole numbers.

    Args:
        model: An ONNX model with the input `pixel_values`.
        inputs: Normalized images (N, C, H, W), float32, to calibrate and to judge with.
        logits: What the model answers to them, (N, num_classes).
        answer: A model -> what it answers to them.
        good_enough: Whether such answers will do.

    Raises:
        CheckpointError: They never are, even with a single block in whole numbers.
    """
    with _ranges(model, inputs) as ranges:
        kept = set(_ends(model.graph))
        whole = _in_integers(model, ranges, kept)
        if good_enough(answer(whole)):
            return Quantized(whole, ())
        groups = _blocks(model.graph)
        everything = {node.name for node in model.graph.node}
        damage = {
            block: _distance(answer(_in_integers(model, ranges, everything - nodes | kept)), logits)
            for block, nodes in groups.items()
        }
        left: list[str] = []
        for block in sorted(groups, key=lambda name: damage[name], reverse=True)[:-1]:
            left.append(block)
            kept |= groups[block]
            whole = _in_integers(model, ranges, kept)
            if good_enough(answer(whole)):
                return Quantized(whole, tuple(left))
    raise CheckpointError("export.no_whole_numbers", blocks=len(groups))


def _distance(found: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.square(found - wanted).mean())


def _ends(graph: Any) -> Iterator[str]:
    """The first convolution, the head, and channel attention, which multiplies whole maps by what it finds."""
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    yield convolutions[0].name
    yield from (node.name for node in graph.node if node.op_type in ("Gemm", "MatMul"))
    yield from (node.name for node in convolutions if any(map(ATTENTION.search, node.input)))


def _blocks(graph: Any) -> dict[str, set[str]]:
    """Block -> its convolutions, by the names of their weights."""
    groups: dict[str, set[str]] = {}
    for node in graph.node:
        found = [match[1] for name in node.input if (match := BLOCK.search(name))]
        if found and node.op_type in QUANTIZED:
            groups.setdefault(found[0], set()).add(node.name)
    return groups


@contextmanager
def _ranges(model: Any, inputs: np.ndarray) -> Iterator[Any]:
    """The range of every activation over the images, which ONNX Runtime finds."""
    from onnxruntime.quantization import CalibrationMethod
    from onnxruntime.quantization.calibrate import create_calibrator

    with TemporaryDirectory() as folder:
        from onnx import save

        file = Path(folder, "model.onnx")
        save(model, file)
        calibrator = create_calibrator(
            file,
            list(QUANTIZED),
            augmented_model_path=str(Path(folder, "augmented.onnx")),
            calibrate_method=CalibrationMethod.MinMax,
        )
        for start in range(0, len(inputs) - BATCH + 1, BATCH):  # it holds the maps of all that it is given at once
            calibrator.collect_data(_Reader(inputs[start : start + BATCH]))
        yield calibrator.compute_data()
        del calibrator


class _Reader:
    """Gives one batch of images, as the calibration asks for them."""

    def __init__(self, batch: np.ndarray) -> None:
        self._batches = iter([batch])

    def get_next(self) -> dict[str, np.ndarray] | None:
        batch = next(self._batches, None)
        return None if batch is None else {"pixel_values": batch}


def _in_integers(model: Any, ranges: Any, excluded: Sequence[str] | set[str]) -> Any:
    """The model with all but these operations in whole numbers."""
    from onnx import ModelProto
    from onnxruntime.quantization import QuantType
    from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

    copy = ModelProto()
    copy.CopyFrom(model)
    quantizer = QDQQuantizer(
        copy,
        per_channel=True,
        # Seven bits for weights: without VNNI, a CPU adds pairs of products in 16 bits, and eight overflow.
        reduce_range=True,
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QUInt8,
        tensors_range=ranges,
        nodes_to_quantize=[],
        nodes_to_exclude=sorted(excluded),
        op_types_to_quantize=list(QUANTIZED),
        extra_options={},
    )
    quantizer.quantize_model()
    quantizer.model.topological_sort()  # what it adds stands behind what needs it
    return quantizer.model.model

"""What each place of the last feature map adds to each class, as one more output of a file that takes images.

Where the head averages over places and multiplies, this is a product of its weights with the map: the class activation
map of `explain`, of every class at once and without a gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

KEEPS = ("Flatten", "Identity", "Reshape", "Squeeze")
"""Operations between the average and the head that change no value."""


@dataclass(frozen=True)
class AveragingHead:
    """A head that multiplies the average of the last feature map, by the names that its tensors have in a graph."""

    maps: str
    """The last feature map, (1, channels, h, w)."""
    weight: str
    """Its weights, (classes, channels) where `transposed`, else (channels, classes)."""
    transposed: bool


def averaging_head(graph: Any) -> AveragingHead | None:
    """What makes the logits of a graph; None where its head is another one, such as one with a hidden layer."""
    made_by = {name: node for node in graph.node for name in node.output}
    head = made_by.get("logits")
    if head is None or head.op_type != "Gemm":
        return None
    options = {one.name: one for one in head.attribute}
    name = head.input[0]
    while (node := made_by.get(name)) is not None and node.op_type in KEEPS:
        name = node.input[0]
    constants = {one.name: one for one in graph.initializer}
    if node is None or not _averages(node, constants):
        return None
    transposed = "transB" in options and options["transB"].i == 1
    return AveragingHead(node.input[0], head.input[1], transposed)


def _averages(node: Any, constants: Any) -> bool:
    """Whether an operation is the mean over the height and the width."""
    from onnx import numpy_helper

    if node.op_type == "GlobalAveragePool":
        return True
    if node.op_type != "ReduceMean" or len(node.input) < 2 or node.input[1] not in constants:
        return False
    axes: Sequence[int] = numpy_helper.to_array(constants[node.input[1]]).tolist()
    return sorted(axis % 4 for axis in axes) == [2, 3]


def add_evidence(nodes: Any, head: AveragingHead, channels: int, classes: int) -> None:
    """Adds what makes `evidence` (1, classes, h, w), which adds up to the logits without their biases.

    Args:
        nodes: Where the operations go.
        head: What the logits are made of.
        channels: Of the last feature map.
        classes: Outputs of the head.
    """
    weight = head.weight if head.transposed else nodes.add("Transpose", head.weight, perm=[1, 0])
    sides = nodes.add("Shape", head.maps, start=2)
    rows = nodes.add("Reshape", head.maps, nodes.constant([channels, -1]))
    product = nodes.add("MatMul", weight, rows)
    places = nodes.add("Cast", nodes.add("ReduceProd", sides, keepdims=1), to=1)
    share = nodes.add("Div", product, places)
    nodes.add("Reshape", share, nodes.add("Concat", nodes.constant([1, classes]), sides, axis=0), name="evidence")

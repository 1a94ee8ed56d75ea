"""Pillow's resize, to the last level, as operations of ONNX: two products with the filter's matrices, in whole numbers.

ONNX's own `Resize` rounds the filter to one bit less, so that a value halfway between two levels may fall to the other
one, and a score may move by two thousandths. The matrices cost more than the few values in them that are not zero;
pictures above `MOST_PIXELS` are left to `Resize`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

MOST_PIXELS = 2**20
"""Of a picture that is resized so; a resize then costs about what a ResNet-18 does, and mostly far less."""
BITS = 22
"""Of Pillow's whole numbers for a filter, behind the point."""
LOW = 2**11
"""What splits them: products of both parts with 8-bit values are exact in float32."""
SUPPORTS = {"bilinear": 1.0, "bicubic": 2.0}
"""Interpolation -> how far its filter reaches, in pixels of the smaller picture."""
UINT8, FLOAT, INT32, INT64, DOUBLE = 2, 1, 6, 7, 11
"""ONNX's numbers of the types."""


def resized(nodes: Any, inner: type[Any], planes: str, sides: str, target: str, interpolation: str, plain: Any) -> str:
    """Adds what makes uint8 (1, C, height, width) of another size; returns its name.

    Args:
        nodes: Where the operations go.
        inner: What collects the operations of a branch, as `nodes` does.
        planes: The picture, uint8 (1, C, height, width).
        sides: Its height and width, int64 (2,).
        target: Those it gets, int64 (2,).
        interpolation: One of `SUPPORTS`.
        plain: Adds ONNX's own resize to what it is given, and returns the name of the result.
    """
    from onnx import TensorProto, helper

    pixels = nodes.add("ReduceProd", sides, keepdims=0)
    small = nodes.add("LessOrEqual", pixels, nodes.constant(MOST_PIXELS))
    branches = {}
    for name, adds in (
        ("then_branch", lambda inside: _exactly(inside, planes, sides, target, interpolation)),
        ("else_branch", plain),
    ):
        inside = inner(name)
        value = helper.make_tensor_value_info(adds(inside), TensorProto.UINT8, [1, None, None, None])
        branches[name] = helper.make_graph(inside.nodes, name, [], [value], inside.constants)
    return nodes.add("If", small, **branches)


def _exactly(nodes: Any, planes: str, sides: str, target: str, interpolation: str) -> str:
    """Columns first, as Pillow does, with levels in between."""
    columns = _matrix(nodes, sides, target, 1, interpolation)
    across = nodes.add("MatMul", nodes.add("Cast", planes, to=FLOAT), nodes.add("Transpose", columns, perm=[1, 0]))
    rows = _matrix(nodes, sides, target, 0, interpolation)
    down = nodes.add("MatMul", rows, _levels(nodes, across, 3))
    return nodes.add("Cast", _levels(nodes, down, 2), to=UINT8)


def _matrix(nodes: Any, sides: str, target: str, axis: int, interpolation: str) -> str:
    """Adds the filter of one axis, float32 (2 * new, old): upper parts of its whole numbers, then the lower ones."""

    def number(value: float) -> str:
        return nodes.constant(value, np.float64)

    old, new = (nodes.add("Gather", both, nodes.constant(axis)) for both in (sides, target))
    scale = nodes.add("Div", *(nodes.add("Cast", side, to=DOUBLE) for side in (old, new)))
    stretch = nodes.add("Max", scale, number(1.0))
    reach = nodes.add("Mul", stretch, number(SUPPORTS[interpolation]))
    zero, one = nodes.constant(0), nodes.constant(1)
    here = nodes.add("Unsqueeze", nodes.add("Range", zero, new, one), nodes.constant([1]))
    there = nodes.add("Unsqueeze", nodes.add("Range", zero, old, one), nodes.constant([0]))
    center = nodes.add("Mul", nodes.add("Add", nodes.add("Cast", here, to=DOUBLE), number(0.5)), scale)
    first, last = (
        nodes.add("Cast", nodes.add("Add", nodes.add(sign, center, reach), number(0.5)), to=INT64)
        for sign in ("Sub", "Add")
    )
    inside = nodes.add(
        "And", nodes.add("GreaterOrEqual", there, nodes.add("Max", first, zero)), nodes.add("Less", there, last)
    )
    apart = nodes.add("Add", nodes.add("Sub", nodes.add("Cast", there, to=DOUBLE), center), number(0.5))
    apart = nodes.add("Abs", nodes.add("Mul", apart, nodes.add("Div", number(1.0), stretch)))
    shares = nodes.add("Where", inside, FILTERS[interpolation](nodes, apart, number), number(0.0))
    shares = nodes.add("Div", shares, nodes.add("ReduceSum", shares, nodes.constant([1]), keepdims=1))
    shares = nodes.add("Mul", shares, number(2.0**BITS))
    rounded = nodes.add("Add", shares, nodes.add("Mul", nodes.add("Sign", shares), number(0.5)))
    whole = nodes.add("Cast", nodes.add("Cast", rounded, to=INT64), to=DOUBLE)  # cut off, as C does
    upper = nodes.add("Floor", nodes.add("Div", whole, number(LOW)))
    lower = nodes.add("Sub", whole, nodes.add("Mul", upper, number(LOW)))
    return nodes.add("Cast", nodes.add("Concat", upper, lower, axis=0), to=FLOAT)


def _levels(nodes: Any, sums: str, axis: int) -> str:
    """Adds what makes levels from 0 to 255, as float32, of the sums of both parts, which lie behind each other."""

    def number(value: int) -> str:
        return nodes.constant(value, np.int32)

    half = nodes.add("Div", nodes.add("Shape", sums, start=axis, end=axis + 1), nodes.constant([2]))
    along, none, end = nodes.constant([axis]), nodes.constant([0]), nodes.constant([2**31])
    upper, lower = (
        nodes.add("Cast", nodes.add("Slice", sums, *window, along), to=INT32) for window in ((none, half), (half, end))
    )
    whole = nodes.add("Add", nodes.add("Mul", upper, number(LOW)), lower)
    # A quotient is cut off towards 0 and not downwards, but what is below 0 becomes 0 in any case.
    levels = nodes.add("Div", nodes.add("Add", whole, number(2 ** (BITS - 1))), number(2**BITS))
    bounded = nodes.add("Min", nodes.add("Max", levels, number(0)), number(255))
    return nodes.add("Cast", bounded, to=FLOAT)


def _bilinear(nodes: Any, apart: str, number: Any) -> str:
    return nodes.add("Max", nodes.add("Sub", number(1.0), apart), number(0.0))


def _bicubic(nodes: Any, apart: str, number: Any) -> str:
    """Pillow's, with a = -0.5, in its order of operations; source: `bicubic_filter` of Pillow's Resample.c."""

    def of(operation: str, one: str, other: str | float) -> str:
        return nodes.add(operation, one, other if isinstance(other, str) else number(other))

    near = of("Mul", of("Mul", of("Sub", of("Mul", apart, 1.5), 2.5), apart), apart)
    far = of("Mul", of("Add", of("Mul", of("Sub", apart, 5.0), apart), 8.0), apart)
    far = of("Mul", of("Sub", far, 4.0), -0.5)
    beyond = nodes.add("Where", of("Less", apart, 2.0), far, number(0.0))
    return nodes.add("Where", of("Less", apart, 1.0), of("Add", near, 1.0), beyond)


FILTERS = {"bilinear": _bilinear, "bicubic": _bicubic}
"""Interpolation -> what its filter is at a distance, in pixels of the smaller picture."""

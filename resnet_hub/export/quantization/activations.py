"""What flows through an ONNX model over many images: the ranges that each tensor may be rounded in, and its means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

LEVELS = 255
"""Steps of an activation in 8 bits."""
SHARES = np.linspace(0.3, 1.0, 29)
"""Ranges that are tried, as shares of the widest."""
SAMPLES = 1000
"""Values of a tensor that are kept of each batch."""
BATCH = 2


@dataclass(frozen=True)
class Activations:
    """Of each tensor, by its name."""

    ranges: Mapping[str, tuple[float, float]]
    """Lowest and highest value that it has in whole numbers; 0 is among them. Values beyond are clipped."""
    means: Mapping[str, np.ndarray]
    """The mean of each channel, (C,)."""


def activations(model: Any, inputs: np.ndarray, operations: tuple[str, ...]) -> tuple[Activations, Activations]:
    """What the inputs and outputs of these operations are over the images: with all that they hold, and with less.

    The narrower ranges are those in which rounding changes a tensor least. They pay in large networks with rare high
    values, and cost in small ones.

    Args:
        model: An ONNX model with the input `pixel_values`, which stays as it is.
        inputs: Normalized images (N, C, H, W), float32.
        operations: Such as "Conv".
    """
    touched = [node for node in model.graph.node if node.op_type in operations]
    names = {name for node in touched for name in (node.input[0], node.output[0])}
    lowest, highest = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)
    sums: dict[str, np.ndarray] = {}
    samples: dict[str, list[np.ndarray]] = {name: [] for name in names}
    random = np.random.default_rng(0)
    for found in _flows(model, inputs, names):
        for name, values in found.items():
            lowest[name] = min(lowest[name], float(values.min()))
            highest[name] = max(highest[name], float(values.max()))
            flat = values.reshape(-1)
            samples[name].append(flat[random.integers(len(flat), size=SAMPLES)])
            if values.ndim == 4:
                sums[name] = sums.get(name, 0) + values.mean(axis=(2, 3)).sum(axis=0)
    means = {name: total / len(inputs) for name, total in sums.items()}
    widest = {name: (lowest[name], highest[name]) for name in sorted(names)}
    closest = {name: _closest(np.concatenate(samples[name]), *ends) for name, ends in widest.items()}
    return Activations(widest, means), Activations(closest, means)


def _flows(model: Any, inputs: np.ndarray, names: set[str]) -> Iterator[dict[str, np.ndarray]]:
    """The values of the named tensors, batch by batch."""
    import onnxruntime
    from onnx import ModelProto, TensorProto, helper

    shown = ModelProto()
    shown.CopyFrom(model)
    wanted = sorted(names - {"pixel_values"})
    present = {output.name for output in shown.graph.output}
    added = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in wanted if name not in present]
    shown.graph.output.extend(added)
    session = onnxruntime.InferenceSession(shown.SerializeToString(), providers=["CPUExecutionProvider"])
    for start in range(0, len(inputs), BATCH):
        batch = inputs[start : start + BATCH]
        found = dict(zip(wanted, session.run(wanted, {"pixel_values": batch}), strict=True))
        yield found | ({"pixel_values": batch} if "pixel_values" in names else {})


def _closest(values: np.ndarray, lowest: float, highest: float) -> tuple[float, float]:
    """The part of the widest range in which rounding to 8 bits changes these values least, in the mean of squares."""

    def error(share: float) -> float:
        step = max(share * (highest - lowest) / LEVELS, 1e-12)
        zero = round(-share * lowest / step)
        levels = np.clip(np.round(values / step) + zero, 0, LEVELS)
        return float(np.square((levels - zero) * step - values).mean())

    best = float(min(SHARES, key=error))
    return best * lowest, best * highest

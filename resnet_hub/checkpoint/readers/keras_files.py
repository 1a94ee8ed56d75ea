"""Keras's files (.h5, .weights.h5, .keras) -> tensors by layer and weight, and the model's own config.

h5py comes with the extra [keras]. Nothing of a file is run: layers with code in them, as Lambda, stay texts.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from resnet_hub.checkpoint.config import MAX_CONFIG_BYTES, MAX_WEIGHTS_BYTES
from resnet_hub.checkpoint.origins import KERAS_CONFIG, KERAS_LAYER, KERAS_OLDER, named_by_order
from resnet_hub.errors import CheckpointError
from resnet_hub.imports import require_extra

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
PARTS = ("config.json", "model.weights.h5")
"""What a .keras file, which is a zip, has in it."""
MAX_OBJECTS = 100_000
"""Groups and datasets of a file; the deepest network has 5,000."""
MAX_DEPTH = 16
"""Groups inside groups."""
MAX_GROWTH = 100
"""How many times the bytes of its file the weights may take: a dataset that was never written takes none in it."""
BESIDE = frozenset({"optimizer_weights", "optimizer", "seed_generator", "metrics", "compile_metrics", "loss_tracker"})
"""Groups that are no layer's."""
VARIABLES = {1: ("kernel",), 2: ("kernel", "bias"), 4: ("gamma", "beta", "moving_mean", "moving_variance")}
"""What the numbered variables of a layer are, by how many it has."""


def is_keras_zip(archive: zipfile.ZipFile) -> bool:
    """Whether a zip is a .keras file."""
    return set(PARTS) <= set(archive.namelist())


def read_keras_zip(file: Path, *, only_shapes: bool = False) -> dict[str, Any]:
    """The tensors of a .keras file, named "layer/kernel", and its config; as `read_keras_h5`."""
    require_extra("keras")
    with zipfile.ZipFile(file) as archive:
        for name, most in zip(PARTS, (MAX_CONFIG_BYTES, MAX_WEIGHTS_BYTES), strict=True):
            if (size := archive.getinfo(name).file_size) > most:
                raise CheckpointError("checkpoint.file_too_large", file=f"{file}/{name}", size=size, most=most)
        config = _json(archive.read(PARTS[0]))
        content = archive.read(PARTS[1])
    return {"keras": _read(io.BytesIO(content), file, only_shapes), KERAS_CONFIG: config}


def read_keras_h5(file: Path, *, only_shapes: bool = False) -> dict[str, Any]:
    """The tensors of a .h5 file, named "layer/kernel", and its config where it has one.

    Args:
        file: The file.
        only_shapes: Leave the numbers on disk, and give tensors without storage.

    Raises:
        MissingExtraError: h5py is not installed.
        CheckpointError: The file is damaged, too large, or points to other files.
    """
    require_extra("keras")
    import h5py

    with h5py.File(file) as opened:
        config = opened.attrs.get("model_config")
    return {"keras": _read(file, file, only_shapes), KERAS_CONFIG: _json(config)}


def _json(text: Any) -> dict[str, Any] | None:
    """The model's config; None for anything that is none."""
    try:
        values = json.loads(text) if isinstance(text, str | bytes) and len(text) <= MAX_CONFIG_BYTES else None
    except (ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None


def _read(source: io.BytesIO | Path, file: Path, only_shapes: bool) -> dict[str, Tensor]:
    """The tensors of an HDF5 file by layer and weight. Raises: CheckpointError."""
    import h5py

    tensors: dict[str, Tensor] = {}
    with h5py.File(source) as opened:
        total, most = 0, min(MAX_WEIGHTS_BYTES, MAX_GROWTH * file.stat().st_size)
        for path, dataset, layer in _datasets(opened.get("model_weights", opened), file):
            if dataset.dtype.kind != "f" and dataset.dtype.str != "|V2":
                continue  # states of random numbers, counters, texts
            total += dataset.size * 4
            if total > most:
                raise CheckpointError("checkpoint.weights_too_large", file=str(file), size=total, most=most)
            name = _weight_name(path, dataset, layer)
            if name in tensors:
                raise CheckpointError("checkpoint.keras_layer_twice", file=str(file), name=name[:80])
            tensors[name] = (
                torch.empty(dataset.shape, device="meta") if only_shapes else torch.as_tensor(_numbers(dataset))
            )
    if any(KERAS_OLDER.match(name) for name in tensors):
        raise CheckpointError("checkpoint.keras_older", file=file.name)
    return named_by_order(tensors)


def _numbers(dataset: Any) -> Any:
    """The numbers of a dataset in float32; NumPy has no bfloat16, which is the upper half of float32."""
    if dataset.dtype.kind == "f":
        return dataset.astype("float32")[()]
    return (dataset[()].view("<u2").astype("uint32") << 16).view("float32")


def _datasets(root: Any, file: Path) -> Iterator[tuple[list[str], Any, str | None]]:
    """Every dataset of a layer: the names that lead to it, itself, and the layer's name where its group says it.

    Raises:
        CheckpointError: There are too many, or one is kept in another file, which is never opened.
    """
    import h5py

    left: list[tuple[list[str], Any, str | None]] = [([], root, None)]
    seen = 0
    while left:
        path, group, layer = left.pop()
        for name in group:
            seen += 1
            inner = [*path, name]
            if seen > MAX_OBJECTS or len(inner) > MAX_DEPTH:
                raise CheckpointError("checkpoint.keras_too_many", file=str(file), most=MAX_OBJECTS, deep=MAX_DEPTH)
            if name in BESIDE:
                continue
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise CheckpointError("checkpoint.keras_link", file=str(file), name="/".join(inner)[:80])
            item = group[name]
            if isinstance(item, h5py.Group):
                said = item.attrs.get("name") if name == "vars" else None
                left.append((inner, item, said if isinstance(said, str) else None))
            elif item.is_virtual or item.external:
                raise CheckpointError("checkpoint.keras_link", file=str(file), name="/".join(inner)[:80])
            else:
                yield inner, item, layer


def _weight_name(path: list[str], dataset: Any, layer: str | None) -> str:
    """The name of a weight: that of its layer and what it is there."""
    if len(path) > 2 and path[-2] == "vars":
        kinds = VARIABLES.get(len(dataset.parent), ())
        number = int(path[-1]) if path[-1].isdecimal() else len(kinds)
        leaf = kinds[number] if number < len(kinds) else path[-1]
        return f"{layer or '/'.join(path[:-2])}/{leaf}"
    known = [part for part in path[:-1] if KERAS_LAYER.fullmatch(part)]
    return f"{known[-1] if known else '/'.join(path[-2:-1])}/{path[-1].partition(':')[0]}"

"""A folder of torch.distributed.checkpoint (FSDP, accelerate) -> its tensors, put together from their shards.

Its `.metadata` is a pickle. Only what says where a tensor lies is made of it, with stand-ins for every class, so that
nothing of a file's is ever imported or run; the shards themselves are read with `weights_only=True`.
"""

from __future__ import annotations

import math
import pickle
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from resnet_hub.checkpoint.config import MAX_WEIGHTS_BYTES
from resnet_hub.checkpoint.containers import NO_NETWORKS
from resnet_hub.errors import CheckpointError

DISTRIBUTED_METADATA = ".metadata"
FOLDERS = ("", "pytorch_model_fsdp_0", "model")
"""Where it lies in a folder of a training script; the second is accelerate's."""
MAX_METADATA_BYTES = 2**26
CLASSES = "torch.distributed.checkpoint."


class _Record:
    """Stands for any class of the metadata, and keeps the values that it is given by name."""

    values: Mapping[str, Any] = MappingProxyType({})

    def __new__(cls, *_: object) -> _Record:
        return super().__new__(cls)

    def __setstate__(self, state: object) -> None:
        self.values = dict(state) if isinstance(state, dict) else {}

    def __getattr__(self, name: str) -> Any:
        return self.values.get(name)


class _Unpickler(pickle.Unpickler):
    """Makes records, numbers, texts and shapes; refuses any other name."""

    def find_class(self, module: str, name: str) -> Any:
        if module.startswith(CLASSES) or f"{module}.{name}" == "torch.serialization._get_layout":
            return _Record
        if module == "pathlib" or module.startswith("pathlib."):
            return _Record
        if (module, name) == ("torch", "Size"):
            return tuple
        if module == "torch" and isinstance(found := getattr(torch, name, None), torch.dtype):
            return found
        raise pickle.UnpicklingError(f"{module}.{name}")


def metadata_in(folder: Path) -> Path | None:
    """The metadata of a folder's shards; None where it has none."""
    return next((file for name in FOLDERS if (file := folder / name / DISTRIBUTED_METADATA).is_file()), None)


def read_distributed(file: Path, *, only_shapes: bool = False) -> dict[str, Any]:
    """The tensors by name; None under the names of what is no tensor, and of the optimizer's.

    Args:
        file: The metadata, beside the shards.
        only_shapes: Leave the shards on disk, and give tensors without storage.

    Raises:
        CheckpointError: It is damaged, or too large, or a shard is missing or is not what the metadata says.
    """
    if file.stat().st_size > MAX_METADATA_BYTES:
        size = file.stat().st_size
        raise CheckpointError("checkpoint.file_too_large", file=str(file), size=size, most=MAX_METADATA_BYTES)
    try:
        kept = _Unpickler(BytesIO(file.read_bytes())).load()
        sizes, content = _sizes(kept.state_dict_metadata)
        _check_total(file, sizes.values())
        if only_shapes:
            return {**content, **{name: torch.empty(size, device="meta") for name, size in sizes.items()}}
        return {**content, **_assembled(file.parent, kept.storage_data, sizes)}
    except CheckpointError:
        raise
    except Exception as error:  # what is damaged can hold anything in place of what is expected
        raise CheckpointError("checkpoint.damaged_shards", folder=str(file.parent)) from error


def _sizes(entries: Mapping[str, Any]) -> tuple[dict[str, tuple[int, ...]], dict[str, None]]:
    """The shape of each tensor that may be a network's, and the first parts of all other names."""
    sizes: dict[str, tuple[int, ...]] = {}
    others: dict[str, None] = {}
    for name, entry in entries.items():
        if entry.size is None or NO_NETWORKS.search(name.partition(".")[0]):
            others[name.partition(".")[0]] = None
        elif all(isinstance(side, int) and side >= 0 for side in entry.size):
            sizes[name] = tuple(entry.size)
        else:
            raise ValueError(name)
    return sizes, others


def _check_total(file: Path, sizes: Any) -> None:
    """Raises: CheckpointError where the tensors would be larger than any network."""
    total = 4 * sum(math.prod(size) for size in sizes)
    if total > MAX_WEIGHTS_BYTES:
        raise CheckpointError("checkpoint.weights_too_large", file=str(file), size=total, most=MAX_WEIGHTS_BYTES)


def _assembled(folder: Path, places: Mapping[Any, Any], sizes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Each tensor with its shards in it. Raises: ValueError where one is missing, too much, or of another shape."""
    tensors: dict[str, Tensor] = {}
    filled = dict.fromkeys(sizes, 0)
    for name, offset, shard in _shards(folder, places, sizes):
        whole = tensors.setdefault(name, torch.empty(sizes[name], dtype=shard.dtype))
        start = offset or (0,) * shard.ndim
        part = tuple(slice(first, first + side) for first, side in zip(start, shard.shape, strict=True))
        if whole[part].shape != shard.shape:
            raise ValueError(name)
        whole[part] = shard
        filled[name] += shard.numel()
    if any(filled[name] != math.prod(size) or name not in tensors for name, size in sizes.items()):
        raise ValueError("incomplete")
    return tensors


def _shards(
    folder: Path, places: Mapping[Any, Any], sizes: Mapping[str, tuple[int, ...]]
) -> Iterator[tuple[str, tuple[int, ...] | None, Tensor]]:
    """Name, offset in the whole tensor and values of each shard of these tensors."""
    for index, place in places.items():
        if index.fqn not in sizes:
            continue
        name = place.relative_path
        if Path(name).name != name or place.transform_descriptors:
            raise ValueError(name)
        with (folder / name).open("rb") as opened:
            opened.seek(place.offset)
            content = BytesIO(opened.read(place.length))
        yield index.fqn, index.offset, torch.load(content, map_location="cpu", weights_only=True)

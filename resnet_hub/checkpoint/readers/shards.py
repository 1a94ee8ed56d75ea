"""Weights in several files beside an index (model.safetensors.index.json): each tensor out of the file that has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from resnet_hub.checkpoint.config import MAX_WEIGHTS_BYTES, OLDER_WEIGHTS_FILE, WEIGHTS_FILE, read_json
from resnet_hub.errors import CheckpointError

INDEX_ENDING = ".index.json"
INDICES = (f"{WEIGHTS_FILE}{INDEX_ENDING}", f"{OLDER_WEIGHTS_FILE}{INDEX_ENDING}")
"""The indices that a folder may have in place of its one weights file, the safer kind first."""
MAX_SHARDS = 1_000


def index_in(folder: Path) -> Path | None:
    """The index of a folder; None where it has none."""
    return next((folder / name for name in INDICES if (folder / name).is_file()), None)


def shard_files(index: Path) -> list[Path]:
    """The files that an index names, in order.

    Raises:
        CheckpointError: It names no files, too many, one outside its folder, or one that is not there.
    """
    names = shard_names(index)
    for name in names:
        if not (index.parent / name).is_file():
            raise CheckpointError("checkpoint.no_shard", file=str(index), name=name[:80], count=len(names))
    return [index.parent / name for name in names]


def shard_names(index: Path) -> list[str]:
    """The names of the files, in order, whether they are there or not.

    Raises:
        CheckpointError: There are none, too many, or one is no plain name of a file in the index's folder.
    """
    names = list(dict.fromkeys(_weight_map(index).values()))
    if len(names) > MAX_SHARDS:
        raise CheckpointError("checkpoint.too_many_shards", file=str(index), count=len(names), most=MAX_SHARDS)
    for name in names:
        # Only names, so that no index can point to what lies elsewhere on this machine.
        if Path(name).name != name or "\\" in name or name in ("", ".", ".."):
            raise CheckpointError("checkpoint.shard_elsewhere", file=str(index), name=name[:80])
    return names


def shards_size(index: Path) -> int:
    """Bytes of all files that an index names. Raises: CheckpointError, also for more than any network has."""
    size = sum(file.stat().st_size for file in shard_files(index))
    if size > MAX_WEIGHTS_BYTES:
        raise CheckpointError("checkpoint.weights_too_large", file=str(index), size=size, most=MAX_WEIGHTS_BYTES)
    return size


def read_shards(index: Path, read: Callable[[Path], Mapping[str, Any]]) -> dict[str, Tensor]:
    """The tensors of all files.

    Args:
        index: The index.
        read: Returns the tensors of one file.

    Raises:
        CheckpointError: A file lacks a tensor that the index says is in it.
    """
    shards_size(index)
    owners = _weight_map(index)
    tensors: dict[str, Tensor] = {}
    for file in shard_files(index):
        content = read(file)
        for name in (name for name, owner in owners.items() if owner == file.name):
            if not isinstance(content, Mapping) or not isinstance(tensor := content.get(name), Tensor):
                raise CheckpointError("checkpoint.shard_lacks", file=file.name, name=name[:80], index=str(index))
            tensors[name] = tensor
    return tensors


def _weight_map(index: Path) -> dict[str, str]:
    """Tensor -> the name of its file. Raises: CheckpointError."""
    owners = read_json(index).get("weight_map")
    if not isinstance(owners, dict) or not owners or not all(isinstance(name, str) for name in owners.values()):
        raise CheckpointError("checkpoint.no_index", file=str(index))
    return owners

"""A weights file -> tensors under plain names, memory-mapped where the format allows it; only tensors are unpickled."""

from __future__ import annotations

import logging
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from os.path import commonprefix
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from resnet_hub.checkpoint.format import MAX_WEIGHTS_BYTES, OLDER_WEIGHTS_FILE, WEIGHTS_FILE
from resnet_hub.errors import CheckpointError

logger = logging.getLogger(__name__)

# Prefixes that wrappers leave in front of every name: DistributedDataParallel and torch.compile.
WRAPPERS = re.compile(r"(?:module\.|_orig_mod\.)+")
# Other projects' names for parts of the same network: the CIFAR networks of akamaster and kuangliu.
RENAMED = ((re.compile(r"^linear\."), "fc."), (re.compile(r"\.shortcut\."), ".downsample."))
CHUNK_BYTES = 8 * 2**20
"""How much of a file is converted from one mapping of it."""


def read_weights(path: Path, dtype: torch.dtype | None = None) -> dict[str, Tensor]:
    """The tensors of a folder's model.safetensors, or of a weights file, under plain names.

    Those of a safetensors file are memory-mapped: their bytes are read from disk on first use. Where `dtype` is given,
    floating-point tensors are converted to it.

    Raises:
        CheckpointError: There is no such file, or it is damaged, or it holds more than tensors.
    """
    file = _weights_file(path)
    try:
        _check_size(file)
        state: Any = _read_safetensors(file, dtype) if file.suffix == ".safetensors" else _read_pickle(file)
    except CheckpointError:
        raise
    except Exception as error:  # a damaged pickle can make the unpickler raise any exception
        reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        raise CheckpointError("checkpoint.unreadable_weights", file=str(file), reason=reason) from error
    for wrapper in ("state_dict", "model"):
        if isinstance(state, Mapping) and isinstance(state.get(wrapper), Mapping):
            state = state[wrapper]
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise CheckpointError("checkpoint.no_tensors", file=str(file))
    plain = plain_names([str(name) for name in state])
    return dict(zip(plain, state.values(), strict=True))


def plain_names(names: Sequence[str]) -> list[str]:
    """The names of a file's tensors without what wrappers put in front of every one of them."""
    plain = [plain_name(name) for name in names]
    prefix = _shared_prefix(plain)
    return [plain_name(name.removeprefix(prefix)) for name in plain]


def plain_name(name: str) -> str:
    """The name of a tensor without what wrappers put in front of it."""
    if wrapped := WRAPPERS.match(name):
        name = name[wrapped.end() :]
    for theirs, ours in RENAMED:
        name = theirs.sub(ours, name)
    return name


def _shared_prefix(names: list[str]) -> str:
    """What stands in front of every name where a class holds the whole network as one part, as "timm_model."."""
    shared = commonprefix(names)  # noqa: RUF071  # these are no paths
    return shared[: shared.rfind(".") + 1]


def _weights_file(path: Path) -> Path:
    """The file itself, or the one that a folder has. Raises: CheckpointError."""
    if not path.is_dir():
        return path
    safe, older = path / WEIGHTS_FILE, path / OLDER_WEIGHTS_FILE
    if safe.is_file():
        return safe
    if not older.is_file():
        raise CheckpointError("checkpoint.no_weights", path=str(path))
    logger.warning("%s has no %s; its pickle %s is read for tensors only", path, WEIGHTS_FILE, older.name)
    return older


def _check_size(file: Path) -> None:
    """Raises: CheckpointError for a file, or a zip's content, that is larger than any network."""
    size = file.stat().st_size
    if file.suffix != ".safetensors" and zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            size = max(size, sum(part.file_size for part in archive.infolist()))
    if size > MAX_WEIGHTS_BYTES:
        raise CheckpointError("checkpoint.weights_too_large", file=str(file), size=size, most=MAX_WEIGHTS_BYTES)


def _read_pickle(file: Path) -> Any:
    return torch.load(file, map_location="cpu", weights_only=True)


def _read_safetensors(file: Path, dtype: torch.dtype | None) -> dict[str, Tensor]:
    """The tensors, memory-mapped; where their dtype has to change, converted chunk by chunk to bound peak memory."""
    state = load_file(file)
    if dtype is None or not any(tensor.is_floating_point() and tensor.dtype != dtype for tensor in state.values()):
        return state
    sizes = {name: tensor.nbytes for name, tensor in state.items()}
    del state
    converted: dict[str, Tensor] = {}
    for names in _chunks(sizes):
        with safe_open(file, "pt") as opened:  # a mapping of its own, so that closing it releases the pages it touched
            for name in names:
                tensor = opened.get_tensor(name)
                converted[name] = tensor.to(dtype, copy=True) if tensor.is_floating_point() else tensor.clone()
                del tensor
    return converted


def _chunks(sizes: Mapping[str, int]) -> Iterator[list[str]]:
    """The names in groups of not much more than `CHUNK_BYTES` each."""
    group: list[str] = []
    total = 0
    for name, size in sizes.items():
        if group and total + size > CHUNK_BYTES:
            yield group
            group, total = [], 0
        group.append(name)
        total += size
    yield group

"""A weights file -> tensors under plain names, memory-mapped where the format allows it; only tensors are unpickled."""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Iterator, Mapping
from functools import partial
from hashlib import file_digest
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from resnet_hub.checkpoint.choice import chosen
from resnet_hub.checkpoint.config import (
    CONFIG_FILE,
    MAX_WEIGHTS_BYTES,
    MODEL_TYPE,
    OLDER_WEIGHTS_FILE,
    WEIGHTS_FILE,
    read_json,
)
from resnet_hub.checkpoint.containers import candidates, extras_of
from resnet_hub.checkpoint.origins import Contents, has_statistics, refuse_parts, with_statistics
from resnet_hub.checkpoint.readers import (
    DISTRIBUTED_METADATA,
    HDF5,
    HDF5_SIGNATURE,
    INDEX_ENDING,
    INDICES,
    KERAS,
    SAFETENSORS,
    ZIP,
    check_header,
    check_operations,
    form_of,
    index_in,
    metadata_in,
    read_distributed,
    read_keras_h5,
    read_keras_zip,
    read_pickle,
    read_shards,
    unpacked,
)
from resnet_hub.checkpoint.reading import read
from resnet_hub.errors import CheckpointError, Phrase, ResNetHubError
from resnet_hub.terminal import shown_name

logger = logging.getLogger(__name__)

TRAINING_STATE = ("optimizer.bin", "optimizer.pt", "scheduler.bin", "scheduler.pt", "random_states_0.pkl")
"""What accelerate and transformers leave beside weights."""
MOST_SHARED = 4
"""How often the tensors of a file may use what it stores, on average; weights that are tied are there twice."""
SMALL_BYTES = 2**26
"""Bytes of tensors whose sharing costs nothing."""
CHUNK_BYTES = 8 * 2**20
"""How much of a file is converted from one mapping of it."""


def read_weights(
    path: Path, dtype: torch.dtype | None = None, choice: str | None = None, *, folded: bool = False
) -> dict[str, Tensor]:
    """The tensors of a folder's model.safetensors, or of a weights file, under the names of our networks.

    Those of a safetensors file are memory-mapped: their bytes are read from disk on first use.

    Args:
        path: A checkpoint folder or a weights file.
        dtype: What floating-point tensors are converted to; as they are where absent.
        choice: Which network, where a file has several: the place it lies at.
        folded: Whether norms without statistics are batch norms that were folded, where the file's writer had such.

    Raises:
        CheckpointError: There is no such file, or it is damaged, or it holds more than tensors.
    """
    reading = read(read_contents(path, dtype, choice))
    reading.log()
    config = reading.contents.config if path.is_dir() else None
    if config is None or config.get("model_type") == MODEL_TYPE:  # ours are read from disk when they are used
        _refuse_unusable(path, reading.state)
    if folded and reading.origin.folds_norms and not has_statistics(reading.state):
        logger.warning("%s: its norms have no statistics, so they are taken as folded: a scale and a bias", path)
        return with_statistics(reading.state)
    return reading.state


def _refuse_unusable(path: Path, state: Mapping[str, Tensor]) -> None:
    """Raises: CheckpointError where a tensor has no plain values, or holds NaN or infinity."""
    for name, tensor in state.items():
        if tensor.layout != torch.strided or tensor.is_meta or tensor.is_quantized:
            kind = "meta" if tensor.is_meta else "quantized" if tensor.is_quantized else str(tensor.layout)
            raise CheckpointError("checkpoint.no_plain_values", file=str(path), name=name, kind=kind)
    bad = [name for name, tensor in state.items() if tensor.is_floating_point() and not tensor.isfinite().all()]
    if bad:
        names = ", ".join([*map(shown_name, bad[:3]), *(["..."] if len(bad) > 3 else [])])
        raise CheckpointError("checkpoint.not_finite", file=str(path), count=len(bad), names=names)


def holds_weights(path: Path) -> bool:
    """Whether `path` is a weights file, or a folder with one."""
    names = (WEIGHTS_FILE, OLDER_WEIGHTS_FILE, *INDICES)
    return path.is_file() or any((path / name).is_file() for name in names) or metadata_in(path) is not None


def holds_training_state(path: Path) -> bool:
    """Whether `path` is a folder that training resumes from, whose writers put no config.json into it."""
    beside = any((path / name).is_file() for name in TRAINING_STATE)
    return (beside and holds_weights(path)) or metadata_in(path) is not None


def read_contents(
    path: Path, dtype: torch.dtype | None = None, choice: str | None = None, *, only_shapes: bool = False
) -> Contents:
    """The one network of a folder or a weights file, under its writer's names, and what lies around it.

    Args:
        path: A checkpoint folder or a weights file.
        dtype: What floating-point tensors are converted to; as they are where absent.
        choice: Which network, where there are several: the place it lies at.
        only_shapes: Nobody will read the values, so that they need not be read from disk.

    Raises:
        CheckpointError: There is no such file, or it is damaged, or it holds more than tensors.
    """
    file = _weights_file(path)
    try:
        state = _read(file, dtype, only_shapes)
    except ResNetHubError:
        raise
    except Exception as error:  # a damaged pickle can make the unpickler raise any exception
        raise CheckpointError("checkpoint.unreadable_weights", file=str(file), reason=_reason(file, error)) from error
    return _contents(path, file, state, choice)


def _read(file: Path, dtype: torch.dtype | None, only_shapes: bool) -> Any:
    """What a file of any form holds. Raises: CheckpointError."""
    if file.name.endswith(INDEX_ENDING):
        return read_shards(file, partial(_read, dtype=dtype, only_shapes=only_shapes))
    if file.name == DISTRIBUTED_METADATA:
        return read_distributed(file, only_shapes=only_shapes)
    _check_size(file)
    form = form_of(file)
    if form == ZIP:
        with unpacked(file) as inner:
            if form_of(inner) == ZIP:
                raise CheckpointError("checkpoint.zip_none", file=str(file), names=inner.name)
            return _read(inner, dtype, only_shapes)
    if form == HDF5:
        return read_keras_h5(file, only_shapes=only_shapes)
    if form == KERAS:
        return read_keras_zip(file, only_shapes=only_shapes)
    if form == SAFETENSORS:
        check_header(file)
        return _read_safetensors(file, dtype)
    check_operations(file)
    return read_pickle(file, mapped=only_shapes)


def _contents(path: Path, file: Path, state: object, choice: str | None) -> Contents:
    """The one network of what was read. Raises: CheckpointError."""
    found = candidates(state)
    if not found:
        raise CheckpointError("checkpoint.no_tensors", file=str(file))
    for one in found:
        _refuse_larger_than_stored(file, {**one.around, **one.tensors})
    extras = extras_of(state)
    # The runner of mmengine saves the average as "state_dict", and as "ema_state_dict" what is trained.
    one = chosen(found, choice, str(file), swapped="message_hub" in extras)
    refuse_parts(one.tensors, str(file))
    config = path / CONFIG_FILE
    return Contents(
        tensors=one.tensors,
        around=one.around,
        place=one.place,
        others=tuple(other.place for other in found if other is not one),
        config=read_json(config) if config.is_file() else None,
        extras=extras,
        modules=one.modules,
        file=path.name,
        size=file.stat().st_size,
        digest=partial(_digest, file),
    )


def _refuse_larger_than_stored(file: Path, tensors: Mapping[str, Tensor]) -> None:
    """Raises: CheckpointError where a few stored numbers stand for more than any network shares among its tensors."""
    dense = [tensor for tensor in tensors.values() if tensor.layout == torch.strided and not tensor.is_meta]
    storages = {storage.data_ptr(): storage.nbytes() for storage in (tensor.untyped_storage() for tensor in dense)}
    size, stored = sum(tensor.nbytes for tensor in dense), sum(storages.values())
    if size > MOST_SHARED * stored + SMALL_BYTES:
        raise CheckpointError("checkpoint.larger_than_stored", file=str(file), size=size, stored=stored)


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return file_digest(opened, "sha256").hexdigest()


def _weights_file(path: Path) -> Path:
    """The file itself, or the one that a folder has. Raises: CheckpointError."""
    if not path.is_dir():
        return path
    safe, older = path / WEIGHTS_FILE, path / OLDER_WEIGHTS_FILE
    if safe.is_file():
        return safe
    if not older.is_file() and (index := index_in(path)) is not None:
        return index
    if not older.is_file() and (shards := metadata_in(path)) is not None:
        return shards
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


def _reason(file: Path, error: Exception) -> str | Phrase:
    """Why a file cannot be read; what PyTorch says of pickles is long and of no help to who only has the file."""
    with file.open("rb") as opened:
        start = opened.read(8)
    if start.startswith(HDF5_SIGNATURE):
        return Phrase("checkpoint.damaged_hdf5")
    if start.startswith(b"PK"):
        return Phrase("checkpoint.damaged_zip")
    if file.suffix == ".safetensors":
        return str(error).strip().partition("\n")[0] or type(error).__name__
    return Phrase("checkpoint.no_pickle")


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

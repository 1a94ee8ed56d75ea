"""Serialization: nested values with tensors <-> atomically written folders of JSON, safetensors and checksums."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from resnet_hub.errors import TrainingError

logger = logging.getLogger(__name__)

CHECKSUMS = "SHA256SUMS"
"""File of a snapshot that vouches for the others; `sha256sum -c` reads it."""
UNFINISHED = ".unfinished"
KEPT = 2
"""Snapshots that stay: the newest, and the one before in case the newest is damaged."""
# Keys that stand in JSON for what it has no word for.
TENSOR, ARRAY, PAIRS, TUPLE, DTYPE = "$tensor", "$array", "$pairs", "$tuple", "$dtype"


@dataclass(frozen=True)
class Snapshot:
    """A snapshot whose files are all there and as they were written."""

    folder: Path

    def has(self, part: str) -> bool:
        """Whether it has a part of this name."""
        return (self.folder / f"{part}.json").exists()

    def make_newest(self) -> None:
        """Removes the damaged ones that came after it."""
        for later in _numbered(self.folder.parent):
            if int(later.name) > int(self.folder.name):
                shutil.rmtree(later)

    def read(self, part: str) -> Any:
        """The values of a part, tensors on the CPU in the memory layout they had."""
        tensors = load_file(self.folder / f"{part}.safetensors")
        return _unpack(json.loads((self.folder / f"{part}.json").read_text("utf-8")), tensors)


def write_snapshot(folder: Path, parts: Mapping[str, Any], unchanged: Iterable[str] = ()) -> Path:
    """Adds the next snapshot to `folder` and removes those before the last two; returns its own folder.

    Args:
        folder: Made if missing.
        parts: Nested dicts, lists and tuples of tensors, arrays and plain values, by the name of their file.
        unchanged: Names of parts that are what they were in the newest snapshot; they take no room and no time.

    Raises:
        TrainingError: The folder cannot be written, or holds no such part, or a value has no form in a file.
    """
    older = _numbered(folder)
    target = folder / f"{int(older[-1].name) + 1 if older else 1:06d}"
    unfinished = folder / UNFINISHED
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        sums = {}
        for name, values in parts.items():
            _write_part(unfinished / name, values)
        for name in unchanged:
            for suffix in (".json", ".safetensors"):
                link_file(older[-1] / f"{name}{suffix}", unfinished / f"{name}{suffix}")
        for file in sorted(unfinished.iterdir()):
            sums[file.name] = _flush(file)
        (unfinished / CHECKSUMS).write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()), "utf-8")
        _flush(unfinished / CHECKSUMS)
        unfinished.rename(target)
        for outdated in older[: 1 - KEPT]:
            outdated.rename(unfinished)  # or a kill halfway would leave something that looks like a snapshot
            shutil.rmtree(unfinished)
    except (OSError, SafetensorError, IndexError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise TrainingError("run.unwritable_state", folder=str(folder), reason=reason) from error
    return target


def remove_snapshots(folder: Path) -> None:
    """Removes all that `write_snapshot` has left, the newest last: killed halfway, what stays is whole or nothing."""
    unfinished = folder / UNFINISHED
    with suppress(OSError):
        for snapshot in _numbered(folder):
            shutil.rmtree(unfinished, ignore_errors=True)
            snapshot.rename(unfinished)
    shutil.rmtree(folder, ignore_errors=True)


def newest_snapshot(folder: Path) -> Snapshot | None:
    """The newest snapshot that is whole; None where there is none at all.

    A damaged one is named in a warning, and the one before is taken.

    Raises:
        TrainingError: Every snapshot there is damaged.
    """
    found = _numbered(folder)[::-1]
    for snapshot in found:
        try:
            _verify(snapshot)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            logger.warning("state  %s is damaged (%s); the one before it is taken", snapshot, reason)
        else:
            return Snapshot(snapshot)
    if found:
        raise TrainingError("run.damaged_states", folder=str(folder))
    return None


def _numbered(folder: Path) -> list[Path]:
    """The snapshots, oldest first."""
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if path.name.isdecimal()), key=lambda path: int(path.name))


def _verify(snapshot: Path) -> None:
    """Raises: OSError or ValueError where a file is missing or is not what was written."""
    listed = [line.split("  ", 1) for line in (snapshot / CHECKSUMS).read_text("utf-8").splitlines()]
    strange = sorted({file.name for file in snapshot.iterdir()} - {CHECKSUMS, *(name for _, name in listed)})
    if strange:
        raise ValueError(f"{strange[0]} was not written by the run")
    for digest, name in listed:
        with (snapshot / Path(name).name).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                raise ValueError(f"{name} is not what was written")
    if not listed:
        raise ValueError(f"{CHECKSUMS} is empty")


def _write_part(path: Path, values: Any) -> None:
    tensors: dict[str, Tensor] = {}
    packed = _pack(values, tensors, "")
    Path(f"{path}.json").write_text(json.dumps(packed), "utf-8")
    save_file(tensors, f"{path}.safetensors")


def _pack(value: Any, tensors: dict[str, Tensor], name: str) -> Any:
    """The JSON form of a value; its tensors go into `tensors`. Raises: TrainingError for what has no form."""
    if value is None or isinstance(value, bool | int | float | str):
        return value.item() if isinstance(value, np.generic) else value  # float64 is a float that JSON does not know
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, torch.dtype):
        return {DTYPE: str(value).removeprefix("torch.")}
    if isinstance(value, np.ndarray):
        tensors[name] = torch.from_numpy(np.ascontiguousarray(value))
        return {ARRAY: name}
    if isinstance(value, Tensor):
        # A copy, as some tensors share their memory; the strides, since arithmetic can depend on the layout.
        tensors[name] = value.detach().cpu().clone(memory_format=torch.contiguous_format)
        return {TENSOR: name, "strides": list(torch.empty_like(value, device="meta").stride())}
    if isinstance(value, Mapping):
        pairs = [(key, _pack(item, tensors, _join(name, key))) for key, item in value.items()]
        if all(isinstance(key, str) and not key.startswith("$") for key, _ in pairs):
            return dict(pairs)
        return {PAIRS: [[_pack(key, tensors, _join(name, "key")), item] for key, item in pairs]}
    if isinstance(value, list | tuple):
        items = [_pack(item, tensors, _join(name, number)) for number, item in enumerate(value)]
        return items if isinstance(value, list) else {TUPLE: items}
    raise TrainingError("run.unsavable", name=name, type=type(value).__name__)


def _join(name: str, part: object) -> str:
    return f"{name}.{part}" if name else str(part)


def _unpack(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    if isinstance(value, list):
        return [_unpack(item, tensors) for item in value]
    if not isinstance(value, dict):
        return value
    if TENSOR in value:
        saved = tensors[value[TENSOR]]
        return torch.empty_strided(saved.shape, value["strides"], dtype=saved.dtype).copy_(saved)
    if ARRAY in value:
        return tensors[value[ARRAY]].numpy()
    if DTYPE in value:
        return getattr(torch, value[DTYPE])
    if PAIRS in value:
        return {_unpack(key, tensors): _unpack(item, tensors) for key, item in value[PAIRS]}
    if TUPLE in value:
        return tuple(_unpack(item, tensors) for item in value[TUPLE])
    return {key: _unpack(item, tensors) for key, item in value.items()}


def _flush(file: Path) -> str:
    """The SHA-256 of a file, which is on the disk when this returns."""
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
        os.fsync(opened.fileno())
    return digest


def link_file(file: Path, name: Path) -> None:
    """Gives the file a second name where the file system can, else copies it: it stays when the first is replaced."""
    try:
        os.link(file, name)
    except OSError:
        shutil.copyfile(file, name)

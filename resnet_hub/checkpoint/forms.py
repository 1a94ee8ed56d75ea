"""What a checkpoint folder holds besides its weights: the same network for other runtimes, each file with its proof.

A form is made of weights, and says of which by their digest. Where the weights were changed afterwards, it is stale: it
answers as the network did before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from resnet_hub.checkpoint.config import WEIGHTS_FILE, read_json
from resnet_hub.errors import CheckpointError

PROOF_SUFFIX = ".proof.json"
"""What the proof of a file is called, behind the file's own name."""
FORMS = tuple(
    name
    for kind in ("", "_fp16", "_quantized")
    for name in (
        f"onnx/model{kind}.onnx",
        f"onnx/image_model{kind}.onnx",
        f"openvino/openvino_model{kind}.xml",
        f"openvino/openvino_image_model{kind}.xml",
    )
)
"""Where an export leaves its files in a checkpoint's folder."""
WIDENED = {"F16": np.float16, "F32": np.float32, "F64": np.float64}
"""The types of safetensors that numpy has too; BF16 is the upper half of a float32."""


@dataclass(frozen=True)
class Form:
    """A file for another runtime."""

    name: str
    """Its path in the folder, such as "onnx/model.onnx"."""
    proof: Mapping[str, Any]
    """How it was found to answer."""
    is_stale: bool
    """Whether it was made of other weights than the folder has now, or does not say of which."""

    @property
    def files(self) -> tuple[str, ...]:
        """All that belongs to it, in the folder."""
        weights = (f"{self.name.removesuffix('.xml')}.bin",) if self.name.endswith(".xml") else ()
        return (self.name, *weights, f"{self.name}{PROOF_SUFFIX}")


def forms_in(folder: Path, weights: Callable[[], str] | None = None) -> tuple[Form, ...]:
    """The forms that lie in a checkpoint folder.

    Args:
        folder: It may lack its weights.
        weights: Gives the digest of those that it will have, asked only where there are forms; of those in it, where
            absent.
    """
    found = [name for name in FORMS if (folder / name).is_file()]
    if not found:
        return ()
    now = file_digest(folder / WEIGHTS_FILE) if weights is None else weights()
    return tuple(_form(folder, name, now) for name in found)


def _form(folder: Path, name: str, now: str) -> Form:
    try:
        proof = read_json(folder / f"{name}{PROOF_SUFFIX}")
    except (CheckpointError, OSError):
        proof = {}
    return Form(name, proof, not now or proof.get("weights") != now)


def digest(tensors: Iterable[np.ndarray]) -> str:
    """The sha256 of weights as float32, whatever their names and their order."""
    each = sorted(hashlib.sha256(np.ascontiguousarray(one, np.float32).data).digest() for one in tensors)
    return hashlib.sha256(b"".join(each)).hexdigest()


def file_digest(file: Path) -> str:
    """The digest of a file of safetensors, read without PyTorch; empty where it is none."""
    try:
        with file.open("rb") as opened:
            length = int.from_bytes(opened.read(8), "little")
            header = json.loads(opened.read(length))
        content = np.memmap(file, np.uint8, "r", offset=8 + length)
        rows = [row for name, row in sorted(header.items()) if name != "__metadata__"]
        return digest(_values(row, content) for row in rows if row["dtype"] in (*WIDENED, "BF16"))
    except (OSError, ValueError, KeyError, TypeError, MemoryError, OverflowError):
        return ""


def _values(row: Mapping[str, Any], content: np.ndarray) -> np.ndarray:
    start, end = row["data_offsets"]
    stored = content[start:end].tobytes()
    if row["dtype"] == "BF16":
        return (np.frombuffer(stored, np.uint16).astype(np.uint32) << 16).view(np.float32)
    return np.frombuffer(stored, WIDENED[row["dtype"]])

"""A network -> the file of it that another runtime answers from here, made and proven once, then taken from the cache.

The cache is a folder of the user's. An entry belongs to these weights and settings of a network, to the versions that
made it and to this processor, on which its answers were compared; what was found unfit is remembered too.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

import torch

from resnet_hub.checkpoint import PROOF_SUFFIX, CheckpointConfig, weights_digest, write_atomically
from resnet_hub.errors import CheckpointError, ConfigError
from resnet_hub.export.proof import Proof, processor_name
from resnet_hub.export.runtime_files import SUFFIXES, export_file, versions_here
from resnet_hub.models import PretrainedNetwork
from resnet_hub.runtime import ExportedNetwork

MOST = 10
"""Entries of the cache that are kept, those used last; one of ResNet-50 takes 100 MB in float32, 30 MB in int8."""
REFUSAL = "refusal.json"
UNFIT = ("export.loses_too_much", "export.no_whole_numbers", "export.not_exact")
"""What the next start would find again."""


@dataclass(frozen=True)
class Prepared:
    """A file that answers in place of its network."""

    network: ExportedNetwork
    proof: Proof
    was_cached: bool
    """Whether it was made by an earlier start."""


def cache_folder() -> Path:
    """Where prepared files are kept: `resnet_hub/prepared` in the user's cache, which XDG_CACHE_HOME may name."""
    given = os.environ.get("XDG_CACHE_HOME")
    return (Path(given) if given else Path.home() / ".cache") / "resnet_hub" / "prepared"


def prepared_network(
    model: PretrainedNetwork,
    backend: str,
    precision: str,
    *,
    calibration: str | Path | None = None,
    allow_loss: float | None = None,
    begins: Callable[[], object] = lambda: None,
) -> Prepared:
    """The file of a network for a runtime, from the cache or made now, which takes up to some minutes.

    Args:
        model: A network with a head, on the CPU; it stays as it is.
        backend: "onnx" or "openvino".
        precision: "fp32" or "int8".
        calibration: A folder with at least 100 images to calibrate and compare with; the bundled ones where absent.
        allow_loss: Percentage points of agreement that int8 may lose; 1 where absent.
        begins: Called before one is made.

    Raises:
        ConfigError: The cache cannot be written, or the folder of images is none.
        CheckpointError: The network cannot be exported, or the file would answer too differently.
        MissingExtraError: A package that this needs is not installed.
    """
    entry = cache_folder() / _key(model, backend, precision, calibration, allow_loss)
    file = entry / f"model{SUFFIXES[backend]}"
    if (found := _cached(entry, file, backend)) is not None:
        return found
    begins()
    _make_folder(entry)
    try:
        written = export_file(
            model,
            file,
            backend,
            precision=precision,
            images=calibration,
            allow_loss=allow_loss,
            source="a prepared network",
            overwrite=True,
            portable=False,
        )
    except CheckpointError as error:
        if error.code in UNFIT:
            said = json.dumps({"code": error.code, "fields": error.fields})
            write_atomically(entry / REFUSAL, partial(Path.write_text, data=said, encoding="utf-8"))
        raise
    _forget_the_oldest(entry)
    assert written.proof is not None
    return Prepared(ExportedNetwork(file, backend), written.proof, was_cached=False)


def _key(
    model: PretrainedNetwork, backend: str, precision: str, calibration: str | Path | None, allow_loss: float | None
) -> str:
    """The name of an entry, of all that its answers depend on."""
    config = CheckpointConfig(model.config, model.preprocessing, model.label_names, model.metadata)
    said = {
        "weights": weights_digest(model.state_dict()),
        "config": config.to_json(model.num_features),
        "backend": backend,
        "precision": precision,
        "allow_loss": allow_loss,
        "calibration": _files_of(calibration),
        "versions": versions_here(),
        "processor": [processor_name(), platform.machine(), torch.backends.cpu.get_cpu_capability()],
    }
    return sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _files_of(folder: str | Path | None) -> list[tuple[str, int, int]]:
    """Name, size and time of each file below a folder, wherever that lies."""
    if folder is None:
        return []
    root = Path(folder).expanduser()
    files = sorted(file for file in root.rglob("*") if file.is_file())
    return [(str(file.relative_to(root)), file.stat().st_size, file.stat().st_mtime_ns) for file in files]


def _cached(entry: Path, file: Path, backend: str) -> Prepared | None:
    """What an entry holds; None where it is not there or is damaged. Raises: CheckpointError where it is a refusal."""
    with suppress(OSError):
        os.utime(entry)  # used now
    try:
        said = json.loads((entry / REFUSAL).read_text("utf-8"))
        refusal = CheckpointError(said["code"], **said["fields"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    else:
        raise refusal
    try:
        proof = Proof(**json.loads(file.with_name(f"{file.name}{PROOF_SUFFIX}").read_text("utf-8")))
        return Prepared(ExportedNetwork(file, backend), proof, was_cached=True)
    except (OSError, ValueError, TypeError, CheckpointError):
        return None


def _make_folder(entry: Path) -> None:
    try:
        shutil.rmtree(entry, ignore_errors=True)  # damaged
        entry.mkdir(parents=True, mode=0o700)
        (entry / ".writable").touch()
        (entry / ".writable").unlink()
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError("export.cache_not_writable", folder=str(cache_folder()), reason=reason) from error


def _forget_the_oldest(kept: Path) -> None:
    """Removes all entries but the `MOST` that were used last."""
    with suppress(OSError):
        entries = [folder for folder in kept.parent.iterdir() if folder.is_dir() and folder != kept]
        for folder in sorted(entries, key=lambda one: one.stat().st_mtime, reverse=True)[MOST - 1 :]:
            shutil.rmtree(folder, ignore_errors=True)

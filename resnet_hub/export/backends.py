"""A network and the runtime that is asked for -> what runs it, and a sentence that says what was taken and why."""

from __future__ import annotations

import logging
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from resnet_hub.errors import CheckpointError, Phrase
from resnet_hub.export.prepared import Prepared, prepared_network
from resnet_hub.imports import EXTRAS, is_installed, require_extra
from resnet_hub.models import PretrainedNetwork
from resnet_hub.runtime import PreparedRunner, Runner

RUNTIMES = {"openvino": ("onnx", "openvino"), "onnx": ("onnx",)}
"""Runtime -> the extras that preparing for it takes; the one that was measured to be quicker first."""
NAMES = {"openvino": "OpenVINO", "onnx": "ONNX Runtime"}
PACKAGES = {"openvino": "openvino", "onnx": "onnxruntime"}
logger = logging.getLogger(__name__)


def runner_elsewhere(
    model: PretrainedNetwork,
    backend: str,
    precision: str,
    calibration: str | Path | None = None,
    allow_loss: float | None = None,
) -> tuple[Runner[PretrainedNetwork], Phrase]:
    """What runs a network outside of PyTorch, and what was taken, in a sentence.

    Args:
        model: A network with a head, on the CPU.
        backend: "onnx" or "openvino"; or "auto" for the quicker one that is installed, or PyTorch where the file would
            answer too differently.
        precision: "fp32", which "auto" is as well, or "int8".
        calibration: As for `prepared_network`.
        allow_loss: As for `prepared_network`.

    Raises:
        ConfigError: The cache cannot be written, or there is no such folder of images.
        CheckpointError: The network cannot be exported, or its file would answer too differently, and PyTorch was ruled
            out by the choice of a runtime.
        MissingExtraError: A package that this needs is not installed.
    """
    chosen = precision if precision != "auto" else "fp32"
    runtime = _installed() if backend == "auto" else backend
    for extra in RUNTIMES[runtime]:
        require_extra(extra)
    words = {"runtime": NAMES[runtime], "version": version(PACKAGES[runtime]), "precision": chosen}
    begins = partial(_begin, Phrase("export.preparing", **words))
    try:
        found = prepared_network(model, runtime, chosen, calibration=calibration, allow_loss=allow_loss, begins=begins)
    except CheckpointError as error:
        if backend != "auto":
            raise
        said = Phrase("export.stays_in_pytorch", reason=error)
        logger.warning("%s", said)
        return Runner(model, "auto", "fp32"), said
    return PreparedRunner(model, found.network), _taken(found, backend, words)


def _installed() -> str:
    """The first runtime whose packages are there; the last one where none is, for the sentence that names them."""
    ready = [
        name for name, extras in RUNTIMES.items() if is_installed(*(part for one in extras for part in EXTRAS[one]))
    ]
    return ready[0] if ready else list(RUNTIMES)[-1]


def _begin(said: Phrase) -> None:
    logger.warning("%s", said)


def _taken(found: Prepared, backend: str, words: dict[str, Any]) -> Phrase:
    why = Phrase("export.as_asked" if backend != "auto" else "export.as_installed")
    where = Phrase("export.from_cache" if found.was_cached else "export.made_now")
    figures = {"agreement": found.proof.agreement, "images": found.proof.images, "proof": found.proof.in_words()}
    said = Phrase("export.answers_by", **words, why=why, where=where, **figures)
    logger.info("%s", said)
    return said

"""What an exported file was found to answer: compared with its network on many images, before it is kept."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Tensor

from resnet_hub.errors import CheckpointError, ConfigError, ImageError, counted
from resnet_hub.export.proof_images import ProofImages
from resnet_hub.models import PretrainedNetwork
from resnet_hub.preprocessing import normalize, to_channels, to_pixels
from resnet_hub.runtime import ExportedNetwork, Runner
from resnet_hub.scores import scores, temperature_of

EXACT = 1e-4
"""Largest difference of logits, as a share of the largest logit, that a file in float32 may have."""
LOSS = 1.0
"""Percentage points of agreement that a file of another precision, or of an image's own resize, may lose."""
TIMES = 15
"""Runs of one image that a latency is the median of."""
BATCH = 16


@dataclass(frozen=True)
class Proof:
    """How an exported file answers beside the network that it was made of."""

    images: int
    """How many were compared."""
    of: str
    """What images they were."""
    agreement: float
    """Percentage of images with the same answer: the best class, all decisions at 0.5, or values within 1 %."""
    largest_difference: float
    """Of a logit."""
    largest_relative: float
    """The same as a share of the largest logit."""
    megabytes: float
    """Size of the file."""
    milliseconds: float
    """Median time of one image in the file's runtime, on `threads` threads."""
    network_milliseconds: float
    """The same of the network in PyTorch, fused where it can be, in the same run."""
    threads: int
    hardware: str
    versions: dict[str, str]
    date: str
    """Of the comparison, UTC."""
    weights: str
    """The digest of the weights that the file was made of, as `checkpoint.digest` computes it."""
    left_in_float: tuple[str, ...] = ()
    """Blocks of an int8 file that stayed in float32, since its answers were worse without them."""

    def to_json(self) -> str:
        """The fields as text."""
        return json.dumps(asdict(self), indent=2) + "\n"

    def in_words(self) -> str:
        """The figures in one sentence."""
        alike = f"{self.agreement:.1f} % of {self.images} images answered alike ({self.of})"
        apart = f"logits at most {self.largest_difference:.2g} apart ({self.largest_relative:.1e} of the largest)"
        times = f"{self.milliseconds:.1f} ms an image, PyTorch {self.network_milliseconds:.1f} ms"
        left = f"; {counted(len(self.left_in_float), 'block', 'blocks')} left in float32" if self.left_in_float else ""
        return f"{alike}, {apart}; {self.megabytes:.1f} MB; {times}, on {self.threads} threads{left}"


class Comparison:
    """A network's answers to images, to hold files against."""

    def __init__(self, model: PretrainedNetwork, images: ProofImages) -> None:
        """Asks the network. Raises: ConfigError where it takes other bands than these images have."""
        preprocessing = model.preprocessing
        self.model, self.given = model, images
        try:
            pixels = torch.stack([to_pixels(image, preprocessing) for image in images.images])
        except ImageError as error:
            raise ConfigError("export.other_bands", channels=preprocessing.input_size[0]) from error
        self.inputs = normalize(pixels, preprocessing)
        run = Runner(model, "auto", "fp32")
        with torch.inference_mode():
            self.logits = torch.cat([run(batch).float() for batch in self.inputs.split(BATCH)]).numpy()
        self.task = model.config.task

    def agreement(self, logits: np.ndarray) -> float:
        """Percentage of images to which these logits give the network's answer."""
        return 100 * float(AGREE[self.task](self.logits, logits).mean())

    def of_file(self, network: ExportedNetwork) -> Proof:
        """Compares an exported file with the network."""
        whole = network.facts.input != "tensor"
        found = self._of_images(network) if whole else self._of_tensors(network)
        difference = float(np.abs(found - self.logits).max())
        milliseconds, network_milliseconds = _latencies(self._file_alone(network), self._network_alone(whole))
        return Proof(
            images=len(found),
            of=self.given.words,
            agreement=self.agreement(found),
            largest_difference=difference,
            largest_relative=difference / float(np.abs(self.logits).max()),
            megabytes=_size(network.path) / 1e6,
            milliseconds=milliseconds,
            network_milliseconds=network_milliseconds,
            threads=torch.get_num_threads(),
            hardware=processor_name(),
            versions=dict(network.facts.versions),
            date=datetime.now(UTC).strftime("%Y-%m-%d"),
            weights=network.facts.weights,
        )

    def _of_tensors(self, network: ExportedNetwork) -> np.ndarray:
        return np.concatenate([network.of_normalized(batch.numpy()) for batch in self.inputs.split(BATCH)])

    def _of_images(self, network: ExportedNetwork) -> np.ndarray:
        found = np.stack([network.of_image(array, "logits") for array in self.arrays()])
        calibrated = temperature_of(self.model.metadata) if network.facts.input == "pixels" else None
        return found if calibrated is None else found * np.float32(calibrated)

    def arrays(self) -> list[np.ndarray]:
        """The images as a file takes them, uint8 (H, W, C)."""
        channels = self.model.preprocessing.input_size[0]
        arrays = [np.asarray(to_channels(image, channels)) for image in self.given.images]
        return [array if array.ndim == 3 else array[..., None] for array in arrays]

    def _file_alone(self, network: ExportedNetwork) -> Callable[[], Any]:
        """The answer to one image from the file."""
        if network.facts.input != "tensor":
            array = self.arrays()[0]
            return lambda: network.of_image(array)
        return lambda: network.of_normalized(self.inputs[:1].numpy())

    def _network_alone(self, whole: bool) -> Callable[[], Any]:
        """The same work in PyTorch: of an image, its preprocessing too."""
        run, temperature = Runner(self.model, "auto", "fp32"), temperature_of(self.model.metadata)
        if not whole:
            return lambda: run(self.inputs[:1])

        def answer() -> Tensor:
            pixels = to_pixels(self.given.images[0], self.model.preprocessing)
            return scores(run(normalize(pixels, self.model.preprocessing)), self.task, temperature)

        return answer


def check_proof(proof: Proof, network: ExportedNetwork, allowed: float | None) -> None:
    """Raises: CheckpointError where the file answers too differently to be kept.

    Args:
        proof: What was found.
        network: The file.
        allowed: Percentage points of agreement that may be lost; `LOSS` where absent.
    """
    most = LOSS if allowed is None else allowed
    if network.facts.precision == "fp32" and network.facts.input == "tensor":
        if proof.largest_relative > EXACT or proof.agreement < 100:
            raise CheckpointError("export.not_exact", proof=proof.in_words(), most=f"{EXACT:g}")
    elif 100 - proof.agreement > most:
        raise CheckpointError("export.loses_too_much", proof=proof.in_words(), most=f"{most:g}")


def _latencies(first: Callable[[], Any], second: Callable[[], Any]) -> tuple[float, float]:
    """Median milliseconds of both, run in turns after one run each that does not count."""
    times: tuple[list[float], list[float]] = [], []
    for _ in range(TIMES + 1):
        for run, taken in zip((first, second), times, strict=True):
            started = perf_counter()
            run()
            taken.append(1e3 * (perf_counter() - started))
    return median(times[0][1:]), median(times[1][1:])


def _same_decisions(wanted: np.ndarray, found: np.ndarray) -> np.ndarray:
    return ((wanted > 0) == (found > 0)).all(axis=1)


def _same_values(wanted: np.ndarray, found: np.ndarray) -> np.ndarray:
    return np.isclose(found, wanted, rtol=0.01, atol=0.01 * float(np.abs(wanted).max())).all(axis=1)


AGREE: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "single_label": lambda wanted, found: wanted.argmax(axis=1) == found.argmax(axis=1),
    "multi_label": _same_decisions,
    "regression": _same_values,
}
"""Task -> for each image, whether two answers are the same; a score of 0.5 is a logit of 0."""


def _size(path: Path) -> int:
    """Bytes of a file, and of OpenVINO's weights beside it."""
    files: Sequence[Path] = (path, path.with_suffix(".bin")) if path.suffix == ".xml" else (path,)
    return sum(file.stat().st_size for file in files)


def processor_name() -> str:
    """The processor's name, as Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()

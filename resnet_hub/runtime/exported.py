"""An exported file -> its answers, computed by ONNX Runtime or OpenVINO, with no weights in PyTorch."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from resnet_hub.checkpoint import MAX_WEIGHTS_BYTES, WEIGHTS_FILE, file_digest
from resnet_hub.checks import check_choice
from resnet_hub.config import Preprocessing, ResNetConfig
from resnet_hub.errors import CheckpointError, ConfigError
from resnet_hub.imports import is_installed, require_extra
from resnet_hub.metadata import CheckpointMetadata
from resnet_hub.preprocessing import normalize
from resnet_hub.runtime.file_facts import KEY, FileFacts
from resnet_hub.scores import as_array

if TYPE_CHECKING:
    import torch
    from torch import Tensor

SUFFIXES = {".onnx": ("onnx", "openvino"), ".xml": ("openvino",)}
"""Suffix -> the runtimes that answer from such a file, the usual one first."""
PACKAGES = {"onnx": "onnxruntime", "openvino": "openvino"}
"""Runtime -> the package that answers."""
FOLDERS = ("onnx/model.onnx", "onnx/model_fp16.onnx", "onnx/model_quantized.onnx", "openvino/openvino_model.xml")
"""Where an export leaves its file in a checkpoint's folder, in the order in which one is taken."""
logger = logging.getLogger(__name__)
Run = Callable[[Mapping[str, np.ndarray], str], np.ndarray]
"""Inputs by name, and the name of the output that is wanted -> that output."""


def exported_file(source: object) -> Path | None:
    """The exported file that a source names, or that a folder without weights of its own holds; None for others."""
    if not isinstance(source, str | os.PathLike):
        return None
    path = Path(source).expanduser()
    if path.suffix.lower() in SUFFIXES and (path.is_file() or not path.exists()):
        return path
    if path.is_dir() and not any(path.glob("*.safetensors*")) and not any(path.glob("*.bin*")):
        return next((path / name for name in FOLDERS if (path / name).is_file()), None)
    return None


class ExportedNetwork:
    """A network in an exported file: what is known of it, and its logits. Thread-safe; computes on the CPU."""

    head_is_new = False

    def __init__(self, path: str | Path, backend: str = "auto", **options: Any) -> None:
        """Opens the file.

        Args:
            path: An .onnx file, or OpenVINO's .xml with its .bin beside it.
            backend: "onnx", "openvino", or "auto" for what suits the file and is installed.
            options: Those of `from_pretrained`, which change a network; a file takes none but `None`.

        Raises:
            CheckpointError: There is no such file, it is none of these, or it does not say what its input is.
            ConfigError: This backend cannot open it, or an option would change it.
            MissingExtraError: No runtime for it is installed.
        """
        self.path = Path(path)
        self.outputs: set[str] = set()
        """The names of what the file gives."""
        if asked := [name for name, value in options.items() if value is not None]:
            raise ConfigError("exported.option", file=str(path), option=", ".join(asked))
        self.backend = _chosen(self.path, backend)
        self._open()
        beside = self.path.parents[1] / WEIGHTS_FILE if len(self.path.parents) > 1 else self.path
        if self.facts.weights and beside.is_file() and self.facts.weights != file_digest(beside):
            logger.warning(
                "%s was exported from other weights than %s holds now, and answers as those did; export it again",
                self.path,
                beside,
            )

    def _open(self) -> None:
        texts, self._run, self.outputs = OPENERS[self.backend](self.path)
        self.facts = FileFacts.from_texts(texts, str(self.path))
        wanted = "scores" if self.facts.input == "image" else "logits"
        if wanted not in self.outputs:
            raise CheckpointError("exported.lacks_output", file=str(self.path), output=wanted)

    def __getstate__(self) -> Mapping[str, Any]:
        return {"path": self.path, "backend": self.backend}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        vars(self).update(state)
        self._open()

    @property
    def config(self) -> ResNetConfig:
        """The shape of the network."""
        return self.facts.config.network

    @property
    def preprocessing(self) -> Preprocessing:
        """What the network's input is."""
        return self.facts.config.preprocessing

    @property
    def metadata(self) -> CheckpointMetadata:
        """What is known of the weights."""
        return self.facts.config.metadata

    @property
    def label_names(self) -> tuple[str, ...]:
        """One name for each output."""
        return self.facts.label_names

    @property
    def num_classes(self) -> int:
        """Outputs of the head."""
        return self.config.num_classes

    @property
    def head_hidden_size(self) -> int:
        """Length of the features that `embed` gives."""
        if self.facts.head_hidden_size:
            return self.facts.head_hidden_size
        from resnet_hub.models import meta_network  # for an older file, which does not say it

        return meta_network(self.config).head_hidden_size

    @property
    def feature_map_bytes(self) -> int:
        """As `models.feature_map_bytes` of the network."""
        if self.facts.feature_map_bytes:
            return self.facts.feature_map_bytes
        from resnet_hub.models import feature_map_bytes, meta_network  # as above

        shapes = meta_network(self.config)
        shapes.preprocessing = self.preprocessing
        return feature_map_bytes(shapes)

    def of_normalized(self, images: np.ndarray, output: str = "logits") -> np.ndarray:
        """The logits (N, num_classes), or "features", of normalized images, float32 (N, C, H, W).

        Raises:
            CheckpointError: The runtime gives up, or the file has no such output.
        """
        if output == "features" and output not in self.outputs:
            raise CheckpointError("exported.lacks_output", file=str(self.path), output=output)
        return self._answer({"pixel_values": images}, output)

    def of_image(self, image: np.ndarray, output: str = "scores") -> np.ndarray:
        """The scores (num_classes,), or "logits", of one image, uint8 (H, W, C); for files that take images.

        One of `pixels` has logits alone, already divided by the temperature.
        """
        if self.facts.input == "pixels":
            planes = np.ascontiguousarray(image.transpose(2, 0, 1)[None], np.float32)
            return self._answer({"pixel_values": planes}, "logits")[0]
        return self._answer({"image": np.ascontiguousarray(image)}, output)[0]

    def _answer(self, inputs: Mapping[str, np.ndarray], output: str) -> np.ndarray:
        try:
            return np.array(self._run(inputs, output), np.float32)
        except Exception as error:  # of the runtime's own kinds, which differ by their versions
            reason = str(error).strip().partition("\n")[0][:300]
            raise CheckpointError(
                "exported.gave_up", file=str(self.path), backend=self.backend, reason=reason
            ) from error


class ExportedRunner:
    """Takes the place of a `Runner` in a classifier: the same pixels, answered from the file, without torch."""

    def __init__(self, model: ExportedNetwork, device: str, precision: str, backend: str) -> None:
        """Takes the settings of `ImageClassifier`.

        Raises: ConfigError for one that the file does not have, or where it takes whole images, which a classifier
        prepares itself.
        """
        check_choice("device", device, ("auto", "cpu"))
        check_choice("precision", precision, ("auto", model.facts.precision))
        check_choice("backend", backend, ("auto", model.backend))
        if model.facts.input != "tensor":
            raise ConfigError("exported.takes_images", file=str(model.path))
        self.model, self.backend, self.precision = model, model.backend, model.facts.precision

    @property
    def device(self) -> torch.device:
        """The CPU, as PyTorch says it."""
        import torch

        return torch.device("cpu")

    def answer(self, pixels: Tensor | np.ndarray, *, pre_logits: bool = False) -> np.ndarray:
        """The logits (N, num_classes) of uint8 pixels (N, C, H, W), or the features they are made of, in float32."""
        images = normalize(as_array(pixels), self.model.preprocessing)
        return self.model.of_normalized(images, "features" if pre_logits else "logits")


def _chosen(path: Path, backend: str) -> str:
    """The runtime for a file, which is there and not too large."""
    runtimes = SUFFIXES.get(path.suffix.lower())
    if runtimes is None:
        raise CheckpointError("exported.other_suffix", file=str(path), suffixes=", ".join(SUFFIXES))
    if not path.is_file():
        raise CheckpointError("exported.no_file", file=str(path))
    if path.stat().st_size > MAX_WEIGHTS_BYTES:
        raise CheckpointError("exported.too_large", file=str(path), size=path.stat().st_size, most=MAX_WEIGHTS_BYTES)
    if backend == "auto":
        backend = next((name for name in runtimes if is_installed(PACKAGES[name])), runtimes[0])
    check_choice("backend", backend, ("auto", *runtimes))
    require_extra(backend, [PACKAGES[backend]])
    return backend


def _threads() -> int:
    """As many as PyTorch computes with where it is loaded; else what OMP_NUM_THREADS says, as PyTorch does, or all."""
    if "torch" in sys.modules:
        import torch

        return torch.get_num_threads()
    said = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    return int(said) if said.isdecimal() and int(said) else len(os.sched_getaffinity(0))


def _open_onnx(path: Path) -> tuple[Mapping[str, str], Run, set[str]]:
    """The texts of a file, what runs it, and its outputs. Raises: CheckpointError."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = _threads(), 3
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # of its own kinds, which have no common class of their own
        raise _not_opened(path, "onnxruntime", error) from error
    texts = session.get_modelmeta().custom_metadata_map
    return (
        texts,
        lambda inputs, output: session.run([output], dict(inputs))[0],
        {one.name for one in session.get_outputs()},
    )


def _open_openvino(path: Path) -> tuple[Mapping[str, str], Run, set[str]]:
    """The same with OpenVINO, in float32 where the file is: it would compute in bfloat16 on its own account."""
    import openvino

    core = openvino.Core()
    try:
        model = core.read_model(str(path))
        texts = _texts_of(model)
        settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": _threads()}
        compiled = core.compile_model(model, "CPU", settings)
    except Exception as error:  # as above
        raise _not_opened(path, "openvino", error) from error

    def run(inputs: Mapping[str, np.ndarray], output: str) -> np.ndarray:
        return compiled.create_infer_request().infer(dict(inputs))[output]

    return texts, run, {name for one in compiled.outputs for name in one.get_names()}


def _texts_of(model: Any) -> Mapping[str, str]:
    """What was written into the file, which lies a level deeper in a graph that was read from ONNX."""
    for place in ([], ["framework"]):
        if model.has_rt_info([*place, KEY]):
            return {key: model.get_rt_info([*place, key]).astype(str) for key in (KEY, "labels")}
    return {}


def _not_opened(path: Path, runtime: str, error: Exception) -> CheckpointError:
    reason = str(error).strip().partition("\n")[0][:300]
    return CheckpointError("exported.not_opened", file=str(path), runtime=runtime, reason=reason)


OPENERS = {"onnx": _open_onnx, "openvino": _open_openvino}
"""Backend -> what opens a file with it."""

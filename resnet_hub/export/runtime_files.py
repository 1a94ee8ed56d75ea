"""A network -> a file for another runtime, kept only once it has been found to answer as the network does."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from resnet_hub.checkpoint import PROOF_SUFFIX, CheckpointConfig, weights_digest
from resnet_hub.checks import check_choice, check_range
from resnet_hub.errors import CheckpointError, ConfigError
from resnet_hub.export.graphs import (
    exported_program,
    image_graph,
    in_half,
    onnx_graph,
    pixels_before_network,
    pixels_graph,
)
from resnet_hub.export.proof import LOSS, Comparison, Proof, check_proof
from resnet_hub.export.proof_images import proof_images
from resnet_hub.export.quantization import Quantized, quantized
from resnet_hub.imports import require_extra
from resnet_hub.label_names import label_names_of
from resnet_hub.models import PretrainedNetwork, feature_map_bytes
from resnet_hub.runtime import INPUTS, PRECISIONS, ExportedNetwork, FileFacts, native_int8
from resnet_hub.scores import temperature_of

SUFFIXES = {"onnx": ".onnx", "openvino": ".xml", "torch-export": ".pt2"}
"""What can be exported to -> the suffix of its file."""
NAMES = {"fp32": "", "fp16": "_fp16", "int8": "_quantized"}
"""Precision -> what the usual name of a file ends with; transformers.js looks for these."""


@dataclass(frozen=True)
class ExportedFile:
    """A file that was kept."""

    file: Path
    proof: Proof | None
    """None for a program of torch.export, whose arithmetic is PyTorch's own."""
    free_sizes: str
    """Which sizes of its input are free, such as "batch, height and width"."""
    left_in_float: tuple[str, ...] = ()
    """Blocks of an int8 file that stayed in float32, since its answers were worse without them."""


def usual_name(to: str, precision: str, input: str) -> str:
    """Where in a checkpoint's folder such a file goes, such as "onnx/model_quantized.onnx"."""
    stem = "image_model" if input == "image" else "model"
    if to == "openvino":
        return f"openvino/openvino_{stem}{NAMES[precision]}.xml"
    return f"{'onnx' if to == 'onnx' else 'torch_export'}/{stem}{NAMES[precision]}{SUFFIXES[to]}"


def export_file(
    model: PretrainedNetwork,
    file: str | Path,
    to: str = "onnx",
    *,
    precision: str = "fp32",
    input: str = "tensor",
    images: str | Path | None = None,
    allow_loss: float | None = None,
    source: str = "",
    overwrite: bool = False,
    portable: bool = True,
) -> ExportedFile:
    """Writes a network for another runtime, and its proof beside it as `FILE.proof.json`.

    Args:
        model: A network with a head; it stays as it is.
        file: Where it goes; folders are made.
        to: "onnx", "openvino" or "torch-export".
        precision: "fp32"; "fp16", weights of half the size; "int8", calibrated on the images.
        input: "tensor", the normalized input (N, C, H, W); or "image", uint8 (H, W, C) of any size, with resize, crop
            and normalization inside and scores as the answer; or "pixels", the same for transformers.js, float32
            (1, C, H, W) from 0 to 255, with logits as the answer.
        images: A folder with at least 100 images to calibrate and compare with; the bundled ones where absent.
        allow_loss: Percentage points of agreement that "fp16", "int8" and "image" may lose; 1 where absent.
        source: What the file says that it was exported from.
        overwrite: Whether a file that is there may be replaced.
        portable: Whether a file of int8 is for any CPU; else it is for those like this one, and weights may have a bit
            more.

    Raises:
        ConfigError: An option is not among the choices, or does not go with another.
        CheckpointError: The network cannot be exported, or the file would answer too differently; nothing is left.
        MissingExtraError: A package that this needs is not installed.
    """
    path = Path(file).expanduser()
    _check(model, path, to, precision, input, allow_loss, overwrite)
    if to == "torch-export":
        return _torch_export(model, path, source)
    require_extra("onnx")
    if to == "openvino":
        require_extra("openvino")
    comparison = Comparison(model, proof_images(images, model.preprocessing))
    program, free = exported_program(model)
    graph = onnx_graph(program)
    left: tuple[str, ...] = ()
    with TemporaryDirectory() as scratch:
        if precision == "int8":
            bits = 7 if portable or not native_int8() else 8
            whole = _quantized(graph, comparison, LOSS if allow_loss is None else allow_loss, input, to, bits)
            graph, left = whole.model, whole.left_in_float
        elif precision == "fp16":
            graph = in_half(graph)
        if input != "tensor":
            task, exact = model.config.task, input == "pixels"
            graph = image_graph(graph, model.preprocessing, task, temperature_of(model.metadata), exact=exact)
        if input == "pixels":
            graph = pixels_graph(graph, model.preprocessing.input_size[0])
        made = Path(scratch, path.name)
        FORMS[to](graph, made, _facts(model, source, input, precision))
        network = ExportedNetwork(made, backend=to)
        proof = replace(comparison.of_file(network), left_in_float=left)
        check_proof(proof, network, allow_loss)
        del network
        _keep(made, path, proof)
    return ExportedFile(path, proof, "height and width" if input != "tensor" else free, left)


def _check(
    model: PretrainedNetwork,
    path: Path,
    to: str,
    precision: str,
    input: str,
    allow_loss: float | None,
    overwrite: bool,
) -> None:
    check_choice("to", to, tuple(SUFFIXES))
    check_choice("precision", precision, PRECISIONS)
    check_choice("input", input, INPUTS)
    if allow_loss is not None:
        check_range("allow_loss", allow_loss, 0, 100)
    if to == "torch-export" and (precision != "fp32" or input != "tensor"):
        raise ConfigError("export.torch_export_plain", precision=precision, input=input)
    if path.suffix != SUFFIXES[to]:
        raise ConfigError("export.other_suffix", file=str(path), to=to, suffix=SUFFIXES[to])
    if path.exists() and not overwrite:
        raise ConfigError("export.file_exists", file=str(path))
    if not model.num_classes:
        raise ConfigError("classifier.no_head")
    if model.head_is_new:
        raise ConfigError("export.random_head", classes=model.num_classes)
    if refusal := model.refusal_to_save():
        raise refusal


def _facts(model: PretrainedNetwork, source: str, input: str, precision: str) -> FileFacts:
    config = CheckpointConfig(model.config, model.preprocessing, model.label_names, model.metadata)
    names, versions = label_names_of(model), versions_here()
    weights = weights_digest(model.state_dict())
    sizes = model.head_hidden_size, feature_map_bytes(model)
    return FileFacts(config, model.num_features, names, source, input, precision, versions, weights, *sizes)


def versions_here() -> dict[str, str]:
    """Package -> version, of those that have a part in a file and are installed."""
    found = {}
    for name in ("resnet_hub", "torch", "onnx", "onnxruntime", "openvino"):
        try:
            found[name] = version(name)
        except ModuleNotFoundError:
            continue
    return found


def _quantized(graph: Any, comparison: Comparison, loss: float, input: str, to: str, bits: int) -> Quantized:
    """The graph in whole numbers, calibrated and judged on what the network is given in the file that it goes into."""
    inputs = comparison.inputs.numpy()
    if input != "tensor":
        before = pixels_before_network(graph, comparison.model.preprocessing, exact=input == "pixels")
        session = _session(before)
        inputs = np.concatenate([session.run(["pixel_values"], {"image": one})[0] for one in comparison.arrays()])

    def answer(model: Any, images: np.ndarray) -> np.ndarray:
        run, batches = RUNS[to](model), range(0, len(images), 16)
        return np.concatenate([run(images[start : start + 16]) for start in batches])

    def good_enough(logits: np.ndarray) -> bool:
        return 100 - comparison.agreement(logits) <= loss

    return quantized(graph, inputs, comparison.logits, answer, good_enough, bits)


def _session(model: Any) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def _run_onnx(model: Any) -> Callable[[np.ndarray], np.ndarray]:
    session = _session(model)
    return lambda images: session.run(["logits"], {"pixel_values": images})[0]


def _run_openvino(model: Any) -> Callable[[np.ndarray], np.ndarray]:
    import openvino

    core = openvino.Core()
    read = core.read_model(model.SerializeToString())
    compiled = core.compile_model(read, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda images: np.array(compiled({"pixel_values": images})["logits"])


RUNS: dict[str, Callable[[Any], Callable[[np.ndarray], np.ndarray]]] = {"onnx": _run_onnx, "openvino": _run_openvino}
"""Runtime -> an ONNX model as it answers there: normalized images -> logits."""


def _write_onnx(graph: Any, file: Path, facts: FileFacts) -> None:
    from onnx import helper, save

    helper.set_model_props(graph, facts.to_texts())
    save(graph, file)


def _write_openvino(graph: Any, file: Path, facts: FileFacts) -> None:
    import openvino

    between = file.with_suffix(".onnx")
    _write_onnx(graph, between, facts)
    model = openvino.Core().read_model(between)  # `convert_model` does the same, and tells a server of it
    for key, text in facts.to_texts().items():
        model.set_rt_info(text, [key])
    openvino.save_model(model, file, compress_to_fp16=False)
    between.unlink()


FORMS: dict[str, Callable[[Any, Path, FileFacts], None]] = {"onnx": _write_onnx, "openvino": _write_openvino}
"""Runtime -> what writes an ONNX model as its file."""


def _torch_export(model: PretrainedNetwork, path: Path, source: str) -> ExportedFile:
    """Writes a program of torch.export, with what the file says as texts inside."""
    import torch

    program, free = exported_program(model)
    program._example_inputs = None  # the format keeps a pickle for them, which so stays empty
    facts = _facts(model, source, "tensor", "fp32").to_texts()
    with TemporaryDirectory() as scratch:
        made = Path(scratch, path.name)
        torch.export.save(program, made, extra_files=facts)
        _move([made], path.parent)
    return ExportedFile(path, None, free)


def _keep(made: Path, path: Path, proof: Proof) -> None:
    """Moves a file, with its weights where they lie beside it, and its proof to their place."""
    note = made.with_name(f"{made.name}{PROOF_SUFFIX}")
    note.write_text(proof.to_json(), encoding="utf-8")
    weights = made.with_suffix(".bin")
    _move([*([weights] if weights.exists() else []), note, made], path.parent)


def _move(files: list[Path], folder: Path) -> None:
    """Moves files into a folder, each at once. Raises: CheckpointError where it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            beside = folder / f".{file.name}.part"
            shutil.copyfile(file, beside)
            beside.replace(folder / file.name)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CheckpointError("checkpoint.not_written", folder=str(folder), reason=reason) from error

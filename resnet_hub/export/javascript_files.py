"""A network -> the folder that transformers.js opens: two files of ONNX, their config and their processor."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from resnet_hub.checkpoint import CONFIG_FILE, MODEL_TYPE, PROCESSOR_FILE, write_atomically
from resnet_hub.errors import CheckpointError, ConfigError
from resnet_hub.export.runtime_files import ExportedFile, export_file
from resnet_hub.label_names import label_names_of
from resnet_hub.models import PretrainedNetwork

PLAIN, WHOLE = "onnx/model.onnx", "onnx/model_quantized.onnx"
"""Where transformers.js looks for its types fp32 and q8."""


def export_for_javascript(
    model: PretrainedNetwork,
    folder: str | Path,
    *,
    images: str | Path | None = None,
    allow_loss: float | None = None,
    source: str = "",
    overwrite: bool = False,
    told: Callable[[CheckpointError], object] = lambda _: None,
) -> tuple[ExportedFile, ...]:
    """Writes the folder, which transformers.js opens as it is: `pipeline("image-classification", folder)`.

    Resize, crop, normalization and calibration are inside of the files, so that its scores are those of
    `ImageClassifier`, whatever its own resize does.

    Args:
        model: A network of one label for each image, with a head; it stays as it is.
        folder: Where the files go; made if missing.
        images: As for `export_file`.
        allow_loss: As for `export_file`.
        source: As for `export_file`.
        overwrite: As for `export_file`.
        told: Hears why there is no file of whole numbers, where its answers would differ too much.

    Returns:
        The file in float32, and that of whole numbers where it answers alike, which is then opened first.

    Raises:
        ConfigError: The network gives other answers than one label or takes other images than RGB, or the folder holds
            a checkpoint.
        CheckpointError: As `export_file`.
    """
    _check(model, Path(folder))
    options: dict[str, Any] = {"images": images, "allow_loss": allow_loss, "source": source, "overwrite": overwrite}
    written = [export_file(model, Path(folder, PLAIN), input="pixels", **options)]
    try:
        written.append(export_file(model, Path(folder, WHOLE), precision="int8", input="pixels", **options))
    except CheckpointError as error:
        if error.code not in ("export.loses_too_much", "export.no_whole_numbers"):
            raise
        told(error)
    files = {CONFIG_FILE: _config(model, "q8" if len(written) > 1 else "fp32"), PROCESSOR_FILE: _processor()}
    for name, values in files.items():
        text = json.dumps(values, indent=2, ensure_ascii=False) + "\n"
        write_atomically(Path(folder, name), partial(Path.write_text, data=text, encoding="utf-8"))
    return tuple(written)


def _check(model: PretrainedNetwork, folder: Path) -> None:
    if model.config.task != "single_label":
        raise ConfigError("export.javascript_task", task=model.config.task)
    if model.preprocessing.input_size[0] != 3:
        raise ConfigError("export.javascript_bands", channels=model.preprocessing.input_size[0])
    if (folder / "model.safetensors").exists():
        raise ConfigError("export.javascript_folder", folder=str(folder))


def _config(model: PretrainedNetwork, dtype: str) -> dict[str, Any]:
    """config.json, of which transformers.js reads the kind, the names of classes and which file comes first."""
    names = label_names_of(model)
    return {
        "model_type": MODEL_TYPE,
        "architectures": ["ResNetForImageClassification"],
        "num_channels": model.preprocessing.input_size[0],
        "id2label": {str(index): name for index, name in enumerate(names)},
        "label2id": {name: index for index, name in enumerate(names)},
        "transformers.js_config": {"dtype": dtype},
    }


def _processor() -> dict[str, Any]:
    """preprocessor_config.json, with which pixels stay as they are: the files do the rest."""
    steps = ("do_resize", "do_center_crop", "do_rescale", "do_normalize", "do_pad", "do_thumbnail")
    return {"image_processor_type": "BitImageProcessor", **dict.fromkeys(steps, False), "do_convert_rgb": True}

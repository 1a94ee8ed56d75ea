"""What a page that answers in the browser knows of its network: model.json."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from resnet_hub.demo.examples import FREE_IMAGES, free_sources
from resnet_hub.demo.text import counted, names_in
from resnet_hub.errors import LANGUAGES
from resnet_hub.explain import OPACITY, colored
from resnet_hub.space.static.browser_model import BrowserModel
from resnet_hub.space.static.runtime import runtime_version, wasm_file, wasm_size
from resnet_hub.space.static.words import in_each_language, page_words

FACTS_FILE = "model.json"
"""Where it is; a folder with it is one of ours."""
MODEL_FILE = "model.bin"
"""The weights, as `packed_weights` packs them."""
UNTOLD = ("other", "unknown")
"""Licenses that name none: the Hub's words for one that it does not know."""


def facts(
    model: BrowserModel, packed: int, examples: Mapping[str, Path], title: str | None, credit: str
) -> dict[str, Any]:
    """Everything but the list of files.

    Args:
        model: The network.
        packed: Bytes of its file as it travels.
        examples: Paths of the example images, and the files that they are made of.
        title: The heading of the page; None for the usual one, in each language.
        credit: The key of the line that says where the examples come from.
    """
    preprocessing = model.network.preprocessing
    channels, height, width = preprocessing.input_size
    unpacked, runtime = wasm_size()
    return {
        "title": title,
        "file": MODEL_FILE,
        "size": len(model.file),
        "packed": packed,
        "megabytes": round((packed + runtime) / 1e6),
        "runtime": {"file": wasm_file(), "size": unpacked, "packed": runtime},
        "channels": channels,
        "input": {
            "height": height,
            "width": width,
            "cropPct": preprocessing.crop_pct,
            "cropMode": preprocessing.crop_mode,
        },
        "labels": {language: list(names_in(model.label_names, language)) for language in LANGUAGES},
        "heatMap": model.has_heat_map,
        "colors": base64.b64encode(colored(np.arange(256) / 255).tobytes()).decode(),
        "opacity": OPACITY,
        "examples": [{"file": name, "names": _class_of(shown, model)} for name, shown in examples.items()],
        "credit": credit,
        "facts": _shown(model),
    }


def as_json(values: Any) -> bytes:
    """Values as the content of a file."""
    return (json.dumps(values, ensure_ascii=False, indent=1) + "\n").encode()


def _class_of(image: Path, model: BrowserModel) -> Mapping[str, str]:
    """What a free image shows, in each language; nothing of an owner's own, whose name may tell anything."""
    free = free_sources().get(image.name) if image.parent == FREE_IMAGES else None
    shown = [index for index, name in enumerate(model.label_names) if free and name in free["shows"]]
    return {one: names_in(model.label_names, one)[shown[0]] for one in LANGUAGES} if shown else {}


def _shown(model: BrowserModel) -> list[Mapping[str, Any]]:
    """The rows of what is known, each with its heading and a text, or one in each language."""
    served, proof = model.served, model.proof
    license: Mapping[str, Any] = {"text": served.license}
    if not served.license or served.license in UNTOLD:
        license = {"values": page_words()["license_other" if served.license else "no_license"]}
    origin = [{"key": "fact_source", "text": served.repo_id}] if served.repo_id else []
    alike = in_each_language("proof", agreement=f"{proof.agreement:g}", images=proof.images)
    return [
        {"key": "fact_network", "text": model.network.config.architecture},
        *origin,
        {"key": "fact_classes", "values": {one: counted(len(model.label_names), one) for one in LANGUAGES}},
        {"key": "fact_license", **license},
        {"key": "fact_proof", "values": alike},
        {"key": "fact_runtime", "values": in_each_language("runtime", version=runtime_version())},
    ]

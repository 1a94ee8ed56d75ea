"""config.json -> the YAML metadata of a model card: only ids and licenses that the Hub accepts, and none invented."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from resnet_hub.card.license import license_keys, recorded_license
from resnet_hub.card.markdown import line, place
from resnet_hub.checkpoint import SECTION
from resnet_hub.metadata import CheckpointMetadata

TASK = "image-classification"
METRICS = {
    "top1": ("accuracy", "Top-1 accuracy"),
    "top5": ("accuracy_top5", "Top-5 accuracy"),
    "loss": ("loss", "Loss"),
    "macro_f1": ("f1", "Macro F1"),
    "micro_f1": ("f1_micro", "Micro F1"),
    "map": ("mean_average_precision", "Mean average precision"),
    "balanced_accuracy": ("balanced_accuracy", "Balanced accuracy"),
    "ece": ("ece", "Calibration error"),
    "mae": ("mae", "Mean absolute error"),
    "rmse": ("rmse", "Root mean squared error"),
    "r2": ("r_squared", "R squared"),
}
"""Our name of a metric -> the Hub's identifier and a heading."""
_REPO_ID = r"\w(?:[\w.-]{0,94}\w)?/\w(?:[\w.-]{0,94}\w)?"
_MODEL = re.compile(rf"(?:hf[-_]hub:)?({_REPO_ID})(?:@.+)?", re.ASCII)
_TAG = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+")
_DATASET = re.compile(rf"({_REPO_ID})(?::([\w.-]+))?(?:@([\w./-]+))?", re.ASCII)


def card_metadata(
    config: Mapping[str, Any], *, repo_id: str | None = None, timm_compatible: bool = False
) -> dict[str, Any]:
    """The metadata by key, as `model_card` writes it above the text; what `config` does not say is left out."""
    run = run_metadata(config)
    terms = license_keys(recorded_license(config))
    results = _eval_results(run)
    dataset = _DATASET.fullmatch(place(run.dataset or ""))
    architecture = str(config.get("architecture", ""))
    data: Any = ModelCardData(
        library_name="timm" if timm_compatible else "resnet_hub",
        pipeline_tag=TASK,
        tags=[TASK, "resnet_hub", *([architecture] if re.fullmatch(r"\w+", architecture) else [])],
        license=terms.get("license"),
        license_name=terms.get("license_name"),
        base_model=_base_model(run),
        datasets=[dataset[1]] if dataset else None,
        metrics=sorted({result.metric_type for result in results}) or None,
        eval_results=results or None,
        model_name=model_name(config, repo_id) if results else None,
    )
    return data.to_dict()


def model_name(config: Mapping[str, Any], repo_id: str | None) -> str:
    """What the card calls the model: the repository's name, else the architecture's."""
    return repo_id.rpartition("/")[2] if repo_id else line(config.get("architecture") or "residual network")


def run_metadata(config: Mapping[str, Any]) -> CheckpointMetadata:
    """What config.json says of the weights, in our section; nothing where it has none."""
    return CheckpointMetadata.from_json(mapping(config.get(SECTION)))


def numbers(run: CheckpointMetadata) -> dict[str, float]:
    """The metrics that are finite numbers."""
    return {str(name): value for name, value in (run.metrics or {}).items() if is_number(value)}


def is_number(value: object) -> bool:
    """Whether it is a finite number, and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def mapping(value: object) -> Mapping[str, Any]:
    """The value if it has named entries, else nothing."""
    return value if isinstance(value, Mapping) else {}


def repo_id_in(source: str) -> str | None:
    """The "owner/name" that a source names; None for a folder or anything else."""
    match = _MODEL.fullmatch(source)
    return match[1] if match else None


def _eval_results(run: CheckpointMetadata) -> list[EvalResult]:
    """The `model-index` entries; none where the data set they were measured on is not recorded."""
    name = place(run.dataset or "")
    dataset = _DATASET.fullmatch(name)
    if not name:
        return []
    return [
        EvalResult(
            task_type=TASK,
            dataset_type=dataset[1] if dataset else name,
            dataset_name=dataset[1] if dataset else name,
            dataset_config=dataset[2] if dataset else None,
            dataset_revision=_optional(run.dataset_revision) or (dataset[3] if dataset else None),
            dataset_split=_optional(run.split),
            metric_type=METRICS.get(metric, (line(metric), ""))[0],
            metric_name=METRICS.get(metric, ("", line(metric)))[1],
            metric_value=round(value, 6),
        )
        for metric, value in numbers(run).items()
    ]


def _base_model(run: CheckpointMetadata) -> str | None:
    """The Hub id of the weights that training started from; nothing for a folder, which the Hub cannot link."""
    source = run.base_model or ""
    return f"timm/{source}" if _TAG.fullmatch(source) else repo_id_in(source)


def _optional(value: object) -> str | None:
    return line(value) if value else None

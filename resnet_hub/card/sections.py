"""config.json -> README.md: the model card of a checkpoint, from what the run recorded and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from resnet_hub.card.license import recorded_license
from resnet_hub.card.markdown import line, place, table, text
from resnet_hub.card.metadata import METRICS, card_metadata, is_number, mapping, model_name, numbers, run_metadata
from resnet_hub.card.parse import CardText, marked
from resnet_hub.card.usage import task, usage
from resnet_hub.metadata import CheckpointMetadata
from resnet_hub.registry import is_non_commercial

MAX_CLASSES = 100
"""Class names that are listed; the rest stands in config.json."""
MAX_RESULT_CLASSES = 50
"""Rows of the table of classes."""
IMAGES = {
    "curves.png": "Loss and accuracy over the epochs",
    "confusion.png": "Which classes are taken for which",
}
OUTPUTS = {
    "single_label": "one of {} classes for an image",
    "multi_label": "any of {} classes for an image, several at once or none",
    "regression": "{} numbers for an image",
}
"""Task -> what the network predicts."""
_NOTE = (
    "<!-- Between resnet_hub's marks the text is written anew with each push; all other text stays as you write it. -->"
)
_SECRET_NAME = re.compile(r"token$|secret|password|api_?key|credential", re.IGNORECASE)


def model_card(
    config: Mapping[str, Any],
    *,
    repo_id: str | None = None,
    timm_compatible: bool = False,
    images: Iterable[str] = (),
) -> str:
    """README.md for the checkpoint that `config` (all of config.json) describes; what it does not say is left out.

    Every section stands between marks of its own, empty ones too, so that `card_text` finds them again.

    Args:
        config: Reads `architecture`, `num_classes`, `label_names`, `problem_type`, `model_args`, `pretrained_cfg`, and
            under `resnet_hub` what the run recorded: `base_model`, `license`, `dataset`, `dataset_revision`, `split`,
            `num_images`, `metrics` (name -> number), `per_class`, `recipe`, `versions`, `seconds`, `hardware`.
        repo_id: "owner/name" it will have on the Hub; a placeholder stands in the examples where absent.
        timm_compatible: Whether timm loads it too, which makes it a timm model for the Hub's widget and counter.
        images: Which of `IMAGES` lie beside it.
    """
    run, beside = run_metadata(config), set(images)
    sections = {
        "summary": f"{_NOTE}\n\n# {text(model_name(config, repo_id))}\n\n{_summary(config, run)}",
        "usage": usage(config, repo_id, timm=timm_compatible),
        "results": _results(run),
        "pictures": "\n\n".join(f"![{told}]({name})" for name, told in IMAGES.items() if name in beside),
        "per-class": _per_class(config, run),
        "classes": _classes(config),
        "training": _headed("How it was trained", table(("Setting", "Value"), _training_rows(run))),
        "versions": _headed("Versions", table(("Package", "Version"), (run.versions or {}).items())),
        "limits": _limits(config, run),
    }
    body = "\n\n".join(marked(name, content) for name, content in sections.items())
    metadata = card_metadata(config, repo_id=repo_id, timm_compatible=timm_compatible)
    return str(CardText(metadata, f"\n{body}\n"))


def _headed(heading: str, content: str) -> str:
    return f"## {heading}\n\n{content}" if content else ""


def _summary(config: Mapping[str, Any], run: CheckpointMetadata) -> str:
    kind = "An image regressor" if task(config) == "regression" else "An image classifier"
    sentence = f"{kind}: the residual network {text(config.get('architecture', 'of unknown name'))}"
    if run.base_model:
        sentence += f", fine-tuned from {text(place(run.base_model))}"
    if run.dataset:
        sentence += f" on {text(place(run.dataset))}"
    answer = OUTPUTS[task(config)].format(text(config.get("num_classes", "some")))
    terms = recorded_license(config)
    told = f" License: {text(terms)}." if terms else ""
    return f"{sentence}. It answers with {answer}.{told} Made with resnet_hub."


def _results(run: CheckpointMetadata) -> str:
    rows = [(METRICS.get(metric, ("", metric))[1], round(value, 4)) for metric, value in numbers(run).items()]
    if not rows:
        return ""
    where = [text(place(run.dataset))] if run.dataset else []
    where += [f"revision {text(run.dataset_revision)}"] if run.dataset_revision else []
    where += [f"split {text(run.split)}"] if run.split else []
    where += [f"{text(run.num_images)} images"] if run.num_images else []
    measured = f"Measured on {', '.join(where)}." if where else "On which images this was measured is not recorded."
    return f"## Results\n\n{table(('Metric', 'Value'), rows)}\n\n{measured}"


def _per_class(config: Mapping[str, Any], run: CheckpointMetadata) -> str:
    """Precision, recall, F1 and count of the classes, those with the lowest F1 first."""
    recorded = run.per_class or {}
    found, names = recorded.get("rows"), config.get("label_names")
    named: Sequence[object] = names if isinstance(names, list | tuple) else ()
    rows = []
    for row in map(mapping, found if isinstance(found, list | tuple) else ()):
        index, figures = row.get("index"), [row.get(key) for key in ("precision", "recall", "f1")]
        if isinstance(index, int) and index >= 0 and all(map(is_number, figures)):
            name = named[index] if index < len(named) else f"class {index}"
            shares = (f"{figure:.3f}" for figure in figures)
            rows.append((name, *shares, row.get("images", row.get("pictures", ""))))
    shown = table(("Class", "Precision", "Recall", "F1", "Images"), rows[:MAX_RESULT_CLASSES])
    if not shown:
        return ""
    measured, classes = recorded.get("measured"), config.get("num_classes")
    notes = ["Classes with the lowest F1 come first."]
    if isinstance(measured, int) and measured > min(len(rows), MAX_RESULT_CLASSES):
        notes.append(f"These are {min(len(rows), MAX_RESULT_CLASSES)} of {measured}; the others did better.")
    if isinstance(measured, int) and isinstance(classes, int) and classes > measured:
        notes.append(f"{classes - measured} of the {classes} classes had no image to be measured on.")
    return f"## Results by class\n\n{shown}\n\n{' '.join(notes)}"


def _classes(config: Mapping[str, Any]) -> str:
    names = config.get("label_names") or ()
    if not isinstance(names, list | tuple) or not names:
        return ""
    listed = "\n".join(f"- {text(name)}" for name in names[:MAX_CLASSES])
    rest = (
        f"\n\nand {len(names) - MAX_CLASSES} more: see `label_names` in config.json."
        if len(names) > MAX_CLASSES
        else ""
    )
    word = "numbers" if task(config) == "regression" else "classes"
    return f"## Classes\n\n{len(names)} {word}, in the order of the outputs:\n\n{listed}{rest}"


def _training_rows(run: CheckpointMetadata) -> list[tuple[object, object]]:
    rows: list[tuple[object, object]] = list(_flat(run.recipe or {}))
    if run.left_out:
        rows.append(("left out of the dataset, or corrected", f"{run.left_out} (see results.json)"))
    if run.hardware:
        rows.append(("hardware", place(run.hardware)))
    if run.seconds is not None and is_number(run.seconds):
        rows.append(("time", f"{run.seconds / 60:.1f} minutes"))
    return rows


def _flat(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, object]]:
    """Each setting with a dotted name; those that name a secret, and those left unset, are passed over."""
    for name, value in settings.items():
        if value is None or _SECRET_NAME.search(str(name)):
            continue
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{name}.")
        else:
            listed = ", ".join(map(place, value)) if isinstance(value, list | tuple) else place(value)
            yield f"{above}{name}", line(listed)


def _limits(config: Mapping[str, Any], run: CheckpointMetadata) -> str:
    classes = text(config.get("num_classes", "known"))
    limits = {
        "single_label": [
            f"It names one of its {classes} classes for every image, also for one that shows none of them.",
            "A score is the network's own confidence; on images unlike those it learned from it says little.",
        ],
        "multi_label": [
            "Each score stands by itself, from 0 to 1; from which score on a class counts is for you to choose.",
            "It knows its own classes only; on images unlike those it learned from a score says little.",
        ],
        "regression": [
            "It gives its numbers for every image, also for one where they make no sense, and does not say how sure"
            " it is."
        ],
    }[task(config)]
    if not numbers(run):
        limits.append("No results were recorded: measure it on your own images before you rely on it.")
    elif is_number(run.num_images):
        limits.append(f"It was measured on {text(run.num_images)} images from where it learned; yours may differ.")
    license = recorded_license(config)
    if license is None:
        limits.append("No license was recorded: ask those who made the weights and the images before you use it.")
    elif is_non_commercial(license):
        limits.append(f"The weights come under {text(license)}: no commercial use.")
    return "## Limits\n\n" + "\n".join(f"- {limit}" for limit in limits)

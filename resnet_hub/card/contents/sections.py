"""config.json -> README.md: the model card of a checkpoint, from what the run recorded and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from resnet_hub.card.contents.forms import other_forms
from resnet_hub.card.contents.results import confused, per_class, results
from resnet_hub.card.contents.usage import task, usage
from resnet_hub.card.license import recorded_license
from resnet_hub.card.markdown import folded, line, place, table, text
from resnet_hub.card.metadata import card_metadata, is_number, model_name, numbers, run_metadata
from resnet_hub.card.parse import CardText, marked
from resnet_hub.checkpoint import Form
from resnet_hub.metadata import CheckpointMetadata
from resnet_hub.registry import is_non_commercial

MAX_CLASSES = 100
"""Class names that are listed; the rest stands in config.json."""
SHOWN_NAMES = 6
"""Class names that the first sentence has."""
IMAGES = {
    "curves.png": "Loss and accuracy over the epochs",
    "confusion.png": "Which classes are taken for which",
}
SAMPLES_FILE = "samples.png"
"""Images that a run was measured on, with its answers, where its owner allowed that they are shown."""
OUTPUTS = {
    "single_label": "one of {} classes for an image",
    "multi_label": "any of {} classes for an image, several at once or none",
    "regression": "{} numbers for an image",
}
"""Task -> what the network predicts."""
_SAMPLES = "Images that it was measured on and not trained on, with what it answers"
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
    forms: Sequence[Form] = (),
) -> str:
    """README.md for the checkpoint that `config` (all of config.json) describes; what it does not say is left out.

    Every section stands between marks of its own, empty ones too, so that `card_text` finds them again.

    Args:
        config: Reads `architecture`, `num_classes`, `label_names`, `problem_type`, `model_args`, `pretrained_cfg`, and
            under `resnet_hub` what the run recorded: `base_model`, `license`, `dataset`, `dataset_revision`, `split`,
            `num_images`, `metrics` (name -> number), `intervals`, `per_class`, `recipe`,
            `changed`, `versions`, `seconds`, `hardware`.
        repo_id: "owner/name" it will have on the Hub; a placeholder stands in the examples where absent.
        timm_compatible: Whether timm loads it too, which makes it a timm model for the Hub's widget and counter.
        images: Which of `IMAGES` and `SAMPLES_FILE` lie beside it.
        forms: Files for other runtimes that lie beside it.
    """
    run, beside = run_metadata(config), set(images)
    pictures = "\n\n".join(f"![{told}]({name})" for name, told in IMAGES.items() if name in beside)
    sections = {
        "summary": f"{_NOTE}\n\n# {text(model_name(config, repo_id))}\n\n{_summary(config, run)}",
        "samples": f"![{_SAMPLES}]({SAMPLES_FILE})" if SAMPLES_FILE in beside else "",
        "results": results(run),
        "confused": confused(config, run),
        "limits": _limits(config, run),
        "usage": usage(config, repo_id, timm=timm_compatible),
        "forms": other_forms(forms, repo_id),
        "pictures": pictures,
        "per-class": folded("Results by class", per_class(config, run)),
        "classes": folded("Classes", _classes(config)),
        "training": _training(run),
        "versions": folded("Versions", table(("Package", "Version"), (run.versions or {}).items())),
    }
    body = "\n\n".join(marked(name, content) for name, content in sections.items())
    metadata = card_metadata(config, repo_id=repo_id, timm_compatible=timm_compatible)
    return str(CardText(metadata, f"\n{body}\n"))


def _summary(config: Mapping[str, Any], run: CheckpointMetadata) -> str:
    kind = "An image regressor" if task(config) == "regression" else "An image classifier"
    sentence = f"{kind}: the residual network {text(config.get('architecture', 'of unknown name'))}"
    if run.base_model:
        sentence += f", fine-tuned from {text(place(run.base_model))}"
    if run.dataset:
        sentence += f" on {text(place(run.dataset))}"
    answer = OUTPUTS[task(config)].format(text(config.get("num_classes", "some")))
    names, named = config.get("label_names"), ""
    if isinstance(names, list | tuple) and names and task(config) != "regression":
        more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
        named = f" It knows {', '.join(map(text, names[:SHOWN_NAMES]))}{more}."
    terms = recorded_license(config)
    told = f" License: {text(terms)}." if terms else ""
    return f"{sentence}. It answers with {answer}.{named}{told} Made with resnet_hub."


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
    return f"{len(names)} {word}, in the order of the outputs:\n\n{listed}{rest}"


def _training(run: CheckpointMetadata) -> str:
    """What was chosen otherwise than by default, and folded below it every setting."""
    rows = list(_flat(run.recipe or {}))
    chosen = [row for row in rows if run.changed is None or row[0].partition(".")[0] in run.changed]
    facts: list[tuple[object, object]] = []
    if run.left_out:
        facts.append(("left out of the dataset, or corrected", f"{run.left_out} (see results.json)"))
    if run.hardware:
        facts.append(("hardware", place(run.hardware)))
    if run.seconds is not None and is_number(run.seconds):
        facts.append(("time", f"{run.seconds / 60:.1f} minutes"))
    shown = table(("Setting", "Value"), [*chosen, *facts])
    if not shown:
        return ""
    rest = [row for row in rows if row not in chosen]
    usual = folded("Settings left at their defaults", table(("Setting", "Value"), rest))
    return "\n\n".join(filter(None, (f"## How it was trained\n\n{shown}", usual)))


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
    return "## What it is not for\n\n" + "\n".join(f"- {limit}" for limit in limits)

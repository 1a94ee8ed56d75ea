"""config.json -> README.md: the model card of a checkpoint, from what the run recorded and nothing else.

Names of classes, data sets and files come from strangers; here they become text that no reader takes for markup.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

MAX_TEXT = 200
"""Characters of one foreign name."""
SCANNED = 10 * MAX_TEXT
"""Characters of it that are looked at: a config may hold megabytes."""
MAX_CLASSES = 100
"""Class names that are listed; the rest stands in config.json."""
PICTURES = {
    "curves.png": "Loss and accuracy over the epochs",
    "confusion.png": "Which classes are taken for which",
}
METRICS = {
    "top1": ("accuracy", "Top-1 accuracy"),
    "top5": ("accuracy_top5", "Top-5 accuracy"),
    "loss": ("loss", "Loss"),
    "macro_f1": ("f1", "Macro F1"),
    "balanced_accuracy": ("balanced_accuracy", "Balanced accuracy"),
    "ece": ("ece", "Calibration error"),
}
"""Our name of a metric -> the Hub's identifier and a heading."""
# The Hub refuses a card whose `license` is none of these. Source: huggingface.co/docs/hub/repositories-licenses.
LICENSES = (
    "apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0 bigcode-openrail-m"
    " afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc cc0-1.0 cc-by-2.0"
    " cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0"
    " cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0"
    " cdla-permissive-1.0 cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 eupl-1.1 eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0"
    " gpl-3.0 lgpl lgpl-2.1 lgpl-3.0 isc ms-pl mpl-2.0 odc-by odbl osl-3.0 postgresql ofl-1.1 ncsa unlicense zlib pddl"
    " unknown other"
)

_REPO_ID = r"\w(?:[\w.-]{0,94}\w)?/\w(?:[\w.-]{0,94}\w)?"
_MODEL = re.compile(rf"(?:hf[-_]hub:)?({_REPO_ID})(?:@.+)?", re.ASCII)
_TAG = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+")
_DATASET = re.compile(rf"({_REPO_ID})(?::([\w.-]+))?(?:@([\w./-]+))?", re.ASCII)
# The folders of an absolute path, which say whose machine it was; "owner/name" and addresses of web pages have none.
_FOLDERS = re.compile(r"(?<![\w.:/\\])(?:file:|[A-Za-z]:)?(?:~[\w-]*)?[/\\](?:[^/\\]*[/\\])*")
_SECRET_NAME = re.compile(r"token$|secret|password|api_?key|credential", re.IGNORECASE)
_SECRET_VALUE = re.compile(r"\bhf_[A-Za-z0-9]{8,}")
# Characters that turn the reading direction of what follows.
_DIRECTION = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Punctuation but for , ' and / and but for . _ - before a letter or digit, as in "3.5", "low-light" and "a1_in1k".
_MARKUP = re.compile(r"[!-&(-+:-@\[-^`{-~]|[._-](?![^\W_])|(?<=\bwww)\.", re.IGNORECASE)


def model_card(
    config: Mapping[str, Any],
    *,
    repo_id: str | None = None,
    timm_compatible: bool = False,
    pictures: Iterable[str] = (),
) -> str:
    """README.md for the checkpoint that `config` (all of config.json) describes; what it does not say is left out.

    Args:
        config: Reads `architecture`, `num_classes`, `label_names`, and under `resnet_hub` what the run recorded:
            `base_model`, `license`, `dataset`, `dataset_revision`, `split`, `num_images`, `metrics` (name -> number),
            `recipe`, `versions`, `seconds`, `hardware`.
        repo_id: "owner/name" it will have on the Hub; a placeholder stands in the examples where absent.
        timm_compatible: Whether timm loads it too, which makes it a timm model for the Hub's widget and counter.
        pictures: Which of `PICTURES` lie beside it.
    """
    run = _mapping(config.get("resnet_hub"))
    model_name = repo_id.rpartition("/")[2] if repo_id else _line(config.get("architecture") or "residual network")
    beside = set(pictures)
    sections = [
        f"# {text(model_name)}",
        _summary(config, run),
        _usage(repo_id or "owner/name", timm_compatible),
        _results(run),
        *(f"![{caption}]({name})" for name, caption in PICTURES.items() if name in beside),
        _classes(config),
        _table("How it was trained", ("Setting", "Value"), _training_rows(run)),
        _table("Versions", ("Package", "Version"), _mapping(run.get("versions")).items()),
        _limits(config, run),
    ]
    body = "\n\n".join(section for section in sections if section)
    return f"---\n{_metadata(config, run, model_name, timm_compatible).to_yaml()}\n---\n\n{body}\n"


def text(value: object) -> str:
    """`value` as one line of plain text in which nothing acts as Markdown or HTML.

    Source: CommonMark 0.31, section 2.5: a character written as an entity never marks structure.
    """
    return _MARKUP.sub(lambda mark: f"&#{ord(mark[0])};", _line(value))


def _line(value: object) -> str:
    """`value` on one line of at most `MAX_TEXT` characters, without control characters and tokens."""
    letters = (" " if unicodedata.category(letter) in ("Cc", "Zl", "Zp") else letter for letter in str(value)[:SCANNED])
    visible = _DIRECTION.sub("", "".join(letters)).encode(errors="replace").decode()
    line = " ".join(_SECRET_VALUE.sub("(hidden)", visible).split())
    return line if len(line) <= MAX_TEXT else line[: MAX_TEXT - 1] + "…"


def _place(value: object) -> str:
    """A data set, a model or a setting on one line; of an absolute path only the last name."""
    return _line(_FOLDERS.sub("", str(value)[:SCANNED].rstrip("/\\")))


def _metadata(config: Mapping[str, Any], run: Mapping[str, Any], model_name: str, timm: bool) -> ModelCardData:
    """The YAML above the text: only ids and licences that the Hub accepts, and no licence that nobody gave."""
    licence = _licence(config, run)
    known = licence.lower() in LICENSES.split()
    results = _eval_results(run)
    dataset = _DATASET.fullmatch(_place(run.get("dataset", "")))
    architecture = str(config.get("architecture", ""))
    return ModelCardData(
        library_name="timm" if timm else "resnet_hub",
        pipeline_tag="image-classification",
        tags=["image-classification", "resnet_hub", *([architecture] if re.fullmatch(r"\w+", architecture) else [])],
        license=licence.lower() if known else "other" if licence else None,
        license_name=None if known else re.sub(r"[^a-z0-9.]+", "-", licence.lower()).strip("-.") or None,
        base_model=_base_model(run),
        datasets=[dataset[1]] if dataset else None,
        metrics=sorted({result.metric_type for result in results}) or None,
        eval_results=results or None,
        model_name=model_name if results else None,
    )


def _eval_results(run: Mapping[str, Any]) -> list[EvalResult]:
    """The `model-index` entries; none where the data set they were measured on is not recorded."""
    name = _place(run.get("dataset") or "")
    dataset = _DATASET.fullmatch(name)
    if not name:
        return []
    return [
        EvalResult(
            task_type="image-classification",
            dataset_type=dataset[1] if dataset else name,
            dataset_name=dataset[1] if dataset else name,
            dataset_config=dataset[2] if dataset else None,
            dataset_revision=_optional(run.get("dataset_revision")) or (dataset[3] if dataset else None),
            dataset_split=_optional(run.get("split")),
            metric_type=METRICS.get(metric, (_line(metric), ""))[0],
            metric_name=METRICS.get(metric, ("", _line(metric)))[1],
            metric_value=round(value, 6),
        )
        for metric, value in _numbers(run).items()
    ]


def _summary(config: Mapping[str, Any], run: Mapping[str, Any]) -> str:
    sentence = f"An image classifier: the residual network {text(config.get('architecture', 'of unknown name'))}"
    if run.get("base_model"):
        sentence += f", fine-tuned from {text(_place(run['base_model']))}"
    if run.get("dataset"):
        sentence += f" on {text(_place(run['dataset']))}"
    return f"{sentence}. Made with resnet_hub."


def _usage(repo_id: str, timm: bool) -> str:
    source = repo_id if _MODEL.fullmatch(repo_id) else "owner/name"
    ours = f"""## How to use it

```python
from resnet_hub import ImageClassifier

classifier = ImageClassifier.from_pretrained("{source}")
for prediction in classifier("picture.jpg", top_k=3):
    print(prediction.label, prediction.score)
```"""
    theirs = f"""In timm:

```python
import timm

model = timm.create_model("hf-hub:{source}", pretrained=True).eval()
```"""
    return f"{ours}\n\n{theirs}" if timm else ours


def _results(run: Mapping[str, Any]) -> str:
    rows = [(METRICS.get(metric, ("", metric))[1], round(value, 4)) for metric, value in _numbers(run).items()]
    place = [text(_place(run["dataset"]))] if run.get("dataset") else []
    place += [f"split {text(run['split'])}"] if run.get("split") else []
    place += [f"{text(run['num_images'])} pictures"] if run.get("num_images") else []
    measured = f"Measured on {', '.join(place)}." if place else "On which pictures this was measured is not recorded."
    table = _table("Results", ("Metric", "Value"), rows)
    return f"{table}\n\n{measured}" if table else ""


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
    return f"## Classes\n\n{len(names)} classes, in the order of the outputs:\n\n{listed}{rest}"


def _training_rows(run: Mapping[str, Any]) -> list[tuple[object, object]]:
    rows: list[tuple[object, object]] = list(_flat(_mapping(run.get("recipe"))))
    if run.get("hardware"):
        rows.append(("hardware", _place(run["hardware"])))
    if isinstance(run.get("seconds"), int | float) and math.isfinite(run["seconds"]):
        rows.append(("time", f"{run['seconds'] / 60:.1f} minutes"))
    return rows


def _flat(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, object]]:
    """Each setting with a dotted name; those that name a secret, and those left unset, are passed over."""
    for name, value in settings.items():
        if value is None or _SECRET_NAME.search(str(name)):
            continue
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{name}.")
        else:
            listed = ", ".join(map(_place, value)) if isinstance(value, list | tuple) else _place(value)
            yield f"{above}{name}", listed


def _table(heading: str, columns: tuple[str, str], rows: Iterable[tuple[object, object]]) -> str:
    """A Markdown table under a heading; nothing where there are no rows."""
    lines = [f"| {text(name)} | {text(value)} |" for name, value in rows]
    head = f"## {heading}\n\n| {columns[0]} | {columns[1]} |\n|---|---|\n"
    return head + "\n".join(lines) if lines else ""


def _limits(config: Mapping[str, Any], run: Mapping[str, Any]) -> str:
    classes = text(config.get("num_classes", "known"))
    limits = [
        f"- It names one of its {classes} classes for every picture, also for one that shows none of them.",
        "- A score is the network's own confidence; on pictures unlike those it learned from it says little.",
    ]
    if not _numbers(run):
        limits.append("- No results were recorded: measure it on your own pictures before you rely on it.")
    if not _licence(config, run):
        limits.append("- No licence was recorded: ask those who made the weights and the pictures before you use it.")
    return "## Limits\n\n" + "\n".join(limits)


def _licence(config: Mapping[str, Any], run: Mapping[str, Any]) -> str:
    """What the run recorded, else what came with the weights it started from; empty where neither says."""
    return _line(run.get("license") or _mapping(config.get("pretrained_cfg")).get("license") or "")


def _base_model(run: Mapping[str, Any]) -> str | None:
    """The Hub id of the weights that training started from; nothing for a folder, which the Hub cannot link."""
    source = str(run.get("base_model") or "")
    if _TAG.fullmatch(source):
        return f"timm/{source}"
    match = _MODEL.fullmatch(source)
    return match[1] if match else None


def _numbers(run: Mapping[str, Any]) -> dict[str, float]:
    """The metrics that are finite numbers."""
    return {
        str(name): value
        for name, value in _mapping(run.get("metrics")).items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _optional(value: object) -> str | None:
    return _line(value) if value else None

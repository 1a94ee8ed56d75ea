"""What a card tells of a network's forms for other runtimes: their sizes, how they were found to answer, their use."""

from __future__ import annotations

from collections.abc import Sequence

from resnet_hub.card.markdown import table
from resnet_hub.card.metadata import is_number, repo_id_in
from resnet_hub.checkpoint import Form

HEADINGS = ("File", "MB", "Same answer", "Logits apart, of the largest", "An image", "The same in PyTorch")


def other_forms(forms: Sequence[Form], repo_id: str | None) -> str:
    """The section; empty where there are none."""
    if not forms:
        return ""
    source = (repo_id_in(repo_id) if repo_id else None) or "owner/name"
    rows = [(form.name, *_figures(form)) for form in forms]
    uses = "\n".join(f"- {_use(form, source)}" for form in forms)
    return f"""## In other runtimes

{table(HEADINGS, rows)}

Each file was compared with the network before it was kept; its proof lies beside it as `FILE.proof.json`.

{uses}"""


def _figures(form: Form) -> tuple[str, ...]:
    """What the proof says, with nothing invented where it says nothing."""
    proof = form.proof

    def shown(name: str, pattern: str) -> str:
        return pattern.format(proof[name]) if is_number(proof.get(name)) else ""

    same = shown("agreement", "{:.1f} %") and f"{shown('agreement', '{:.1f} %')} of {shown('images', '{}')} images"
    return (
        shown("megabytes", "{:.1f}"),
        same,
        shown("largest_relative", "{:.1e}"),
        shown("milliseconds", "{:.1f} ms"),
        shown("network_milliseconds", "{:.1f} ms"),
    )


def _use(form: Form, source: str) -> str:
    """One line on how a form is used."""
    fetched = f'hf_hub_download("{source}", "{form.name}")'
    if form.name.endswith(".xml"):
        return f"`{form.name}` with its `.bin`: `openvino.Core().compile_model(PATH)`, or ImageClassifier"
    if "image_model" in form.name:
        fed = "`image`, uint8 (H, W, C) of any size, gives `scores`"
        return f"`{form.name}`: {fed}: `onnxruntime.InferenceSession({fetched})`"
    return f"`{form.name}`: `ImageClassifier.from_pretrained({fetched})`, or `pixel_values` -> `logits` in onnxruntime"

"""The tab that shows what several networks say of one image, side by side; and /compare."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator, Sequence
from typing import Any, TypedDict

import gradio as gr

from resnet_hub.demo.fields import (
    AT_ONCE,
    SMALL,
    data_uri,
    endpoint,
    map_words,
    offered,
    photo_field,
    refusal,
    score_bars,
    shown_at_first,
)
from resnet_hub.demo.overrides import describe_in_api, on_last
from resnet_hub.demo.serving import Inference, checked_top_k
from resnet_hub.demo.tabs.answer_details import USUAL_CLASSES
from resnet_hub.demo.tabs.classify import Milliseconds, Ranked, milliseconds, ranked
from resnet_hub.demo.tabs.comparison import LEAST, MOST, Compared, agreement, checked_names, compared, do_agree
from resnet_hub.demo.tabs.page_tab import BuiltTab, LinkValue, Opened, TabContext
from resnet_hub.demo.text import PageError, distinct_labels, label, language_of, rounded, say, sentence_of, verdict
from resnet_hub.explain import overlay

COMPARISONS = "comparisons"
"""The queue of images that several networks are asked about."""
# In the browser: a new image makes a comparison wrong. One in view is made again, one out of view is cleared away. Null
# says that there is none to clear: the answer may come after that to a press of the button meanwhile.
SHOWN = """(photo, names, maps) => {
const shown = document.querySelector('#comparison .network');
return [photo, shown && (shown.offsetParent && names || []), maps]; }"""
# What is refused above the tabs takes away the comparison of another image than is in the field.
TAKE_AWAY = """(refused, photo, shown) => {
const of = document.querySelector('#comparison [data-image]')?.dataset.image;
return refused && of !== undefined && of !== (photo?.path ?? '') ? '' : shown; }"""


class ComparedModel(TypedDict):
    """What one of the networks says; where it could not, `problem` says why and the rest is empty."""

    name: str
    sentence: str
    predictions: list[Ranked]
    parameters: int | None
    milliseconds: Milliseconds | None
    problem: str | None


class CompareAnswer(TypedDict):
    """What /compare says of an image."""

    sentence: str
    agree: bool | None
    models: list[ComparedModel]


def compare_tab(context: TabContext) -> BuiltTab:
    """Fills the current container; compares at a press of its button, and again when the image changes in view."""
    inputs, inference = context.inputs, context.inference
    pool = inference.pool
    networks = gr.Dropdown(
        offered(pool),
        value=list(dict.fromkeys([pool.default, *pool.folders]))[:LEAST],
        label=label("compare.networks"),
        info=label("compare.networks_info"),
        multiselect=True,
        max_choices=MOST,
        num_choices_shown=shown_at_first(pool),
        allow_custom_value=True,
        elem_id="compared",
    )
    maps = gr.Checkbox(False, label=label("compare.maps"), elem_id="compare-maps", container=False)
    button = gr.Button(label("compare.compare"), variant="primary", elem_id="compare")
    shown = gr.HTML(label("compare.hint"), elem_id="comparison", elem_classes="plain")

    async def show(
        photo: dict[str, Any] | None, names: object, with_maps: bool, request: gr.Request
    ) -> AsyncIterator[str]:
        language = language_of(request)
        try:
            image = inference.uploaded(photo)
            if image is None or not names:
                yield _sentence(say("compare.hint", language))
                return
            chosen = checked_names(names)
            path = str((photo or {}).get("path"))
            yield comparison([Compared(name) for name in chosen], language, path)
            async for columns in compared(inference, image, chosen, USUAL_CLASSES, bool(with_maps)):
                yield comparison(columns, language, path)
        except Exception as error:
            yield refusal(sentence_of(error, language))

    async def show_again(
        photo: dict[str, Any] | None, names: object, with_maps: bool, request: gr.Request
    ) -> AsyncIterator[Any]:
        if names is None:
            yield gr.skip()
            return
        async for columns in show(photo, names, with_maps, request):
            yield columns

    event: dict[str, Any] = {
        "inputs": [inputs.photo, networks, maps],
        "outputs": shown,
        "preprocess": False,
        "concurrency_limit": AT_ONCE,
        "concurrency_id": COMPARISONS,
        "show_progress": "minimal",
        "api_visibility": "private",
    }
    on_last([button.click], show, **event)
    on_last([inputs.arrival.click], show_again, **event, js=SHOWN)
    refused: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    context.refused.change(None, [context.refused, inputs.photo, shown], shown, js=TAKE_AWAY, **refused)
    return BuiltTab([_networks_in_link(networks)], told=[shown])


def _networks_in_link(networks: gr.Dropdown) -> LinkValue:
    """The networks that are compared, with commas between."""

    def read(text: str, opened: Opened) -> str:
        return ",".join(opened.inference.pool.name_of(name) for name in checked_names(text.split(",")))

    return LinkValue(
        "compare",
        networks,
        lambda names: ",".join(names or ()) or None,
        read,
        lambda text, _opened: [text.split(",")],
        [networks],
    )


def comparison(columns: Sequence[Compared], language: str, path: str) -> str:
    """HTML: a sentence on whether they agree, once all have answered, above a column for each network.

    It bears the path of the image that it is of.
    """
    done = not any(column.is_pending for column in columns)
    sentence = _sentence(agreement(columns, language)) if done else ""
    sections = "".join(_column(column, language) for column in columns)
    return f"{sentence}<div class='networks' data-image='{html.escape(path)}'>{sections}</div>"


def _sentence(words: str) -> str:
    return f"<p class='agreement' role='status'>{html.escape(words)}</p>"


def _column(column: Compared, language: str) -> str:
    """HTML: all that one network said. Names of networks and of classes are untrusted text."""
    name = html.escape(column.name)
    parts = [f"<h3>{name}</h3>"]
    if column.is_pending:
        parts.append(f"<p class='quiet'>{html.escape(say('compare.waiting', language, name=column.name))}</p>")
    if column.answer is not None:
        predictions = column.answer.predictions_in(language)
        parts += [
            f"<p>{html.escape(verdict(predictions, language))}</p>",
            score_bars(distinct_labels(predictions, language), language),
        ]
        parts += [_map(column, language), _facts(column, language)]
    if column.problem is not None:
        parts.append(refusal(sentence_of(column.problem, language)))
    return f"<section class='network' aria-label='{name}'>{''.join(parts)}</section>"


def _map(column: Compared, language: str) -> str:
    """HTML: where the evidence for the best class is, over what this network saw."""
    if column.found is None:
        return ""
    seen = column.answered.classification.seen
    squares = "class='squares' " if seen.height < SMALL else ""
    alt = html.escape(map_words(column.answered.map_in(column.found, language), language))
    return f"<img {squares}alt='{alt}' src='{data_uri(overlay(seen, column.found))}'>"


def _facts(column: Compared, language: str) -> str:
    """HTML: how large the network and its input are, and how long it took."""
    answer = column.answered
    _, height, width = answer.model.classifier.preprocessing.input_size
    facts = {
        "parameters": rounded(_parameters(column), language),
        "input": say("compare.input_value", language, width=width, height=height),
        "time": say("compare.time_value", language, milliseconds=f"{answer.classification.timings.network_ms:.1f}"),
    }
    rows = "".join(f"<dt>{say(f'compare.{name}', language)}</dt><dd>{value}</dd>" for name, value in facts.items())
    return f"<dl class='facts quiet'>{rows}</dl>"


def _parameters(column: Compared) -> int:
    return sum(parameter.numel() for parameter in column.answered.model.classifier.model.parameters())


def compare_endpoint(inference: Inference) -> None:
    """Adds /compare."""

    async def compare(image: dict[str, Any] | None, models: list[str], top_k: float = USUAL_CLASSES) -> CompareAnswer:
        """What two to four networks say of one image, and whether they agree.

        Args:
            image: The image: PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF or HEIC.
            models: Two to four residual networks, each owner/name on the Hub or a published name such as
                resnet50.a1_in1k.
            top_k: How many classes of each network to return, 1 to 20.

        Returns:
            A sentence; whether all that answered name the same best class, null where fewer than two answered; for each
            network its name, a sentence, its best classes with their scores from 0 to 1, how many parameters it has and
            the milliseconds that it took, or the problem that kept it from answering.
        """
        most = checked_top_k(top_k)
        names = checked_names(models)
        photo = inference.uploaded(image)
        if photo is None:
            raise PageError("tabs.no_image")
        columns = [found async for found in compared(inference, photo, names, most)][-1]
        return {
            "sentence": agreement(columns, "en"),
            "agree": do_agree(columns),
            "models": [_as_json(column) for column in columns],
        }

    models = gr.JSON(label="models", visible=False)
    names = {"type": "array", "items": {"type": "string"}, "minItems": LEAST, "maxItems": MOST}
    describe_in_api(models, names, ["resnet18.a1_in1k", "resnet50.a1_in1k"])
    inputs = [
        photo_field(inference.fetch, label="image", visible=False),
        models,
        gr.Number(USUAL_CLASSES, label="top_k", visible=False),
    ]
    endpoint(compare, "compare", inputs)


def _as_json(column: Compared) -> ComparedModel:
    if column.answer is None:
        nothing: ComparedModel = {
            "name": column.name,
            "sentence": "",
            "predictions": [],
            "parameters": None,
            "milliseconds": None,
            "problem": None if column.problem is None else sentence_of(column.problem),
        }
        return nothing
    classification = column.answer.classification
    return {
        "name": column.name,
        "sentence": verdict(classification.predictions),
        "predictions": ranked(classification.predictions),
        "parameters": _parameters(column),
        "milliseconds": milliseconds(classification.timings),
        "problem": None,
    }

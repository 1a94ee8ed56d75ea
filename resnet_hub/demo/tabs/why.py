"""The tab that says why: where the evidence is, what the stages see, what each block adds; and /explain."""

from __future__ import annotations

import html
import json
import threading
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, TypedDict

import gradio as gr

from resnet_hub.checks import nearest
from resnet_hub.demo.fields import (
    AT_ONCE,
    block_table,
    data_uri,
    endpoint,
    map_figure,
    map_words,
    photo_field,
    refusal,
    score_words,
    sheet_figures,
)
from resnet_hub.demo.serving import MOST_CLASSES, Answer, Inference
from resnet_hub.demo.tabs.page_tab import BuiltTab, LinkValue, Opened, TabContext, whole_number
from resnet_hub.demo.text import PageError, distinct_labels, label, language_of, say, sentence_of
from resnet_hub.errors import ConfigError
from resnet_hub.explain import HeatMap, block_effects, evidence_place, feature_maps, heat_map, overlay

EXPLANATIONS = "explanations"
"""The queue of answers to be explained."""
USUAL_METHOD = "hires-cam"
METHODS = (USUAL_METHOD, "grad-cam", "occlusion")
OPACITY = 60
"""Percent of color over the image at first."""
# Both run in the browser. A tab that nobody looks at asks for nothing; another image has another best class.
# Whether a visitor looks at the tab; a moment later, for one that was just opened is drawn after it is said to be.
LOOKED_AT = """async (photo, network, chosen, method, open, known) => {
await new Promise(done => setTimeout(done, 50));
return [photo, network, chosen, method, Boolean(document.querySelector('#why-method')?.offsetParent), known]}"""
FADE = "opacity => document.querySelector('#why-map')?.style.setProperty('--opacity', opacity / 100)"


class ExplainAnswer(TypedDict):
    """What /explain says of an image and a class."""

    sentence: str
    label: str
    index: int
    score: float
    method: str
    place: str
    largest_drop: float | None
    model: str
    map: str
    overlay: str


def why_tab(context: TabContext) -> BuiltTab:
    """Fills the current container; explains while a visitor looks, and whenever something changes."""
    inputs, inference = context.inputs, context.inference
    chosen = gr.Dropdown([], label=label("why.class"), info=label("why.class_info"), elem_id="why-class")
    method = gr.Radio(
        list(zip(("HiResCAM", "Grad-CAM", label("why.occlusion")), METHODS, strict=True)),
        value=USUAL_METHOD,
        label=label("why.method"),
        info=label("why.method_info"),
        elem_id="why-method",
    )
    sentence = gr.HTML(label("why.hint"), elem_id="why-sentence", elem_classes="plain")
    figure = gr.HTML(elem_id="why-map", elem_classes="plain")
    opacity = gr.Slider(0, 100, OPACITY, step=1, label=label("why.opacity"), elem_id="why-opacity", visible=False)
    with gr.Accordion(label("why.stages"), open=False):
        gr.HTML(label("why.stages_text"), elem_classes="plain quiet")
        stages = gr.HTML(elem_id="why-stages", elem_classes="plain")
    with gr.Accordion(label("why.blocks"), open=False):
        gr.HTML(label("why.blocks_text"), elem_classes="plain quiet")
        blocks = gr.HTML(elem_id="why-blocks", elem_classes="plain")
    gr.HTML(label("why.caution"), elem_classes="plain quiet")
    opened = gr.Checkbox(True, visible=False)
    # No gr.State: for its sake gradio would hold a connection to each visitor.
    known = gr.Textbox("", visible="hidden")

    async def show(
        photo: dict[str, Any] | None,
        network: str,
        index: int | None,
        how: str,
        is_open: bool,
        before: str,
        request: gr.Request,
    ) -> AsyncIterator[tuple[Any, ...]]:
        language = language_of(request)
        if photo is None or not is_open:
            waits = bool(before) and json.loads(before)[0] is None  # a class of a link, for the image to come
            rest = (gr.skip() if waits else _no_choice(), gr.Slider(visible=False), "", "", before if waits else "")
            yield _paragraph(say("why.hint", language)), "", *rest
            return
        if not _is_of(before, photo, network):
            index = None  # another image or network has best classes of its own
        elif json.loads(before)[:4] == [photo.get("path"), network, index, how]:
            yield tuple(gr.skip() for _ in range(7))
            return
        try:
            async for part in _shown(inference, photo, network, index, how, language):
                yield part
        except Exception as error:
            yield refusal(sentence_of(error, language)), "", gr.skip(), gr.Slider(visible=False), "", "", ""

    # One event for all, so that an older explanation never comes after a newer one.
    gr.on(
        [inputs.photo.change, inputs.network.change, context.tab.select, chosen.input, method.input],
        show,
        [inputs.photo, inputs.network, chosen, method, opened, known],
        [sentence, figure, chosen, opacity, stages, blocks, known],
        preprocess=False,
        js=LOOKED_AT,
        trigger_mode="always_last",
        concurrency_limit=AT_ONCE,
        concurrency_id=EXPLANATIONS,
        show_progress_on=[figure],
        api_visibility="private",
    )
    opacity.input(None, opacity, None, js=FADE, api_visibility="private")
    return BuiltTab(_in_link(method, chosen, known))


def _in_link(method: gr.Radio, chosen: gr.Dropdown, known: gr.Textbox) -> list[LinkValue]:
    """The method, and the class where a visitor chose it: by the key of the explanation that is shown."""

    def say_class(key: str) -> str | None:
        index = class_in_link(key)
        return None if index is None else str(index)

    def read_class(text: str, opened: Opened) -> str | None:
        index = whole_number(text)
        return None if index is None or index >= opened.model.classifier.model.num_classes else str(index)

    def fill_class(text: str, opened: Opened) -> tuple[gr.Dropdown, str]:
        name = opened.model.classifier.label_names[int(text)]
        return gr.Dropdown([(name, int(text))], value=int(text)), key_of_link(opened.network, int(text))

    return [
        LinkValue(
            "method",
            method,
            lambda name: name,
            lambda text, _opened: text if text in METHODS else None,
            lambda text, _opened: [text],
            [method],
        ),
        LinkValue("class", known, say_class, read_class, fill_class, [chosen, known]),
    ]


async def _shown(
    inference: Inference, photo: dict[str, Any], network: str, index: int | None, method: str, language: str
) -> AsyncIterator[tuple[Any, ...]]:
    """What the fields show, part by part: the map first, then the stages, then the blocks."""
    answer = await inference.classify(inference.uploaded(photo) or b"", network, MOST_CLASSES)
    predictions = answer.classification.predictions
    best = predictions[0].index
    index = best if index is None else index
    found = await _heat_map(inference, answer, index, method)
    names = zip(distinct_labels(predictions, language), predictions, strict=True)
    choices = [(name, prediction.index) for name, prediction in names]
    if all(index != other for _, other in choices):  # a link may ask for a class that is far from the best
        choices.append((found.label, index))
    choice = gr.Dropdown(choices, value=index)
    words = _paragraph(map_words(found, language) + score_words(found, language))
    figure = map_figure(answer.classification.seen, found, language)
    known = json.dumps([photo.get("path"), network, index, method, best])
    yield words, figure, choice, gr.Slider(visible=True), gr.skip(), gr.skip(), known
    rest = (gr.skip(),) * 4
    classifier = answer.model.classifier
    maps = await inference.explained(feature_maps, classifier, answer.pixels)
    yield *rest, sheet_figures(maps, language), gr.skip(), gr.skip()
    try:
        effects = await inference.explained(block_effects, classifier, answer.pixels, index)
        table = block_table(effects, found.label, language)
    except ConfigError as error:  # a network without shortcuts has no such table, and all the rest
        table = _paragraph(sentence_of(error, language))
    yield *rest, gr.skip(), table, gr.skip()


async def _heat_map(inference: Inference, answer: Answer, index: int, method: str) -> HeatMap:
    gone = threading.Event()  # set when this visitor has stopped waiting, so that the next one need not
    work = partial(heat_map, answer.model.classifier, answer.pixels, index, method, give_up=gone.is_set)
    try:
        return await inference.explained(work)
    finally:
        gone.set()


def key_of_link(network: str, index: int) -> str:
    """The key of an explanation to come: of the class `index`, whatever the image will be."""
    return json.dumps([None, network, index, None, None])


def class_in_link(key: str) -> int | None:
    """The class of an explanation's key, where a visitor chose it; None where it is the best one."""
    _, _, index, _, best = json.loads(key) if key else [None] * 5
    return None if index == best else index


def _is_of(key: str, photo: dict[str, Any], network: str) -> bool:
    """Whether an explanation is of this image and this network."""
    return bool(key) and json.loads(key)[:2] in ([photo.get("path"), network], [None, network])


def _paragraph(words: str) -> str:
    return f"<p role='status'>{html.escape(words)}</p>"


def _no_choice() -> gr.Dropdown:
    return gr.Dropdown([], value=None)


def explain_endpoint(inference: Inference) -> None:
    """Adds /explain."""

    async def explain(
        image: dict[str, Any] | None, class_name: str = "", method: str = USUAL_METHOD, model: str = ""
    ) -> ExplainAnswer:
        """Where in an image the evidence for a class is.

        Args:
            image: The image: PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF or HEIC.
            class_name: The class, by its name or its number; the most likely one where empty.
            method: hires-cam or grad-cam, which are quick, or occlusion, which covers up to 64 places one by one.
            model: A residual network: owner/name on the Hub, or a published name such as resnet50.a1_in1k; the page's
                own where empty.

        Returns:
            A sentence; the class with its score from 0 to 1; the place of the evidence (upper_left, upper, upper_right,
            left, center, right, lower_left, lower, lower_right, everywhere or nowhere); how far the score falls at most
            when a place is covered (occlusion only); the network that answered; the map in gray, white for the
            strongest evidence, and in colors over what the network saw, both as data URIs of PNG images.
        """
        photo = inference.uploaded(image)
        if photo is None:
            raise PageError("tabs.no_image")
        answer = await inference.classify(photo, model, 1)
        found = await _heat_map(inference, answer, class_index(answer, class_name), method)
        return {
            "sentence": map_words(found, "en") + score_words(found, "en"),
            "label": found.label,
            "index": found.class_index,
            "score": found.score,
            "method": found.method,
            "place": evidence_place(found).value,
            "largest_drop": found.largest_drop,
            "model": answer.model.name,
            "map": data_uri(found.image()),
            "overlay": data_uri(overlay(answer.classification.seen, found, OPACITY / 100)),
        }

    inputs = [
        photo_field(inference.fetch, label="image", visible=False),
        gr.Textbox("", label="class_name", visible=False),
        gr.Textbox(USUAL_METHOD, label="method", visible=False),
        gr.Textbox("", label="model", visible=False),
    ]
    endpoint(explain, "explain", inputs)


def class_index(answer: Answer, text: object) -> int:
    """The output of this name, in any capitals, or of this number; the best one where empty. Raises: PageError."""
    wanted, names = str(text if text is not None else "").strip(), answer.model.classifier.label_names
    if not wanted:
        return answer.classification.predictions[0].index
    named = [index for index, name in enumerate(names) if name.casefold() == wanted.casefold()]
    if named:
        return max(named, key=lambda index: float(answer.scores[index]))
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 10 and int(wanted) < len(names):
        return int(wanted)
    name = wanted[:100]
    raise PageError("tabs.unknown_class", name=name, last=len(names) - 1, names=nearest(name, names))

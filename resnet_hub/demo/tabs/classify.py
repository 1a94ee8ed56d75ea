"""The tab with the answer: a sentence, the network that gave it, the image with its evidence, ranked classes."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from typing import Any, TypedDict

import gradio as gr

from resnet_hub.classifier import Prediction, Timings
from resnet_hub.demo.fields import (
    AT_ONCE,
    endpoint,
    glow_figure,
    photo_field,
    refusal,
    score_bars,
    share_card_button,
    short_name,
    told,
)
from resnet_hub.demo.overrides import on_last
from resnet_hub.demo.serving import Answer, Inference
from resnet_hub.demo.tabs.answer_details import ANSWERS, USUAL_CLASSES, answer_details
from resnet_hub.demo.tabs.page_tab import BuiltTab, LinkValue, Opened, TabContext
from resnet_hub.demo.text import (
    PageError,
    distinct_labels,
    label,
    language_of,
    own_label,
    say,
    sentence_of,
    verdict,
)
from resnet_hub.errors import LANGUAGES
from resnet_hub.explain import HeatMap

GLOWS = "glows"
"""The queue of answers whose evidence is to be found."""
# All in the browser. Nothing is asked for a tab that nobody looks at; a moment later, for one that was just opened is
# drawn after it is said to be.
LOOKED_AT = """async (photo, network, answered, glow) => {
await new Promise(done => setTimeout(done, 50));
const seen = document.querySelector('#glow')?.offsetParent;
return [photo, network, seen ? answered : '', glow ? JSON.parse(glow).answered : '']; }"""
# Evidence that comes when another image has been answered already is of no use.
SHINE = """(glow, answered, figure) => {
const found = glow ? JSON.parse(glow) : {};
return found.answered === answered ? found.figure : figure; }"""
# What is refused above the tabs takes away the answer to another image than is in the field; its own stays.
TAKE_AWAY = """(refused, photo, answered) => {
const is_another = refused && answered && JSON.parse(answered)[0] !== (photo?.path ?? null);
return Array.from({length: 4}, () => is_another ? '' : {__type__: 'update'}); }"""


class Ranked(TypedDict):
    """One class of an answer."""

    label: str
    index: int
    score: float


class Milliseconds(TypedDict):
    """Where the time went."""

    decode: float
    preprocessing: float
    network: float


class PredictAnswer(TypedDict):
    """What /predict says of an image."""

    sentence: str
    predictions: list[Ranked]
    model: str
    milliseconds: Milliseconds


def answer_tab(context: TabContext) -> BuiltTab:
    """Fills the current container; answers whenever the image, the network or the number of classes changes."""
    inputs, inference, answers = context.inputs, context.inference, context.answers
    sentence, figure, bars, answered = _answer_fields(context)
    share_card_button()
    details = answer_details(context)

    async def show(
        photo: dict[str, Any] | None, network: str, count: float, before: str, request: gr.Request
    ) -> tuple[Any, ...]:
        language = language_of(request)
        try:
            image = inference.uploaded(photo)
            if image is None:
                return told(say("classify.hint", language)), "", "", "", *details.empty
            answer = await answers.classify(image, network, count)
        except Exception as error:
            return refusal(sentence_of(error, language)), "", "", "", *details.empty
        key = _key((photo or {}).get("path"), answer)
        # What is shown already may have its evidence; of another image or network it is found after the answer.
        is_shown = key == before
        seen = gr.skip() if is_shown else _glow(answer, None, language)
        filled = details.filled(answer, language, is_shown=is_shown)
        return answer_words(answer, language), seen, _bars(answer, language), key, *filled

    on_last(
        [context.page.load, inputs.arrival.click, inputs.network.change, details.count.change],
        show,
        [inputs.photo, inputs.network, details.count, answered],
        [sentence, figure, bars, answered, *details.outputs],
        preprocess=False,
        concurrency_limit=AT_ONCE,
        concurrency_id=ANSWERS,
        show_progress_on=[sentence],
        api_visibility="private",
    )
    _shine(context, figure, answered)
    context.refused.change(
        None,
        [context.refused, inputs.photo, answered],
        [sentence, figure, bars, answered],
        js=TAKE_AWAY,
        show_progress="hidden",
        api_visibility="private",
    )
    return BuiltTab([details.in_link, _example_in_link(context)], told=[sentence])


def _example_in_link(context: TabContext) -> LinkValue:
    """The example that is asked about, where it is another than the page opens with; images of visitors never are."""
    photo, answers = context.inputs.photo, context.answers

    def say_example(file: dict[str, Any] | None) -> str | None:
        example = answers.example(file)
        return None if example in (None, answers.first) else short_name(example)

    def read(text: str, _opened: Opened) -> str | None:
        return text if any(short_name(path) == text for path in answers.paths) else None

    def fill(text: str, _opened: Opened) -> list[str]:
        return [next(str(path) for path in answers.paths if short_name(path) == text)]

    return LinkValue("example", photo, say_example, read, fill, [photo], always=True)


def _answer_fields(context: TabContext) -> tuple[gr.HTML, gr.HTML, gr.HTML, gr.Textbox]:
    """Sentence, figure, bars, and the key of what they show; the page opens with the answer to its first example."""
    photo, first = context.inputs.photo.value, context.answers.first
    answer = None if first is None else context.answers.opening(first, USUAL_CLASSES)
    texts: list[Any] = [label("classify.hint"), "", ""]
    if answer is not None and first is not None:
        found = context.answers.opening_evidence(first, answer)
        made = [
            (answer_words(answer, language), _glow(answer, found, language), _bars(answer, language))
            for language in LANGUAGES
        ]
        texts = [own_label(context.page, dict(zip(LANGUAGES, said, strict=True))) for said in zip(*made, strict=True)]
    sentence = gr.HTML(texts[0], elem_id="verdict", elem_classes="plain")
    with gr.Row(elem_classes="shown"):
        figure = gr.HTML(texts[1], elem_id="glow", elem_classes="plain")
        bars = gr.HTML(texts[2], elem_id="labels", elem_classes="plain")
    # No gr.State: for its sake gradio would hold a connection to each visitor.
    answered = gr.Textbox("" if answer is None else _key((photo or {}).get("path"), answer), visible="hidden")
    return sentence, figure, bars, answered


def _shine(context: TabContext, figure: gr.HTML, answered: gr.Textbox) -> None:
    """Lets the evidence follow the answer, by an event of its own, so that no answer waits for it."""
    inputs, inference, answers = context.inputs, context.inference, context.answers
    glow = gr.Textbox("", visible="hidden")

    async def find(photo: dict[str, Any] | None, network: str, wanted: str, known: str, request: gr.Request) -> Any:
        if not wanted or wanted == known:
            return gr.skip()
        try:
            image = inference.uploaded(photo) or b""
            answer = await answers.classify(image, network, 1)
            found = await answers.evidence(image, answer)
        except Exception:  # the answer says what is wrong; without evidence the image stands as it is
            return gr.skip()
        key = _key((photo or {}).get("path"), answer)
        return json.dumps({"answered": key, "figure": _glow(answer, found, language_of(request))})

    on_last(
        [answered.change, context.tab.select],
        find,
        [inputs.photo, inputs.network, answered, glow],
        glow,
        preprocess=False,
        js=LOOKED_AT,
        concurrency_limit=AT_ONCE,
        concurrency_id=GLOWS,
        show_progress="hidden",
        api_visibility="private",
    )
    glow.change(None, [glow, answered, figure], figure, js=SHINE, api_visibility="private")


def _key(path: str | None, answer: Answer) -> str:
    """What an answer is to, and of which network."""
    return json.dumps([path, answer.model.name])


def answer_words(answer: Answer, language: str) -> str:
    """HTML: the answer in a sentence, and the network that gave it."""
    words = say("classify.answered_by", language, name=answer.model.name)
    return told(verdict(answer.predictions_in(language), language)) + (
        f"<p id='answered-by' class='quiet'>{html.escape(words)}</p>"
    )


def _glow(answer: Answer, found: HeatMap | None, language: str) -> str:
    named = None if found is None else answer.map_in(found, language)
    return glow_figure(answer.classification.seen, named, language)


def _bars(answer: Answer, language: str) -> str:
    return score_bars(distinct_labels(answer.predictions_in(language), language), language)


def predict_endpoint(inference: Inference) -> None:
    """Adds /predict."""

    async def predict(image: dict[str, Any] | None, top_k: float = USUAL_CLASSES, model: str = "") -> PredictAnswer:
        """The most likely classes of an image.

        Args:
            image: The image: PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF or HEIC.
            top_k: How many classes to return, 1 to 20.
            model: A residual network: owner/name on the Hub, or a published name such as resnet50.a1_in1k; the page's
                own where empty.

        Returns:
            A sentence, the best classes with their scores from 0 to 1, the network that answered, and the milliseconds
            for decoding, preprocessing and the network.
        """
        photo = inference.uploaded(image)
        if photo is None:
            raise PageError("tabs.no_image")
        answer = await inference.classify(photo, model, top_k)
        return {
            "sentence": verdict(answer.classification.predictions),
            "predictions": ranked(answer.classification.predictions),
            "model": answer.model.name,
            "milliseconds": milliseconds(answer.classification.timings),
        }

    inputs = [
        photo_field(inference.fetch, label="image", visible=False),
        gr.Number(USUAL_CLASSES, label="top_k", visible=False),
        gr.Textbox("", label="model", visible=False),
    ]
    endpoint(predict, "predict", inputs)


def ranked(predictions: Sequence[Prediction]) -> list[Ranked]:
    """The classes of an answer as JSON."""
    return [{"label": found.label, "index": found.index, "score": found.score} for found in predictions]


def milliseconds(timings: Timings) -> Milliseconds:
    """The times of an answer as JSON."""
    return {
        "decode": round(timings.decode_ms, 2),
        "preprocessing": round(timings.preprocessing_ms, 2),
        "network": round(timings.network_ms, 2),
    }

"""The tab with the answer: ranked classes, exact scores, and all that was done to the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

import gradio as gr

from resnet_hub.classifier import Prediction, Timings
from resnet_hub.csv_table import csv_text
from resnet_hub.demo.fields import AT_ONCE, Inputs, endpoint, photo_field
from resnet_hub.demo.serving import MOST_CLASSES, Answer, Inference
from resnet_hub.demo.tabs.page_tab import BuiltTab, LinkValue, Opened, TabContext, whole_number
from resnet_hub.demo.text import (
    PageError,
    describe_input,
    distinct_labels,
    exact,
    label,
    language_of,
    say,
    sentence_of,
    verdict,
    with_refusals,
)

ANSWERS = "answers"
"""The queue of images to be classified."""
CSV_ROWS = 1000
"""Classes in a table to download at most; the best ones."""
SEEN_HEIGHT = 224
"""Height in pixels at which the network's input is shown."""
USUAL_CLASSES = 5

# In the browser: the text becomes a file there, so that nothing is kept on the server for it.
SAVE = """text => { if (!text) return;
const link = document.createElement('a');
link.href = URL.createObjectURL(new Blob([text], {type: 'text/csv;charset=utf-8'}));
link.download = 'scores.csv';
link.click();
setTimeout(() => URL.revokeObjectURL(link.href), 10000); }"""

# Labels are untrusted text. The escaping runs in the browser, so that the API answers in plain text; `{{value}}`
# would not do, since gradio evaluates what it leaves as a template once more.
ESCAPED = r"${String(value ?? '').replace(/[&<>\"'`]/g, character => '&#' + character.charCodeAt(0) + ';')}"


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
    inputs, inference = context.inputs, context.inference
    sentence = gr.HTML(
        label("classify.hint"), html_template=f"<p role='status'>{ESCAPED}</p>", elem_id="verdict", elem_classes="plain"
    )
    labels = gr.Label(label=label("classify.labels"), show_heading=False, elem_id="labels")
    top_k = _top_k_slider(inference.pool.own.classifier.model.num_classes)
    table = gr.Dataframe(
        type="array",
        label=label("classify.table"),
        interactive=False,
        wrap=True,
        buttons=["copy"],
        column_widths=["16%", "40%", "26%", "18%"],
        elem_id="scores",
    )
    download = gr.Button(visible=False, size="sm", elem_id="download")
    with gr.Accordion(label("classify.seen"), open=True):
        seen = gr.Image(
            label=label("classify.seen"),
            show_label=False,
            format="png",
            interactive=False,
            buttons=["download"],
            height=SEEN_HEIGHT,
            elem_id="seen",
        )
        timing = gr.HTML(html_template=f"<p class='quiet'>{ESCAPED}</p>", elem_id="timing", elem_classes="plain")
    outputs = [sentence, labels, table, download, seen, timing]
    nothing = (None, None, gr.Button(visible=False), None, "")

    async def ask(photo: dict[str, Any] | None, network: str, count: float, request: gr.Request) -> tuple[Any, ...]:
        image = inference.uploaded(photo)
        if image is None:
            raise PageError("tabs.no_image")
        return _shown(await inference.classify(image, network, count), language_of(request))

    async def show(photo: dict[str, Any] | None, network: str, count: float, request: gr.Request) -> tuple[Any, ...]:
        """As `ask`, but what is wrong with an image stands where its answer would."""
        if photo is None:
            return say("classify.hint", language_of(request)), *nothing
        try:
            return await ask(photo, network, count, request)
        except Exception as error:
            return sentence_of(error, language_of(request)), *nothing

    event: dict[str, Any] = {
        "inputs": [inputs.photo, inputs.network, top_k],
        "outputs": outputs,
        "preprocess": False,
        "concurrency_limit": AT_ONCE,
        "concurrency_id": ANSWERS,
        "api_visibility": "private",
    }
    asked = inputs.classify.click(with_refusals(ask), **event)
    asked.failure(show, **event)
    gr.on([inputs.photo.change, inputs.network.change, top_k.change], show, **event, trigger_mode="always_last")

    @with_refusals
    async def fit_slider(network: str, count: float) -> gr.Slider:
        return _top_k_slider((await inference.open(network)).classifier.model.num_classes, count)

    inputs.network.change(fit_slider, [inputs.network, top_k], top_k, queue=False, api_visibility="private")
    _csv_on_request(download, inputs, inference)
    return BuiltTab([_top_k_in_link(top_k)])


def _top_k_in_link(top_k: gr.Slider) -> LinkValue:
    """The number of classes, which the link says on every tab."""

    def read(text: str, _opened: Opened) -> str | None:
        number = whole_number(text)
        return None if not number else str(min(number, MOST_CLASSES))

    return LinkValue(
        "k", top_k, lambda count: str(int(count)), read, lambda text, _opened: [int(text)], [top_k], always=True
    )


def _top_k_slider(classes: int, value: float = USUAL_CLASSES) -> gr.Slider:
    """The slider for a network of so many classes; hidden where there is nothing to choose."""
    most = min(MOST_CLASSES, classes)
    return gr.Slider(
        1,
        max(most, 2),
        value=min(value, most),
        step=1,
        label=label("classify.top_k"),
        visible=most > 1,
        elem_id="top-k",
    )


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


def _shown(answer: Answer, language: str) -> tuple[Any, ...]:
    """What the fields of the tab show of an answer."""
    classification, classifier = answer.classification, answer.model.classifier
    predictions = classification.predictions
    rows = [[rank, found.label, found.score, found.index] for rank, found in enumerate(predictions, 1)]
    display = [[f"{rank}", name, f"{score:.6f}", f"{index}"] for rank, name, score, index in rows]
    headers = [say(f"classify.{name}", language) for name in ("rank", "label", "score", "index")]
    table = {"headers": headers, "data": rows, "metadata": {"display_value": display}}
    small = max(classifier.preprocessing.input_size[1:]) < SEEN_HEIGHT
    seen = gr.Image(
        classification.seen,
        alt_text=say("classify.seen_alt", language),
        elem_classes="squares" if small else "",
    )
    times = classification.timings
    timing = say(
        "classify.timing",
        language,
        decode=f"{times.decode_ms:.1f}",
        preprocessing=f"{times.preprocessing_ms:.1f}",
        network=f"{times.network_ms:.1f}",
    )
    words = describe_input(classifier.preprocessing, language)
    return (
        verdict(predictions, language),
        distinct_labels(predictions, language),
        table,
        gr.Button(_csv_words(classifier.model.num_classes, language), visible=True),
        seen,
        f"{timing} {words}",
    )


def _csv_words(classes: int, language: str) -> str:
    key = "classify.csv" if classes <= CSV_ROWS else "classify.csv_first"
    return say(key, language, count=f"{min(classes, CSV_ROWS):,}")


def _csv_on_request(button: gr.Button, inputs: Inputs, inference: Inference) -> None:
    """Lets the button save the scores of all classes, which the network is asked for at the press."""
    text = gr.Textbox(visible=False)

    @with_refusals
    async def scores(photo: dict[str, Any] | None, network: str, request: gr.Request) -> str:
        image = inference.uploaded(photo)
        if image is None:
            raise PageError("tabs.no_image")
        return scores_csv(await inference.classify(image, network, 1))

    asked = button.click(
        scores,
        [inputs.photo, inputs.network],
        text,
        preprocess=False,
        concurrency_limit=AT_ONCE,
        concurrency_id=ANSWERS,
        show_progress="hidden",
        api_visibility="private",
    )
    asked.success(None, text, None, js=SAVE, api_visibility="private")


def scores_csv(answer: Answer) -> str:
    """The best classes of an answer with their exact scores, best first, as CSV."""
    best = answer.model.classifier.ranked(answer.scores, CSV_ROWS)
    return csv_text(
        ("rank", "label", "score", "index"),
        [(rank, found.label, exact(found.score), found.index) for rank, found in enumerate(best, 1)],
    )

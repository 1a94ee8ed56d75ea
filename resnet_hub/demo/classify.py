"""The first tab: one picture in, ranked classes out, with all that was done to the picture."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import gradio as gr

from resnet_hub.classifier import ImageClassifier
from resnet_hub.demo.examples import ExamplePictures
from resnet_hub.demo.photo import photo_field, picture_choice, uploaded_bytes
from resnet_hub.demo.refusal import Refusal, with_refusals
from resnet_hub.demo.wording import (
    describe_labels,
    describe_source,
    distinct_labels,
    verdict,
)

HINT = "Choose a picture, and the answer appears here."
NOTHING = (None, None, None, "")
"""Empty labels, table, picture and time."""
MOST = 10
"""Classes that the slider offers at most."""
SEEN_HEIGHT = 224
"""Height in pixels at which the network's input is shown."""
HEADERS = ["Rank", "Label", "Score", "Index"]
NETWORK = "network"
"""The queue of everything that runs the network: one picture at a time."""

# Labels are a stranger's text. The escaping runs in the browser, so that the API answers in plain text; `{{value}}`
# would not do, since gradio evaluates what it leaves as a template once more.
ESCAPED = r"${String(value ?? '').replace(/[&<>\"'`]/g, character => '&#' + character.charCodeAt(0) + ';')}"


def classify_tab(classifier: ImageClassifier, examples: ExamplePictures) -> None:
    """Fills the current container with the tab.

    Args:
        classifier: the network that answers; no picture is shown to it before a visitor chooses one.
        examples: pictures to try.
    """
    with gr.Row(equal_height=False, elem_classes="classify"):
        with gr.Column(elem_classes="question"):
            image, button = _question(examples)
        with gr.Column(elem_classes="answer"):
            sentence, labels, top_k, table = _answer(min(MOST, classifier.model.num_classes))
        with gr.Column(elem_classes="inspection"):
            seen, timing = _inspection(classifier)
    predict, show = _functions(classifier)
    event: dict[str, Any] = {
        "inputs": [image, top_k],
        "outputs": [sentence, labels, table, seen, timing],
        "preprocess": False,
        "concurrency_limit": 1,
        "concurrency_id": NETWORK,
    }
    asked = button.click(predict, **event, api_name="predict")
    asked.failure(show, **event, api_visibility="private")
    gr.on([image.change, top_k.change], show, **event, trigger_mode="always_last", api_visibility="private")


def _functions(classifier: ImageClassifier) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """What the button and the API run, and what any change of the picture runs."""

    @with_refusals
    def predict(image: dict[str, Any] | None, top_k: float = 5) -> tuple[Any, ...]:
        """The most likely classes of a picture.

        Args:
            image: the picture: PNG, JPEG, WebP, GIF, BMP and others.
            top_k: how many classes to return.

        Returns:
            A sentence; labels with scores; rows of rank, label, score and class index; the picture as the network
            saw it; the milliseconds it took.
        """
        picture = uploaded_bytes(image)
        if picture is None:
            raise Refusal("there is no picture yet; upload one, take a photo or choose an example first")
        return _look(classifier, picture, top_k)

    def show(image: dict[str, Any] | None, top_k: float) -> tuple[Any, ...]:
        """As `predict`, but what is wrong with a picture stands where its answer would."""
        if image is None:
            return HINT, *NOTHING
        try:
            return predict(image, top_k)
        except Refusal as refusal:
            return refusal.sentence, *NOTHING

    return predict, show


def _question(examples: ExamplePictures) -> tuple[gr.Image, gr.Button]:
    image = photo_field()
    button = gr.Button("Classify", variant="primary", elem_id="classify")
    if examples.paths:
        picture_choice(examples.paths, image)
        gr.HTML(f"<p class='quiet'>{html.escape(examples.credit)}</p>", elem_classes="plain")
    return image, button


def _answer(most: int) -> tuple[gr.HTML, gr.Label, gr.Slider, gr.Dataframe]:
    sentence = gr.HTML(
        HINT,
        label="Answer",
        html_template=f"<p role='status'>{ESCAPED}</p>",
        elem_id="verdict",
        elem_classes="plain",
    )
    labels = gr.Label(label="Most likely classes", show_heading=False, elem_id="labels")
    top_k = gr.Slider(
        1, most, value=min(5, most), step=1, label="How many classes to show", visible=most > 1, elem_id="top-k"
    )
    table = gr.Dataframe(
        headers=HEADERS,
        datatype=["number", "str", "number", "number"],
        type="array",
        label="Exact scores",
        interactive=False,
        wrap=True,
        buttons=["copy"],
        column_widths=["16%", "40%", "26%", "18%"],
        elem_id="scores",
    )
    return sentence, labels, top_k, table


def _inspection(classifier: ImageClassifier) -> tuple[gr.Image, gr.HTML]:
    with gr.Accordion("What the network saw", open=True):
        seen = gr.Image(
            label="The network's input",
            show_label=False,
            format="png",
            interactive=False,
            buttons=["download"],
            height=SEEN_HEIGHT,
            alt_text="The picture as the network saw it, resized and cropped",
            elem_id="seen",
            elem_classes="squares" if max(classifier.preprocessing.input_size) < SEEN_HEIGHT else None,
        )
        words = html.escape(classifier.preprocessing.in_words())
        gr.HTML(f"<p class='quiet'>{words}</p>", elem_classes="plain")
        timing = gr.HTML(
            label="Time", html_template=f"<p class='quiet'>{ESCAPED}</p>", elem_id="timing", elem_classes="plain"
        )
    return seen, timing


def _look(classifier: ImageClassifier, picture: bytes, top_k: object) -> tuple[Any, ...]:
    if isinstance(top_k, bool) or not isinstance(top_k, int | float) or not top_k >= 1:
        raise Refusal("the number of classes to show must be 1 or more")
    answer = classifier.classify(picture, int(min(top_k, classifier.model.num_classes)))
    rows = [[rank, found.label, found.score, found.index] for rank, found in enumerate(answer.predictions, 1)]
    shown = [[f"{rank}", label, f"{score:.6f}", f"{index}"] for rank, label, score, index in rows]
    table = {"headers": HEADERS, "data": rows, "metadata": {"display_value": shown}}
    times = answer.timings
    timing = (
        f"Decoding {times.decode_ms:.1f} ms, preprocessing {times.preprocessing_ms:.1f} ms, "
        f"network {times.network_ms:.1f} ms."
    )
    return verdict(answer.predictions), distinct_labels(answer.predictions), table, answer.seen, timing


def describe_model(classifier: ImageClassifier, source: str) -> str:
    """HTML: a list of what the network is and where it came from."""
    config = classifier.model.config
    parameters = sum(parameter.numel() for parameter in classifier.model.parameters())
    facts = {
        "Network": config.architecture,
        "Parameters": f"{parameters / 1e6:.1f} million",
        "Classes": describe_labels(classifier.label_names),
        "Source": describe_source(source),
    }
    rows = "".join(f"<dt>{name}</dt><dd>{html.escape(value)}</dd>" for name, value in facts.items())
    return f"<dl class='facts'>{rows}</dl>"

"""The drawer of an answer: exact scores, a table to download, what the network saw, and where the time went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from resnet_hub.csv_table import csv_text
from resnet_hub.demo.fields import AT_ONCE, Inputs, refusal
from resnet_hub.demo.serving import MOST_CLASSES, Answer, Inference
from resnet_hub.demo.tabs.page_tab import LinkValue, Opened, TabContext, whole_number
from resnet_hub.demo.text import (
    PageError,
    both_names,
    counted,
    describe_input,
    exact,
    label,
    language_of,
    say,
    sentence_of,
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


@dataclass(frozen=True)
class AnswerDetails:
    """The drawer's fields."""

    count: gr.Number
    """How many classes are shown; hidden, for what is in a closed drawer tells nobody that it changes."""
    top_k: gr.Slider
    """Where a visitor chooses that."""
    outputs: list[Any]
    """What an answer fills."""

    @property
    def empty(self) -> tuple[Any, ...]:
        """What the outputs hold while there is no answer."""
        return None, gr.Button(visible=False), "", gr.Image(None, visible=False), ""

    @property
    def in_link(self) -> LinkValue:
        """The number of classes, which the link says on every tab."""

        def read(text: str, _opened: Opened) -> str | None:
            number = whole_number(text)
            return None if not number else str(min(number, MOST_CLASSES))

        return LinkValue(
            "k",
            self.count,
            lambda count: str(int(count)),
            read,
            lambda text, _opened: [int(text)] * 2,
            [self.count, self.top_k],
            always=True,
        )

    @staticmethod
    def filled(answer: Answer, language: str, *, is_shown: bool) -> tuple[Any, ...]:
        """What the outputs hold of an answer; `is_shown`: it was there before, and with it what its button said."""
        classification, classifier = answer.classification, answer.model.classifier
        names = answer.names_in(language)
        rows = [
            [rank, both_names(found.label, names[found.index], language), found.score, found.index]
            for rank, found in enumerate(classification.predictions, 1)
        ]
        display = [[f"{rank}", name, f"{score:.6f}", f"{index}"] for rank, name, score, index in rows]
        headers = [say(f"classify.{name}", language) for name in ("rank", "label", "score", "index")]
        table = {"headers": headers, "data": rows, "metadata": {"display_value": display}}
        small = max(classifier.preprocessing.input_size[1:]) < SEEN_HEIGHT
        seen = gr.Image(
            classification.seen,
            alt_text=say("classify.seen_alt", language),
            elem_classes="squares" if small else "",
            visible=True,
        )
        times = classification.timings
        timing = say(
            "classify.timing",
            language,
            decode=f"{times.decode_ms:.1f}",
            preprocessing=f"{times.preprocessing_ms:.1f}",
            network=f"{times.network_ms:.1f}",
            input=describe_input(classifier.preprocessing, language),
        )
        return (
            table,
            gr.Button(_csv_words(classifier.model.num_classes, language), visible=True),
            gr.skip() if is_shown else "",
            seen,
            timing,
        )


def answer_details(context: TabContext) -> AnswerDetails:
    """Fills the current container."""
    inputs, inference = context.inputs, context.inference
    classes = inference.pool.own.classifier.model.num_classes
    count = gr.Number(min(USUAL_CLASSES, classes), visible="hidden")
    with gr.Accordion(label("classify.details"), open=False, elem_id="details"):
        top_k = _top_k_slider(classes)
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
        not_saved = gr.HTML(elem_id="not-saved", elem_classes="plain")
        seen = gr.Image(
            label=label("classify.seen"),
            format="png",
            interactive=False,
            buttons=["download"],
            height=SEEN_HEIGHT,
            visible=False,
            elem_id="seen",
        )
        timing = gr.HTML(html_template=f"<p class='quiet'>{ESCAPED}</p>", elem_id="timing", elem_classes="plain")

    async def fit(network: str, chosen: float) -> tuple[Any, Any]:
        try:
            model = await inference.open(network)
        except Exception:  # the answer says so
            return gr.skip(), gr.skip()
        classes = model.classifier.model.num_classes
        return _top_k_slider(classes, chosen), min(chosen, classes)

    inputs.network.change(fit, [inputs.network, count], [top_k, count], queue=False, api_visibility="private")
    top_k.input(None, top_k, count, js="chosen => chosen", api_visibility="private")
    _csv_on_request(download, not_saved, inputs, inference)
    return AnswerDetails(count, top_k, [table, download, not_saved, seen, timing])


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


def _csv_words(classes: int, language: str) -> str:
    key = "classify.csv" if classes <= CSV_ROWS else "classify.csv_first"
    return say(key, language, count=counted(min(classes, CSV_ROWS), language))


def _csv_on_request(button: gr.Button, told: gr.HTML, inputs: Inputs, inference: Inference) -> None:
    """Lets the button save the scores of all classes, which the network is asked for at the press.

    Where there are none to save, `told` says why.
    """
    text = gr.Textbox(visible=False)

    async def scores(photo: dict[str, Any] | None, network: str, request: gr.Request) -> tuple[str, str]:
        try:
            image = inference.uploaded(photo)
            if image is None:
                raise PageError("tabs.no_image")
            return scores_csv(await inference.classify(image, network, 1)), ""
        except Exception as error:
            return "", refusal(sentence_of(error, language_of(request)))

    asked = button.click(
        scores,
        [inputs.photo, inputs.network],
        [text, told],
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

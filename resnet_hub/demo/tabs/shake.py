"""The tab that changes what the network sees little by little: scores as a slider moves, their curve, a live camera."""

from __future__ import annotations

import base64
import binascii
import html
import math
from collections.abc import Mapping
from typing import Any

import gradio as gr

from resnet_hub.classifier import Timings
from resnet_hub.demo.fields import (
    AT_ONCE,
    CHART_SPAN,
    Line,
    glow_figure,
    line_chart,
    refusal,
    score_bars,
    told,
)
from resnet_hub.demo.overrides import on_last
from resnet_hub.demo.serving import Answer, Inference
from resnet_hub.demo.tabs.answer_details import USUAL_CLASSES
from resnet_hub.demo.tabs.page_tab import BuiltTab, LinkValue, TabContext
from resnet_hub.demo.text import PageError, distinct_labels, label, language_of, say, sentence_of, verdict
from resnet_hub.errors import ImageError
from resnet_hub.explain import SHAKES, ShakeCurve, shake_curve, shaken

SHAKEN, CURVES, FRAMES = "shaken", "curves", "frames"
"""The queues of images to be changed, of curves, and of images of cameras."""
FRAMES_AT_ONCE = 4
SHOWN = 2
"""Classes of a curve that are drawn, besides the best class of the image as it is."""
EVERY_SECONDS = 0.4
"""Between two images of a camera."""
# In the browser. A tab that nobody looks at asks for nothing.
LOOKED_AT = """async (photo, network, kind, amount) => {
await new Promise(done => setTimeout(done, 50));
return [photo, network, document.querySelector('#shake-kind')?.offsetParent ? kind : '', amount] }"""
# In the browser: the upright line of the curve goes with the slider.
MARK = f"""amount => {{
const mark = document.querySelector('#shake-curve .marked');
const slider = document.querySelector('#shake-amount input[type=range]');
if (!mark || !slider) return;
const [left, right] = {list(CHART_SPAN)}, low = Number(slider.min), high = Number(slider.max);
const x = left + (right - left) * (amount - low) / (high - low);
mark.setAttribute('d', mark.getAttribute('d').replace(/^M[-\\d.]+/, `M${{x.toFixed(1)}}`)) }}"""


def shake_tab(context: TabContext) -> BuiltTab:
    """Fills the current container; answers whenever the image, the change or its amount does, while it is seen."""
    inputs, inference = context.inputs, context.inference
    gr.HTML(label("shake.lead"), elem_classes="plain quiet")
    kinds = [(label(f"shake.{kind}"), kind) for kind in SHAKES]
    kind = gr.Radio(kinds, value="rotation", label=label("shake.kind"), elem_id="shake-kind")
    amount = gr.Slider(**_range("rotation"), label=label("shake.amount"), elem_id="shake-amount")
    sentence = gr.HTML(elem_id="shake-sentence", elem_classes="plain")
    with gr.Row(elem_classes="shown"):
        figure = gr.HTML(elem_id="shake-figure", elem_classes="plain")
        bars = gr.HTML(elem_id="shake-bars", elem_classes="plain")
    curve = gr.HTML(elem_id="shake-curve", elem_classes="plain")
    with gr.Accordion(label("shake.camera"), open=False, elem_id="shake-live"):
        gr.HTML(label("shake.camera_text"), elem_classes="plain quiet")
        camera = gr.Image(
            sources=["webcam"], streaming=True, label=label("shake.camera"), show_label=False, height=240,
            elem_id="shake-camera",
        )  # fmt: skip
    shown = [sentence, figure, bars]

    async def show(
        photo: dict[str, Any] | None, network: str, how: str, much: float, request: gr.Request
    ) -> tuple[Any, ...]:
        if not how:
            return (gr.skip(),) * 3
        if photo is None:
            return told(say("classify.hint", language_of(request))), "", ""
        return await _shown(inference, inference.uploaded, photo, network, how, much, language_of(request))

    async def show_frame(
        frame: dict[str, Any] | None, network: str, how: str, much: float, request: gr.Request
    ) -> tuple[Any, ...]:
        if frame is None:
            return (gr.skip(),) * 3
        return await _shown(inference, frame_bytes, frame, network, how, much, language_of(request))

    async def draw(photo: dict[str, Any] | None, network: str, how: str, much: float, request: gr.Request) -> Any:
        if photo is None or not how:
            return "" if how else gr.skip()
        language = language_of(request)
        try:
            answer = await inference.classify(inference.uploaded(photo) or b"", network, USUAL_CLASSES)
            found = await inference.explained(shake_curve, answer.model.classifier, answer.pixels, how)
            return curve_html(found, answer, much, language)
        except Exception as error:
            # Beside the sentence, which says the same where the image is at fault.
            return refusal(sentence_of(error, language))

    asked = [inputs.photo, inputs.network, kind, amount]
    event: dict[str, Any] = {
        "preprocess": False,
        "concurrency_limit": AT_ONCE,
        "show_progress": "hidden",
        "api_visibility": "private",
    }
    kind.input(lambda how: gr.Slider(**_range(how)), kind, amount, queue=False, **_quiet())
    changes = [inputs.arrival.click, inputs.network.change, kind.change, context.tab.select]
    on_last([*changes, amount.change], show, asked, shown, js=LOOKED_AT, concurrency_id=SHAKEN, **event)
    on_last(changes, draw, asked, curve, js=LOOKED_AT, concurrency_id=CURVES, **event)
    amount.change(None, amount, None, js=MARK, api_visibility="private")
    camera.stream(
        show_frame, [camera, inputs.network, kind, amount], shown, preprocess=False, stream_every=EVERY_SECONDS,
        concurrency_limit=FRAMES_AT_ONCE, concurrency_id=FRAMES, show_progress="hidden", api_visibility="private",
    )  # fmt: skip
    return BuiltTab(_in_link(kind, amount), told=[sentence])


def _quiet() -> dict[str, Any]:
    return {"show_progress": "hidden", "api_visibility": "private"}


def _range(kind: str) -> dict[str, float]:
    """The slider of a change, which begins where the image is as it is."""
    shake = SHAKES[kind]
    still = shake.high if shake.still is None else shake.still
    return {"minimum": shake.low, "maximum": shake.high, "value": still, "step": shake.step}


async def _shown(
    inference: Inference, read: Any, image: Mapping[str, Any], network: str, kind: str, amount: float, language: str
) -> tuple[Any, ...]:
    """Sentence, figure and bars of an image that is changed."""
    try:
        answer = await changed_answer(inference, read(image) or b"", network, kind, amount)
    except Exception as error:
        return refusal(sentence_of(error, language)), "", ""
    predictions = answer.predictions_in(language)
    bars = score_bars(distinct_labels(predictions, language), language)
    return told(verdict(predictions, language)), glow_figure(answer.classification.seen, None, language), bars


async def changed_answer(inference: Inference, image: bytes, network: str, kind: str, amount: float) -> Answer:
    """The answer to an image, a file's bytes, of which the network sees what `shaken` makes. Raises: ResNetHubError."""
    inference.check_size(len(image))
    model = await inference.open(network)
    classifier = model.classifier
    pixels = await inference.aside(classifier.prepare, image)
    # The slider of the last change may not have been told of this one yet.
    shake = SHAKES.get(kind, SHAKES["rotation"])
    number = amount if isinstance(amount, int | float) and math.isfinite(amount) else shake.high
    held = min(max(number, shake.low), shake.high)
    changed = await inference.aside(shaken, pixels, kind, held, classifier.preprocessing.mean)
    scores = await inference.in_time(model.batcher.scores(changed))
    return Answer(model, changed, scores, classifier.classification(changed, scores, Timings(0, 0, 0), USUAL_CLASSES))


def frame_bytes(frame: object) -> bytes:
    """The bytes of one image of a camera, which comes as a data URI. Raises: PageError, ImageError."""
    address = frame.get("url") if isinstance(frame, Mapping) else None
    if not isinstance(address, str) or not address.startswith("data:image/"):
        raise PageError("intake.one_image")
    try:
        return base64.b64decode(address.partition(",")[2], validate=True)
    except binascii.Error as error:
        raise ImageError("tabs.frame") from error


def curve_html(curve: ShakeCurve, answer: Answer, amount: float, language: str) -> str:
    """HTML: from where to where the answer stays, and the scores of the best classes over all amounts."""
    best, low, high = curve.steady
    names = answer.names_in(language)
    axis = say(f"shake.axis_{curve.kind}", language)
    key = "steady_nowhere" if low == high else "steady"
    if (low, high) == (curve.amounts[0], curve.amounts[-1]):
        key = "steady_all"
    words = say(f"shake.{key}", language, label=names[best], low=f"{low:.3g}", high=f"{high:.3g}", axis=axis)
    others = [index for index in curve.best(SHOWN + 1) if index != best][:SHOWN]
    # The first line is another color's, for what is measured against.
    lines = [Line(names[index], curve.scores[:, index].tolist()) for index in (best, *others)]
    chart = line_chart(
        [Line("", ()), *lines],
        f"{say('shake.curve', language)}. {words}",
        axis,
        say("shake.score", language),
        len(curve.amounts),
        marked=min(max(amount, curve.amounts[0]), curve.amounts[-1]),
        span=(curve.amounts[0], curve.amounts[-1]),
        ceiling=1,
    )
    return f"<p class='quiet'>{html.escape(words)}</p>{chart}"


def _in_link(kind: gr.Radio, amount: gr.Slider) -> list[LinkValue]:
    """The change; its amount is a matter of the moment."""
    return [
        LinkValue(
            "shake",
            kind,
            lambda name: None if name == "rotation" else str(name),
            lambda text, _opened: text if text in SHAKES else None,
            lambda text, _opened: [text, gr.Slider(**_range(text))],
            [kind, amount],
        )
    ]

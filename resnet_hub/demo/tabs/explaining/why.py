"""The tab that says why: where the evidence is, what that is worth, what the stages see, what each block adds."""

from __future__ import annotations

import html
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from resnet_hub.demo.fields import (
    AT_ONCE,
    agreement_words,
    block_table,
    effect_words,
    map_figure,
    map_words,
    refusal,
    score_words,
    sheet_figures,
)
from resnet_hub.demo.overrides import Stops, on_last
from resnet_hub.demo.serving import MOST_CLASSES, Inference
from resnet_hub.demo.tabs.explaining.explanation import OCCLUSION, USUAL_METHOD, Explanation, Key, explained
from resnet_hub.demo.tabs.explaining.wishes import Wishes
from resnet_hub.demo.tabs.page_tab import BuiltTab, LinkValue, Opened, TabContext, whole_number
from resnet_hub.demo.text import distinct_labels, label, language_of, say, sentence_of
from resnet_hub.errors import ConfigError
from resnet_hub.explain import OPACITY, Agreement, occlusion_places

EXPLANATIONS = "explanations"
"""The queue of answers to be explained."""
METHODS = (USUAL_METHOD, "grad-cam", OCCLUSION)
# All in the browser. What a visitor does has a number, so that a stop that comes late ends nothing that began after it.
NUMBERED = """(photo, network, chosen, method) =>
[photo, network, chosen, method, window.whyAsked = (window.whyAsked ?? 0) + 1]"""
# Whether a visitor looks at the tab, for one that nobody looks at asks for nothing; a moment later, for one that was
# just opened is drawn after it is said to be.
LOOKED_AT = """async (photo, network, chosen, method, turn, open, known) => {
turn = window.whyAsked = (window.whyAsked ?? 0) + 1;
await new Promise(done => setTimeout(done, 50));
return [photo, network, chosen, method, turn, Boolean(document.querySelector('#why-method')?.offsetParent), known]}"""
# What is refused above the tabs takes away the map of another image or network than is asked about. What is known then
# is a text that no event before told of, so that the same can be asked for again.
TAKE_AWAY = """(refused, photo, network, known) => {
const update = changed => ({__type__: 'update', ...changed});
const [path, answered] = known.startsWith('[') ? JSON.parse(known) : [photo?.path, network];
if (!refused || (path === photo?.path && answered === network)) return Array.from({length: 7}, () => update({}));
const nothing = [update({choices: [], value: null}), update({visible: false})];
return ['', '', ...nothing, '', '', `refused ${window.whyAsked = (window.whyAsked ?? 0) + 1}`] }"""
FADE = "opacity => document.querySelector('#why-map')?.style.setProperty('--opacity', opacity / 100)"


def why_tab(context: TabContext) -> BuiltTab:
    """Fills the current container; explains while a visitor looks, and whenever something changes."""
    inputs, inference, stops = context.inputs, context.inference, Stops(context.page)
    chosen = gr.Dropdown([], label=label("why.class"), info=label("why.class_info"), elem_id="why-class")
    method = gr.Radio(
        list(zip(("HiResCAM", "Grad-CAM", label("why.occlusion")), METHODS, strict=True)),
        value=USUAL_METHOD,
        label=label("why.method"),
        info=label("why.method_info"),
        elem_id="why-method",
    )
    sentence = gr.HTML(elem_id="why-sentence", elem_classes="plain")
    figure = gr.HTML(elem_id="why-map", elem_classes="plain")
    opacity = gr.Slider(0, 100, 100 * OPACITY, step=1, label=label("why.opacity"), elem_id="why-opacity", visible=False)
    with gr.Accordion(label("why.stages"), open=False):
        gr.HTML(label("why.stages_text"), elem_classes="plain quiet")
        stages = gr.HTML(elem_id="why-stages", elem_classes="plain")
    with gr.Accordion(label("why.blocks"), open=False):
        gr.HTML(label("why.blocks_text"), elem_classes="plain quiet")
        blocks = gr.HTML(elem_id="why-blocks", elem_classes="plain")
    gr.HTML(label("why.caution"), elem_classes="plain quiet")
    turn, opened = gr.Number(0, visible=False), gr.Checkbox(True, visible=False)
    # No gr.State: for its sake gradio would hold a connection to each visitor.
    known = gr.Textbox("", visible="hidden")
    wishes = Wishes()

    async def show(
        photo: dict[str, Any] | None,
        network: str,
        index: int | None,
        how: str,
        number: object,
        is_open: bool,
        before: str,
        request: gr.Request,
    ) -> AsyncIterator[tuple[Any, ...]]:
        language, visitor, key = language_of(request), request.session_hash, Key.read(before)
        if photo is None or not is_open:
            wishes.forget(visitor)
            waits = key is not None and key.path is None  # a class of a link, for the image to come
            rest = (gr.skip() if waits else gr.Dropdown([], value=None), gr.Slider(visible=False), "", "")
            hint = paragraphs([say("why.hint", language)]) if photo is None else ""
            yield hint, "", *rest, before if waits else ""
            return
        wanted = Key(photo.get("path"), network, index, how)
        if key is None or key.network != network or key.path not in (None, wanted.path):
            key, wanted = Key(), wanted._replace(class_index=None)  # they have best classes of their own
        elif key[:4] == wanted[:4]:
            yield (gr.skip(),) * 7
            return
        # Two events that come close together may both reach the server, for the same choice or for another one.
        if wishes.has(visitor, Key(photo.get("path"), network, index, how), before):
            yield (gr.skip(),) * 7
            return
        await stops.stop(visitor)
        wish = wishes.begin(visitor, Key(photo.get("path"), network, index, how), number, before)
        parts = _parts(inference, photo, wanted, key, language, wish.choices)
        try:
            async for part in stops.parts(visitor, wish.noted(parts)):
                yield part
        except Exception as error:
            yield refusal(sentence_of(error, language)), "", gr.skip(), gr.Slider(visible=False), "", "", ""
        finally:
            wishes.end(visitor, wish)

    async def stop(
        photo: dict[str, Any] | None, network: str, index: int | None, how: str, number: object, request: gr.Request
    ) -> None:
        """Ends an explanation that its visitor waits for no more; not one that has begun for this very choice."""
        now = Key(None if photo is None else photo.get("path"), network, index, how)
        if wishes.is_over(request.session_hash, now, number):
            await stops.stop(request.session_hash)

    changes = [inputs.arrival.click, inputs.network.change, chosen.input, method.input]
    choice = [inputs.photo, inputs.network, chosen, method, turn]
    gr.on(changes, stop, choice, None, preprocess=False, js=NUMBERED, queue=False, api_visibility="private")
    # One event for all, so that an older explanation never comes after a newer one.
    on_last(
        [*changes, context.tab.select],
        show,
        [*choice, opened, known],
        [sentence, figure, chosen, opacity, stages, blocks, known],
        preprocess=False,
        js=LOOKED_AT,
        concurrency_limit=AT_ONCE,
        concurrency_id=EXPLANATIONS,
        show_progress="hidden",
        api_visibility="private",
    )
    context.refused.change(
        None,
        [context.refused, inputs.photo, inputs.network, known],
        [sentence, figure, chosen, opacity, stages, blocks, known],
        js=TAKE_AWAY,
        show_progress="hidden",
        api_visibility="private",
    )
    opacity.input(None, opacity, None, js=FADE, api_visibility="private")
    return BuiltTab(_in_link(method, chosen, known), told=[sentence])


def _in_link(method: gr.Radio, chosen: gr.Dropdown, known: gr.Textbox) -> list[LinkValue]:
    """The method, and the class where a visitor chose it: by the key of the explanation that is shown."""

    def say_class(text: str) -> str | None:
        index = (Key.read(text) or Key()).chosen
        return None if index is None else str(index)

    def read_class(text: str, opened: Opened) -> str | None:
        index = whole_number(text)
        return None if index is None or index >= opened.model.classifier.model.num_classes else str(index)

    def fill_class(text: str, opened: Opened) -> tuple[gr.Dropdown, str]:
        name = opened.model.classifier.label_names[int(text)]
        return gr.Dropdown([(name, int(text))], value=int(text)), Key(None, opened.network, int(text)).text

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


async def _parts(
    inference: Inference, photo: dict[str, Any], wanted: Key, before: Key, language: str, choices: set[Key]
) -> AsyncGenerator[tuple[Any, ...], None]:
    """What the fields show, part by part; what has not changed is left alone. Adds the class to what was chosen."""
    is_new = before.path != wanted.path or before.network != wanted.network
    is_same = not is_new and before.class_index == wanted.class_index
    computing = paragraphs([say("why.computing", language)])
    # Without a method the key is that of no whole explanation, so whatever comes of this one it can be asked for again.
    key = wanted._replace(method=None, best=before.best, overlap=before.overlap if is_same else None)
    looking = paragraphs([say("why.looking", language)])
    old = (gr.skip(), gr.skip()) if is_same else (computing, computing)
    yield looking, "" if is_new else gr.skip(), gr.skip(), gr.skip(), *old, key.text
    answer = await inference.classify(inference.uploaded(photo) or b"", wanted.network, MOST_CLASSES)
    best = answer.classification.predictions[0].index
    index = best if wanted.class_index is None else wanted.class_index
    choices.add(wanted._replace(class_index=index))
    known = None if key.overlap is None else Agreement(key.overlap)
    method = wanted.method or USUAL_METHOD
    last = Explanation(answer, index, method, known)
    async for made in explained(inference, last):
        part = made if made.found is None else replace(made, found=answer.map_in(made.found, language))
        yield _changed(last, part, language, Key(wanted.path, wanted.network, index, method, best))
        last = part


def _changed(last: Explanation, part: Explanation, language: str, key: Key) -> tuple[Any, ...]:
    """What the fields show of a part that they did not show of the last one."""
    figure = choice = slider = stages = blocks = text = gr.skip()
    found = part.found
    if found is not None and last.found is None:
        predictions = part.answer.predictions_in(language)
        names = zip(distinct_labels(predictions, language), predictions, strict=True)
        choices = [(name, prediction.index) for name, prediction in names]
        if all(found.class_index != other for _, other in choices):  # a link may ask for a class far from the best
            choices.append((found.label, found.class_index))
        choice, slider = gr.Dropdown(choices, value=found.class_index), gr.Slider(visible=True)
        figure = map_figure(part.answer.classification.seen, found, language)
    if found is not None and (last.found is None or last.agreement is not part.agreement):
        text = key._replace(overlap=None if part.agreement is None else part.agreement.overlap).text
    if part.stages is not None and last.stages is None:
        stages = sheet_figures(part.stages, language)
    if isinstance(part.blocks, ConfigError):
        blocks = paragraphs([sentence_of(part.blocks, language)])
    elif part.blocks is not None and found is not None:
        blocks = block_table(part.blocks, found.label, language)
    return sentences(part, language), figure, choice, slider, stages, blocks, text


def sentences(known: Explanation, language: str) -> str:
    """HTML: what is known so far, in words."""
    if known.found is None:
        done, count = known.covered or (0, 0)
        if not count:
            return paragraphs([say("why.looking", language)])
        left = known.seconds_left
        about = "" if left is None else say("why.seconds_left", language, seconds=_whole(left))
        words = say("why.covering", language, done=done, count=count) + about
        return (
            paragraphs([words])
            + f"<progress aria-label='{html.escape(words)}' max='{count}' value='{done}'></progress>"
        )
    told = [map_words(known.found, language) + score_words(known.found, language)]
    if known.effect is not None and known.effect.covered:
        # What is no evidence is said before it is said where.
        told.insert(known.effect.is_worth_the_name, effect_words(known.effect, language))
    if known.agreement is not None:
        told.append(agreement_words(known.agreement, language))
    elif known.occlusion_seconds is not None and known.method != OCCLUSION:
        count = occlusion_places(known.answer.pixels)
        told.append(say("why.cost", language, count=count, seconds=_whole(known.occlusion_seconds)))
    return paragraphs(told)


def paragraphs(told: Sequence[str]) -> str:
    """HTML: sentences that a screen reader hears when they change; those behind the first are set smaller."""
    return f"<div role='status'>{''.join(f'<p>{html.escape(words)}</p>' for words in told)}</div>"


def _whole(seconds: float) -> str:
    """Seconds as a whole number, at least one."""
    return f"{max(1, round(seconds)):,}"

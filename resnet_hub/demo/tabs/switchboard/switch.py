"""The switchboard: the network drawn as its blocks, which a visitor passes over and exchanges, and its answer then."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import gradio as gr

from resnet_hub.checkpoint import read_config
from resnet_hub.demo.fields import (
    AT_ONCE,
    CHANGED,
    SWITCHED,
    block_states,
    board_html,
    board_patch,
    refusal,
    score_bars,
    told,
    view_html,
)
from resnet_hub.demo.overrides import on_last
from resnet_hub.demo.serving import Inference
from resnet_hub.demo.tabs.page_tab import BuiltTab, LinkValue, Opened, TabContext
from resnet_hub.demo.tabs.switchboard.boards import Board, Boards, small_name, small_networks
from resnet_hub.demo.tabs.switchboard.cut import Cut
from resnet_hub.demo.tabs.switchboard.losses import LossRuns
from resnet_hub.demo.text import distinct_labels, label, language_of, own_label, percent, say, sentence_of, verdict
from resnet_hub.errors import LANGUAGES, ResNetHubError
from resnet_hub.explain import StageView, Wired

SWITCHES = "switches"
"""The queue of boards."""
# In the browser: whether the tab is looked at; a moment later, for one just opened is drawn after that is said. And
# what the board was clicked for since the last answer: gradio forgets what an event said that waits for another.
LOOKED_AT = """async (photo, network, small, open, known) => {
await new Promise(done => setTimeout(done, 50));
const isOpen = Boolean(document.querySelector('#switch-text')?.offsetParent);
// What was clicked while the answer about another image was due, which drew the board anew, is asked all the same.
const asked = document.querySelector('#switch-board .board')?.dataset.asked ?? window.switchAsked ?? null;
delete window.switchAsked;
return [photo, network, small, isOpen, known, asked] }"""


class Shown(NamedTuple):
    """What a visitor's browser shows; the browser keeps it, so it is a stranger's text."""

    path: str | None = None
    """The image; None where a link asks for a board of an image to come."""
    network: str = ""
    cut: str = ""
    """What is passed over, as `Cut` says it."""

    @classmethod
    def read(cls, text: object) -> Shown:
        """What a text says; nothing where it is none."""
        try:
            path, network, cut = json.loads(str(text))
        except (ValueError, TypeError, RecursionError):
            return cls()
        if not isinstance(path, str | None) or not isinstance(network, str) or not isinstance(cut, str):
            return cls()
        return cls(path, network, cut)

    @property
    def text(self) -> str:
        """It as a text."""
        return json.dumps(self)


def switch_tab(context: TabContext) -> BuiltTab:
    """Fills the current container; draws the board while a visitor looks, and again whenever something changes."""
    inputs, inference, boards = context.inputs, context.inference, Boards(context.inference)
    gr.HTML(label("switch.text"), elem_id="switch-text", elem_classes="plain quiet")
    small = _network_choice(context)
    sentence = gr.HTML(elem_id="switch-sentence", elem_classes="plain")
    drawing = gr.HTML(elem_id="switch-board", elem_classes="plain", js_on_load=SWITCHED)
    with gr.Row(elem_classes="shown"):
        view = gr.HTML(elem_id="switch-view", elem_classes="plain")
        bars = gr.HTML(elem_id="switch-bars", elem_classes="plain")
    runs = LossRuns(context, boards, small)
    opened = gr.Checkbox(True, visible=False)
    # No gr.State: for its sake gradio would hold a connection to each visitor.
    known, patch, asked = (gr.Textbox(visible="hidden") for _ in range(3))

    async def show(
        photo: dict[str, Any] | None,
        network: str,
        chosen: str,
        is_open: bool,
        before: str,
        asked: str | None,
        request: gr.Request,
    ) -> tuple[Any, ...]:
        language, last = language_of(request), Shown.read(before)
        if photo is None or not is_open:  # what was passed over stays so for the next image
            hint = told(say("switch.hint", language)) if photo is None else ""
            return hint, "", "", "", gr.skip(), last._replace(path=None).text
        clicked = asked if isinstance(asked, str) else None
        wanted = _wanted(inference, last, str(photo.get("path")), network, chosen or "", clicked)
        if clicked is None and last == wanted:
            return (gr.skip(),) * 6
        is_drawn = clicked is not None and last[:2] == wanted[:2]
        try:
            board = await boards.board(request.session_hash, photo, network, chosen or "")
            wired, views, problem = await inference.in_time(inference.aside(_run, board, Cut.read(wanted.cut) or Cut()))
        except Exception as error:
            return refusal(sentence_of(error, language)), "", "", "", gr.skip(), ""
        is_drawn = is_drawn and problem is None
        words = "" if problem is None else refusal(sentence_of(problem, language))
        cut = Cut.of(wired.wiring, board.switchboard.blocks, chosen or "")
        words += board_words(board, wired, cut, language)
        drawn = (
            _changed(board, wired, views, clicked, language) if is_drawn else _drawn(board, wired, views, cut, language)
        )
        return words, *drawn, wanted._replace(cut=cut.text).text

    outputs = [sentence, drawing, view, bars, patch, known]
    changes = [inputs.arrival.click, inputs.network.change, small.input, context.tab.select]
    on_last(
        [*changes, drawing.click, runs.chart.click],
        show,
        [inputs.photo, inputs.network, small, opened, known, asked],
        outputs,
        preprocess=False,
        js=LOOKED_AT,
        concurrency_limit=AT_ONCE,
        concurrency_id=SWITCHES,
        show_progress="hidden",
        api_visibility="private",
    )
    patch.change(None, patch, None, js=CHANGED, api_visibility="private")
    runs.forget_on([inputs.arrival.click, inputs.network.change, small.input])
    return BuiltTab([_in_link(known, small)], told=[sentence])


def _network_choice(context: TabContext) -> gr.Radio:
    """The network in use, or a small one with or without shortcuts; hidden where none came with the page."""
    choices: list[tuple[Any, str]] = [(label("switch.in_use"), "")]
    for name, folder in small_networks().items():
        has = read_config(folder).network.shortcut != "none"
        words = own_label(context.page, {language: small_name(name, has, language) for language in LANGUAGES})
        choices.append((words, name))
    return gr.Radio(
        choices,
        value="",
        label=label("switch.network"),
        info=label("switch.network_info"),
        elem_id="switch-network",
        visible=len(choices) > 1,
    )


def _wanted(inference: Inference, last: Shown, path: str, network: str, small: str, clicked: str | None) -> Shown:
    """What is to be shown: what was passed over stays while the network does."""
    default = inference.pool.default
    before = Cut.read(last.cut) or Cut()
    is_same = (last.network or default) == (network or default) and before.network == small
    cut = last.cut if is_same else Cut(network=small).text
    if clicked is not None:
        cut = clicked.partition("@")[0] + (f"@{small}" if small else "")
    return Shown(path, network or default, cut)


def _run(board: Board, cut: Cut) -> tuple[Wired, tuple[StageView, ...], ResNetHubError | None]:
    """What a board says when it is cut so, and why not, where the network as a whole answers in its place."""
    try:
        return *board.run(cut.wiring(board.switchboard.blocks)), None
    except ResNetHubError as error:
        return *board.run(), error


def _drawn(board: Board, wired: Wired, views: Sequence[StageView], cut: Cut, language: str) -> tuple[Any, ...]:
    """The board, the view of its last stage, the classes, and nothing to change of what is drawn."""
    switchboard = board.switchboard
    states = block_states(switchboard.blocks, wired, switchboard.intact, language)
    drawing = board_html(board.called(language), switchboard.blocks, states, views, cut.swaps, language)
    return drawing, view_html(views[-1], language), _bars(board, wired, language), gr.skip()


def _changed(
    board: Board, wired: Wired, views: Sequence[StageView], clicked: str | None, language: str
) -> tuple[Any, ...]:
    """The same where the board stands already: only what is new, so that the focus stays where it is."""
    states = block_states(board.switchboard.blocks, wired, board.switchboard.intact, language)
    changed = board_patch((clicked or "").partition("@")[0], states, views)
    return gr.skip(), gr.skip(), _bars(board, wired, language), changed


def board_words(board: Board, wired: Wired, cut: Cut, language: str) -> str:
    """HTML: the answer in a sentence, and how the network is wired."""
    off, count, best = len(wired.wiring.off), len(board.switchboard.blocks), board.best
    intact = board.switchboard.intact
    every = off == sum(block.can_be_passed for block in board.switchboard.blocks)
    words = say(
        "switch.whole" if not off else "switch.every" if every else "switch.one" if off == 1 else "switch.some",
        language,
        off=off,
        count=count,
        name=board.called(language),
        label=board.label(language),
        percent=percent(float(intact.scores[best]), language),
        now=percent(float(wired.scores[best]), language),
    )
    if cut.swaps:
        pairs = say("page.comma", language).join(
            say("switch.pair", language, one=one, other=other) for one, other in cut.swaps
        )
        words += say("switch.swapped", language, pairs=pairs)
    answer = verdict(board.predictions(wired.scores, language), language)
    lost = " class='another'" if int(wired.scores.argmax()) != best else ""
    return f"<div role='status'><p{lost}>{html.escape(answer)}</p><p class='quiet'>{html.escape(words)}</p></div>"


def _bars(board: Board, wired: Wired, language: str) -> str:
    return score_bars(distinct_labels(board.predictions(wired.scores, language), language), language)


def _in_link(known: gr.Textbox, choice: gr.Radio) -> LinkValue:
    """What is passed over, where anything is."""

    def read(text: str, opened: Opened) -> str | None:
        cut = Cut.read(text)
        if cut is None:
            return None
        small = small_networks().get(cut.network)
        if cut.network and small is None:
            return None
        config = opened.model.classifier.model.config if small is None else read_config(small).network
        cut.check(config.depths)
        return text

    def fill(text: str, opened: Opened) -> tuple[str, str]:
        cut = Cut.read(text) or Cut()
        return Shown(None, opened.model.name, text).text, cut.network

    return LinkValue("cut", known, lambda text: Shown.read(text).cut or None, read, fill, [known, choice])

"""How many blocks can a network lose? A curve that grows while a visitor waits, below the switchboard."""

from __future__ import annotations

import html
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Any

import gradio as gr

from resnet_hub.demo.fields import AT_ONCE, Line, line_chart, refusal
from resnet_hub.demo.overrides import Stops
from resnet_hub.demo.tabs.page_tab import TabContext
from resnet_hub.demo.tabs.switchboard.boards import Board, BoardKey, Boards
from resnet_hub.demo.tabs.switchboard.cut import Cut
from resnet_hub.demo.text import label, language_of, say, sentence_of
from resnet_hub.explain import ORDERS, Removal, Wiring, removals, survived

LOSSES = "losses of blocks"
"""The queue of curves."""
# In the browser: what greedy removal found is passed over on the board.
APPLY = """element.addEventListener('click', event => {
const button = event.target.closest('button[data-cut]');
if (!button) return;
const off = button.dataset.cut.split(',');
const board = document.querySelector('#switch-board .board');
if (!board) return;
board.dataset.swaps = '';
board.querySelectorAll('.block:not([aria-disabled])').forEach(block =>
  block.setAttribute('aria-checked', !off.includes(block.dataset.place)));
board.dataset.asked = button.dataset.cut;
trigger('click', {cut: button.dataset.cut}) })"""


VISITORS = 1000
"""Whose last run is remembered."""


class LossRuns:
    """The button, the curve, and what begins and ends it."""

    def __init__(self, context: TabContext, boards: Boards, small: gr.Radio) -> None:
        """Fills the current container."""
        self._context, self._boards, self._stops = context, boards, Stops(context.page)
        gr.HTML(label("switch.lose_text"), elem_classes="plain quiet")
        button = gr.Button(label("switch.lose"), elem_id="switch-lose")
        self.chart = gr.HTML(elem_id="switch-losses", elem_classes="plain", js_on_load=APPLY)
        self._inputs = inputs = [context.inputs.photo, context.inputs.network, small]
        self._last: OrderedDict[str | None, BoardKey] = OrderedDict()
        event: dict[str, Any] = {"preprocess": False, "concurrency_limit": AT_ONCE, "concurrency_id": LOSSES}
        self._stops.begin_on(button, self._show, inputs, self.chart, show_progress="minimal", **event)

    def forget_on(self, changes: Sequence[Any]) -> None:
        """Ends a run, and takes its curve away, where it would be that of another image or network."""

        async def forget(photo: dict[str, Any] | None, network: str, small: str, request: gr.Request) -> Any:
            visitor = request.session_hash
            # gradio tells of an image that has just come more than once.
            if photo is not None and self._last.get(visitor) == _key(visitor, photo, network, small):
                return gr.skip()
            await self._stops.stop(visitor)
            return ""

        gr.on(
            changes,
            forget,
            self._inputs,
            self.chart,
            preprocess=False,
            queue=False,
            show_progress="hidden",
            api_visibility="private",
        )

    async def _show(
        self, photo: dict[str, Any] | None, network: str, small: str, request: gr.Request
    ) -> AsyncIterator[str]:
        language, visitor = language_of(request), request.session_hash
        if photo is None:
            yield f"<p role='status'>{html.escape(say('switch.hint', language))}</p>"
            return
        self._last[visitor] = _key(visitor, photo, network, small)
        self._last.move_to_end(visitor)
        if len(self._last) > VISITORS:
            self._last.popitem(last=False)
        try:
            board = await self._boards.board(visitor, photo, network, small or "")
            async for part in self._stops.parts(visitor, self._parts(board, language), ""):
                yield part
        except Exception as error:
            yield refusal(sentence_of(error, language))

    async def _parts(self, board: Board, language: str) -> AsyncGenerator[str, None]:
        """The chart after each block that is lost; between two of them other visitors' explanations have their turn."""
        curves: dict[str, list[Removal]] = {"greedy": [], "random": []}
        for kind, curve in curves.items():
            run = removals(board.switchboard, board.best, kind)
            while (found := await self._context.inference.explained(next, run, None)) is not None:
                curve.append(found)
                yield losses_html(board, curves, language)
        yield losses_html(board, curves, language, done=True)


def _key(visitor: str | None, photo: Mapping[str, Any], network: str, small: str) -> BoardKey:
    return BoardKey(visitor, str(photo.get("path")), network, small or "")


def losses_html(board: Board, curves: dict[str, list[Removal]], language: str, *, done: bool = False) -> str:
    """HTML: the curves so far, and at the end what they say, with a button that shows what greedy removal found."""
    greedy, random = curves["greedy"], curves["random"]
    blocks = board.switchboard.blocks
    count = sum(block.can_be_passed for block in blocks)
    name, best = board.name, board.label(language)
    if done:
        survivors = int(survived(greedy))
        facts = {"greedy": survivors, "random": f"{survived(random):.1f}", "count": len(blocks)}
        words = say("switch.lost", language, name=name, label=best, **facts)
        cut = Cut.of(Wiring(frozenset(greedy[survivors].lost[0])), blocks)
        places = [block.place for block in blocks if block.name in greedy[survivors].lost[0]]
        text = html.escape(say("switch.show_lost", language, count=survivors))
        button = f"<button type='button' data-cut='{','.join(places)}'>{text}</button>" if cut.off else ""
    else:
        tried = sum(max(0, len(curve) - 1) for curve in (greedy, random))
        words, button = say("switch.losing", language, name=name, done=tried, count=2 * count), ""
    chart = line_chart(
        [
            Line(say("switch.random", language, orders=ORDERS), [one.score for one in random]),
            Line(say("switch.greedy", language), [one.score for one in greedy]),
        ],
        say("switch.chart", language, label=best),
        say("switch.across", language),
        say("switch.upwards", language, label=best),
        count + 1,
        span=(0, count),
    )
    role = " role='status'" if done else ""
    return f"<p{role}>{html.escape(words)} {button}</p>{chart}"

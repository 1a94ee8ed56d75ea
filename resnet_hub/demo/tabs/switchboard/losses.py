"""How many blocks can a network lose? A curve that grows while a visitor waits, below the switchboard."""

from __future__ import annotations

import html
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from resnet_hub.demo.fields import AT_ONCE, Line, line_chart, refusal
from resnet_hub.demo.overrides import Stops
from resnet_hub.demo.tabs.page_tab import TabContext
from resnet_hub.demo.tabs.switchboard.boards import TWINS, Board, BoardKey, Boards, small_networks
from resnet_hub.demo.text import label, language_of, own_label, percent, say, sentence_of
from resnet_hub.errors import LANGUAGES
from resnet_hub.explain import ORDERS, Laboratory, Removal, Wiring, laboratory, removals, survivals

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
window.switchAsked = board.dataset.asked = button.dataset.cut;
trigger('click', {cut: button.dataset.cut}) })"""


VISITORS = 1000
"""Whose last run is remembered."""


class LossRuns:
    """The button, the curve, and what begins and ends it."""

    def __init__(self, context: TabContext, boards: Boards, small: gr.Radio) -> None:
        """Fills the current container."""
        self._context, self._boards, self._stops = context, boards, Stops(context.page)
        texts = {language: say("switch.lose_text", language, orders=ORDERS) for language in LANGUAGES}
        gr.HTML(own_label(context.page, texts), elem_classes="plain quiet")
        button = gr.Button(label("switch.lose"), elem_id="switch-lose")
        self.chart = gr.HTML(elem_id="switch-losses", elem_classes="plain", js_on_load=APPLY)
        texts = {language: collapse_words(laboratory(), language) for language in LANGUAGES}
        if all(texts.values()):
            gr.HTML(own_label(context.page, texts), elem_id="switch-collapses", elem_classes="plain quiet")
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
            board, twin = await self._boards.board(visitor, photo, network, small or ""), None
            if small in TWINS and TWINS[small] in small_networks():
                twin = await self._boards.board(visitor, photo, network, TWINS[small])
            async for part in self._stops.parts(visitor, self._parts(board, twin, language), ""):
                yield part
        except Exception as error:
            yield refusal(sentence_of(error, language))

    async def _parts(self, board: Board, twin: Board | None, language: str) -> AsyncGenerator[str, None]:
        """The chart after each block that is lost; between two of them other visitors' explanations have their turn."""
        curves = [LossCurve(board, "greedy"), LossCurve(board, "random")]
        curves += [LossCurve(twin, "random")] if twin else []
        for curve in curves:
            run = removals(curve.board.switchboard, curve.board.best, curve.kind)
            while (found := await self._context.inference.explained(next, run, None)) is not None:
                curve.found.append(found)
                yield losses_html(curves, language)
        same = await self._context.inference.explained(curves[0].is_said_of_gray)
        yield losses_html(curves, language, done=True) + (same_words(curves[0], language) if same else "")


def _key(visitor: str | None, photo: Mapping[str, Any], network: str, small: str) -> BoardKey:
    return BoardKey(visitor, str(photo.get("path")), network, small or "")


@dataclass(frozen=True)
class LossCurve:
    """What a network says of the image as it loses its blocks."""

    board: Board
    kind: str
    """One of `REMOVALS`."""
    found: list[Removal] = field(default_factory=list)
    """So far."""

    @property
    def count(self) -> int:
        """Blocks that it can lose in all."""
        return sum(block.can_be_passed for block in self.board.switchboard.blocks)

    def is_said_of_gray(self) -> bool:
        """Whether, with the blocks gone that a whole greedy curve could spare, a gray image is answered the same."""
        gone = self.found[survivals(self.found)[0]].lost[0]
        return bool(gone) and self.board.says_of_gray(Wiring(frozenset(gone))) == self.board.best

    def line(self, name: str) -> Line:
        """The mean score, and around it the range of the orders."""
        band = [(min(one.scores), max(one.scores)) for one in self.found] if self.kind == "random" else []
        return Line(name, [one.score for one in self.found], band)

    def facts(self, language: str) -> dict[str, object]:
        """What is told of a whole curve."""
        counts = survivals(self.found)
        return {
            "name": self.board.called(language),
            "label": self.board.label(language),
            "count": len(self.board.switchboard.blocks),
            "random": f"{sum(counts) / len(counts):.1f}",
            "low": min(counts),
            "high": max(counts),
            "orders": len(counts),
        }


def losses_html(curves: Sequence[LossCurve], language: str, *, done: bool = False) -> str:
    """HTML: the curves so far, and at the end what they say, with a button that shows what greedy removal found.

    Args:
        curves: Greedy, random, and perhaps that of another network, random too.
        language: Of the words.
        done: Whether they are whole.
    """
    greedy, random, *others = curves
    most = max(curve.count for curve in curves)
    if done:
        words = _found_words(greedy, random, others, language)
    else:
        tried = sum(max(0, len(curve.found) - 1) for curve in curves)
        count = sum(curve.count for curve in curves)
        words = html.escape(say("switch.losing", language, name=greedy.board.called(language), done=tried, count=count))
    lines = [random.line(say("switch.random", language, orders=ORDERS)), greedy.line(say("switch.greedy", language))]
    for other in others:
        facts = {"name": other.board.called(language), "label": other.board.label(language)}
        lines.append(other.line(say("switch.random_other", language, **facts)))
    best = greedy.board.label(language)
    chart = line_chart(
        lines,
        say("switch.chart", language, label=best),
        say("switch.across", language),
        say("switch.upwards", language, label=best),
        most + 1,
        span=(0, most),
        ceiling=1,
    )
    role = " role='status'" if done else ""
    return f"<p{role}>{words}</p>{chart}"


def _found_words(greedy: LossCurve, random: LossCurve, others: Sequence[LossCurve], language: str) -> str:
    """HTML: how many blocks could go, and a button that passes over those that greedy removal took."""
    survivors = survivals(greedy.found)[0]
    words = say("switch.lost", language, **{**random.facts(language), "greedy": survivors})
    for other in others:
        words += " " + say("switch.lost_other", language, **other.facts(language))
    gone = greedy.found[survivors].lost[0]
    if not gone:
        return html.escape(words)
    places = ",".join(block.place for block in greedy.board.switchboard.blocks if block.name in gone)
    text = html.escape(say("switch.show_lost", language, count=survivors))
    return f"{html.escape(words)} <button type='button' data-cut='{places}'>{text}</button>"


def same_words(greedy: LossCurve, language: str) -> str:
    """HTML: that the answer which is left is none about the image."""
    count, label = survivals(greedy.found)[0], greedy.board.label(language)
    return f"<p class='quiet'>{html.escape(say('switch.same_of_gray', language, count=count, label=label))}</p>"


def collapse_words(found: Laboratory, language: str) -> str:
    """What the deepest pair of the laboratory's networks lost, with shortcuts and without; empty where none did."""
    depth = max((one.depth for one in found.removals), default=0)
    pair = {one.row.split("-")[0]: one for one in found.removals if one.depth == depth}
    if set(pair) != {"plain", "residual"}:
        return ""
    facts: dict[str, object] = {"depth": depth, "images": pair["plain"].images}
    for kind, one in pair.items():
        facts |= {kind: f"{one.random:.1f}", f"{kind}_one": percent(one.right_after_one, language)}
    return say("switch.collapses", language, **facts)

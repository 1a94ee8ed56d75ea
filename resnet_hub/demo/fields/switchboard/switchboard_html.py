"""The switchboard as HTML: each block a switch beside its shortcut, each stage a button with the image as it sees it.

Names of classes and networks are untrusted text; all of them are escaped in here.
"""

from __future__ import annotations

import html
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

from resnet_hub.demo.fields.explanation_html import data_uri
from resnet_hub.demo.text import say
from resnet_hub.explain import NetworkBlock, Passes, StageView, Wired

# A block beside its shortcut: the line at the bottom carries x, F(x) leaves it, and is added again.
_BLOCK = (
    "<svg viewBox='0 0 80 76' aria-hidden='true'><path class='trunk' d='M0 64H80'/>"
    "<path class='branch' d='M6 64C16 64 8 30 18 30M62 30C70 30 68 46 68 56'/>{body}{fit}"
    "<g class='sum'><circle cx='68' cy='64' r='7'/><path d='M64 64h8M68 60v8'/></g></svg>"
)
# Without a shortcut the line goes through it.
_PLAIN = (
    "<svg viewBox='0 0 80 60' aria-hidden='true'><path class='branch' d='M0 30H18M62 30H80'/>"
    "<path class='around' d='M0 30H80'/>{body}</svg>"
)
_BODY = (
    "<rect class='box' x='18' y='6' width='44' height='48' rx='7'/>"
    "<rect class='level' x='20' y='8' width='40' height='44' rx='5'/><text class='ratio' x='40' y='35'>{ratio}</text>"
)
_FIT = "<path class='fit' d='M38 64l6-6 6 6-6 6z'/>"


@dataclass(frozen=True)
class BlockState:
    """What a switch shows."""

    place: str
    """Stage and number of the block that stands there."""
    on: bool
    level: float
    """How high it is filled, 0 to 1."""
    ratio: str
    """The number on it."""
    words: str
    """What it is called."""
    passes: Passes
    fits: int
    """Blocks of one number can change places."""


def block_states(blocks: Sequence[NetworkBlock], wired: Wired, intact: Wired, language: str) -> list[BlockState]:
    """What the switches show, in the order in which the blocks now stand."""
    named = {block.name: block for block in blocks}
    shapes = list(dict.fromkeys((block.takes, block.gives) for block in blocks))
    finite = [ratio for ratio in intact.ratios.values() if math.isfinite(ratio)]
    largest = max(finite, default=0) or 1
    states = []
    for name in wired.order:
        block, on = named[name], name in wired.ratios
        ratio = wired.ratios.get(name, intact.ratios[name])
        number = _number(ratio)
        key = "switch.block_off" if not on else "switch.block_on" if block.has_shortcut else "switch.block_plain"
        words = say(key, language, place=block.place, ratio=number) + say(f"switch.passes_{block.passes}", language)
        # By its square root, so that the smallest are seen beside the largest.
        level = math.sqrt(min(1.0, ratio / largest)) if math.isfinite(ratio) else 1.0
        fits = shapes.index((block.takes, block.gives))
        states.append(BlockState(block.place, on, level, number, words, block.passes, fits))
    return states


def board_html(
    name: str,
    blocks: Sequence[NetworkBlock],
    states: Sequence[BlockState],
    views: Sequence[StageView],
    swaps: Sequence[tuple[str, str]],
    language: str,
) -> str:
    """HTML: tools, a row for the stem and one for each stage, what the drawing means; `swaps` are pairs of places."""
    plain = not blocks[0].has_shortcut
    rows = [f"<div class='stage'>{_head(views[0], None, language)}<div class='track entrance'></div></div>"]
    for view in views[1:]:
        here = [state for state, block in zip(states, blocks, strict=True) if block.stage == view.stage]
        switches = "".join(_switch(state, plain) for state in here)
        label = html.escape(say("switch.stage", language, stage=view.stage))
        rows.append(
            f"<div class='stage' role='group' aria-label='{label}'>{_head(view, here, language)}"
            f"<div class='track'>{switches}</div></div>"
        )
    # The board is one stop of the Tab key: the first block, until another one is reached.
    drawn = "".join(rows).replace("tabindex='-1' data-place", "tabindex='0' data-place", 1)
    pairs = ",".join(f"{one}-{other}" for one, other in swaps)
    label = html.escape(say("switch.board", language, name=name))
    scale = html.escape(say("switch.scale_plain" if plain else "switch.scale", language))
    tools = (
        f"<div class='tools'><button type='button' data-tool='reset'>{_said('switch.reset', language)}</button>"
        f"<button type='button' data-tool='swap' aria-pressed='false'>{_said('switch.swap', language)}</button>"
        f"<span class='quiet' role='status' data-hint='{_said('switch.swap_hint', language)}'></span></div>"
    )
    return (
        f"{tools}<div class='board{' plain-board' if plain else ''}' role='group' aria-label='{label}' "
        f"data-swaps='{pairs}'>{drawn}</div><p class='quiet'>{scale}</p>"
    )


def board_patch(asked: str, states: Sequence[BlockState], views: Sequence[StageView]) -> str:
    """JSON: what changes on a drawn board, in the browser; `asked` is the text that it answers to."""
    rows = [[state.place, state.on, round(state.level, 3), state.ratio, state.words, state.fits] for state in states]
    return json.dumps({"asked": asked, "blocks": rows, "views": [data_uri(view.image) for view in views]})


def view_html(view: StageView, language: str) -> str:
    """HTML: the image as one stage sees it, enlarged; the browser shows another one's when its stage is pointed at."""
    words = html.escape(_view_words(view, language))
    return (
        f"<figure class='stage-view' style='aspect-ratio:{view.width}/{view.height}'>"
        f"<img alt='' data-stage='{view.stage}' src='{data_uri(view.image)}'></figure><p class='quiet'>{words}</p>"
    )


def _head(view: StageView, states: Sequence[BlockState] | None, language: str) -> str:
    image = f"<img alt='' width='44' height='44' src='{data_uri(view.image)}'>"
    size = f"<small>{view.channels} &times; {view.height} &times; {view.width}</small>"
    words = f"data-view='{html.escape(_view_words(view, language))}' data-stage='{view.stage}'"
    if states is None:
        name = html.escape(say("why.stem", language))
        return f"<button type='button' class='head' tabindex='-1' {words}>{image}<span>{name}{size}</span></button>"
    name = html.escape(say("switch.stage", language, stage=view.stage))
    title = html.escape(say("switch.stage_button", language, stage=view.stage, count=len(states)))
    on = "true" if any(state.on for state in states if state.passes is not Passes.NOTHING) else "false"
    return (
        f"<button type='button' class='head' role='switch' aria-checked='{on}' aria-label='{title}' tabindex='-1' "
        f"{words}>{image}<span>{name}{size}</span></button>"
    )


def _switch(state: BlockState, plain: bool) -> str:
    fit = _FIT if state.passes in (Passes.PROJECTED, Passes.FITTED) else ""
    drawing = (_PLAIN if plain else _BLOCK).format(body=_BODY.format(ratio=html.escape(state.ratio)), fit=fit)
    words = html.escape(state.words)
    fixed = " aria-disabled='true'" if state.passes is Passes.NOTHING else ""
    return (
        f"<button type='button' class='block' role='switch' aria-checked='{str(state.on).lower()}'{fixed} "
        f"aria-label='{words}' title='{words}' tabindex='-1' data-place='{state.place}' data-fits='{state.fits}' "
        f"style='--level:{state.level:.3f}'>{drawing}<span class='place'>{state.place}</span></button>"
    )


def _view_words(view: StageView, language: str) -> str:
    key = "switch.view" if view.stage else "switch.view_stem"
    return say(key, language, stage=view.stage, height=view.height, width=view.width, channels=view.channels)


def _number(ratio: float) -> str:
    """How large F(x) is beside x, on a block: 0.42, 4.20, 42."""
    if not math.isfinite(ratio):
        return "∞"
    return f"{ratio:.2f}" if ratio < 9.95 else f"{ratio:.0f}"


def _said(key: str, language: str) -> str:
    return html.escape(say(key, language))

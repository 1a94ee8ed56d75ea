"""The tab that shows why shortcuts make deep networks trainable: measured trainings replayed, and two new networks.

The gradients of the two are measured when the tab is opened; they learn on request.
"""

from __future__ import annotations

import html
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from functools import cache
from typing import Any

import gradio as gr

from resnet_hub.demo.fields import (
    AT_ONCE,
    REPLAY,
    Line,
    endings_html,
    line_chart,
    race_html,
    refusal,
    surfaces_html,
    variants_html,
)
from resnet_hub.demo.overrides import Stops, on_last
from resnet_hub.demo.tabs.page_tab import BuiltTab, TabContext
from resnet_hub.demo.text import label, language_of, say, sentence_of, times
from resnet_hub.explain import DEPTHS, GradientFlow, first_losses, gradient_flow, laboratory

USUAL_DEPTH = 56
STEPS = 150
"""As many as a plain network of 20 layers needs to learn the digits; fewer would show it as one that cannot."""
STEPS_AT_ONCE = 3
"""Steps between two charts."""
LAYERS_IN_A_BLOCK = 2
KINDS = (False, True)
"""Without shortcuts, and with them."""
MEASUREMENTS = "measurements"
"""The queue of what is measured here."""


class Trainings:
    """The first losses of networks with and without shortcuts; what was computed for one visitor serves all."""

    def __init__(self) -> None:
        self._losses: dict[tuple[int, bool], list[float]] = {}
        self._running: dict[tuple[int, bool], Iterator[float]] = {}

    def losses(self, depth: int, shortcuts: bool, count: int) -> list[float]:
        """The first `count` losses. Calls must come one at a time."""
        key = depth, shortcuts
        known = self._losses.setdefault(key, [])
        if len(known) < count:
            running = self._running.setdefault(key, first_losses(depth, shortcuts, steps=STEPS))
            try:
                while len(known) < count:
                    known.append(next(running))
            except Exception:  # a generator that raised cannot go on; the next visitor's starts a new one
                del self._running[key], self._losses[key]
                raise
            if len(known) == STEPS:
                del self._running[key]  # and with it its network
        return known[:count]


@cache
def measured_flow(depth: int, shortcuts: bool) -> GradientFlow:
    """The gradients of a new network, measured once."""
    return gradient_flow(depth, shortcuts)


def depth_tab(context: TabContext) -> BuiltTab:
    """Fills the current container; measures gradients when it is opened, trains on request."""
    inference = context.inference
    trainings, stops = Trainings(), Stops(context.page)
    gr.HTML(label("depth.text"), elem_classes="plain prose-text", elem_id="depth-text")
    _add_laboratory(context)
    gr.HTML(label("depth.gradients_text"), elem_classes="plain prose-text")
    depth = gr.Radio(list(DEPTHS), value=USUAL_DEPTH, label=label("depth.depth"), elem_id="depth")
    gradients = gr.HTML(elem_id="gradients", elem_classes="plain", min_height=120)
    gr.HTML(label("depth.training_text"), elem_classes="plain prose-text")
    train = gr.Button(label("depth.train"), elem_id="train", variant="primary")
    losses = gr.HTML(elem_id="losses", elem_classes="plain")
    gr.HTML(label("depth.sources"), elem_classes="plain quiet")

    async def show_gradients(layers: int, request: gr.Request) -> tuple[str, str]:
        language = language_of(request)
        try:
            flows = [await inference.explained(measured_flow, layers, shortcuts) for shortcuts in KINDS]
        except Exception as error:
            return refusal(sentence_of(error, language)), ""
        return gradient_chart(flows, language), ""

    async def charts(layers: int, language: str) -> AsyncGenerator[str, None]:
        for count in range(STEPS_AT_ONCE, STEPS + 1, STEPS_AT_ONCE):
            pair = [await inference.explained(trainings.losses, layers, shortcuts, count) for shortcuts in KINDS]
            yield loss_chart(layers, pair, language)

    async def show_training(layers: int, request: gr.Request) -> AsyncIterator[str]:
        language = language_of(request)
        try:
            async with aclosing(stops.parts(request.session_hash, charts(layers, language))) as parts:
                async for chart in parts:
                    yield chart
        except Exception as error:
            yield refusal(sentence_of(error, language))

    async def stop_training(request: gr.Request) -> None:
        await stops.stop(request.session_hash)

    event: dict[str, Any] = {
        "inputs": depth,
        "concurrency_limit": AT_ONCE,
        "concurrency_id": MEASUREMENTS,
    }
    depth.change(stop_training, queue=False, api_visibility="private")
    looked_at = [context.tab.select, depth.change]
    private = {"api_visibility": "private"}
    on_last(
        looked_at,
        show_gradients,
        outputs=[gradients, losses],
        show_progress_on=[gradients],
        **event,
        **private,
    )
    stops.begin_on(train, show_training, outputs=losses, show_progress="minimal", **event)
    return BuiltTab(told=[gradients, losses])


def _add_laboratory(context: TabContext) -> None:
    """Adds what was measured beforehand, which is filled in the visitor's language when the tab is opened."""
    gr.HTML(label("lab.race_text"), elem_classes="plain prose-text")
    race = gr.HTML(elem_id="race", elem_classes="plain", js_on_load=REPLAY, min_height=120)
    endings = gr.HTML(elem_id="endings", elem_classes="plain")
    gr.HTML(label("lab.surfaces_text"), elem_classes="plain prose-text")
    surfaces = gr.HTML(elem_id="surfaces", elem_classes="plain")

    async def show_laboratory(request: gr.Request) -> tuple[str, str, str]:
        return laboratory_parts(language_of(request))

    outputs = [race, endings, surfaces]
    context.tab.select(show_laboratory, outputs=outputs, queue=False, api_visibility="private", show_progress="hidden")


@cache
def laboratory_parts(language: str) -> tuple[str, str, str]:
    """HTML: the race, the tables and the loss surfaces, made once for each language."""
    found = laboratory()
    tables = endings_html(found, language) + variants_html(found, language)
    return race_html(found, language), tables, surfaces_html(found, language)


def gradient_chart(flows: list[GradientFlow], language: str) -> str:
    """HTML: how the gradients of both networks grow in the backward pass, as a sentence and a chart."""
    plain, residual = flows
    layers = LAYERS_IN_A_BLOCK * (len(plain.blocks) - 1)
    words = say(
        "depth.gradients_found",
        language,
        depth=plain.depth,
        plain=times(plain.growth, language),
        residual=times(residual.growth, language),
        factor=f"{plain.growth ** (1 / layers):.2f}",
    )
    chart = line_chart(
        [Line(_kind(flow.shortcuts, language), flow.norms) for flow in flows],
        words,
        say("depth.block", language),
        say("depth.gradient", language),
        len(plain.blocks),
        log=True,
    )
    return f"<p role='status'>{html.escape(words)}</p>{chart}"


def loss_chart(depth: int, losses: list[list[float]], language: str) -> str:
    """HTML: the losses of both networks so far, as a sentence and a chart."""
    plain, residual = losses
    words = say(
        "depth.losses_found",
        language,
        depth=depth,
        steps=len(plain),
        plain=f"{plain[-1]:.2f}",
        residual=f"{residual[-1]:.2f}",
    )
    chart = line_chart(
        [Line(_kind(kind, language), values) for kind, values in zip(KINDS, losses, strict=True)],
        words,
        say("depth.step", language),
        say("depth.loss", language),
        STEPS,
    )
    role = " role='status'" if len(plain) == STEPS else ""  # once, at the end, for screen readers
    return f"<p{role}>{html.escape(words)}</p>{chart}"


def _kind(shortcuts: bool, language: str) -> str:
    return say("depth.with" if shortcuts else "depth.without", language)

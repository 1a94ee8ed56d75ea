"""A link that opens the page with the same network and the same settings."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from resnet_hub.demo.inference import MOST_CLASSES, Inference
from resnet_hub.demo.question import Question, in_use, refused
from resnet_hub.demo.words import language_of, say

MODEL, TOP_K = "model", "k"
"""What stands in the link."""
LONGEST = 200
"""Characters of a value that are looked at."""


def link_line(page: gr.Blocks, question: Question, top_k: gr.Slider, inference: Inference) -> None:
    """Adds the link to the current container, and makes the page follow the one that it was opened with."""
    link = gr.HTML(elem_id="link", elem_classes="plain")

    async def reopen(count: float, request: gr.Request) -> tuple[Any, ...]:
        """What the fields hold when a visitor arrives; those that a link does not change are left alone."""
        asked = dict(request.query_params)
        count, model, language = _count(asked, count), inference.shelf.own, language_of(request)
        choice = network = gr.skip()
        facts = in_use(model, language)
        if asked.get(MODEL):
            try:
                model = await inference.open(asked[MODEL][:LONGEST])
                choice = network = model.name
                facts = in_use(model, language)
            except Exception as error:
                facts = refused(error, language)
        return choice, network, facts, count, _link(model.name, count, language)

    def follow(network: str, count: float, request: gr.Request) -> str:
        return _link(network or inference.shelf.default, count, language_of(request))

    fields = [question.choice, question.network, question.facts, top_k, link]
    page.load(reopen, top_k, fields, api_visibility="private")
    gr.on(
        [question.network.change, top_k.change],
        follow,
        [question.network, top_k],
        link,
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )


def _count(asked: Mapping[str, str], usual: float) -> float:
    """The number of classes that a link asks for; the usual one where it asks for none that can be."""
    text = asked.get(TOP_K, "")
    digits = text if text.isascii() and text.isdigit() and len(text) < 9 else "0"
    return min(int(digits), MOST_CLASSES) or usual


def _link(network: str, count: float, language: str) -> str:
    """HTML: the link."""
    address = "?" + urlencode({MODEL: network, TOP_K: int(count)}, safe="/@")
    return f"<a class='quiet' href='{html.escape(address)}'>{html.escape(say('question.link', language))}</a>"

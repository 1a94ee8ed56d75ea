"""The choice of a network: a short list, a search over all, and a line that says which one answers meanwhile."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator
from typing import Any

import gradio as gr

from resnet_hub.demo.fields.answer_html import refusal
from resnet_hub.demo.fields.endpoints import AT_ONCE
from resnet_hub.demo.serving import Inference, ModelPool, OpenModel
from resnet_hub.demo.short_list import short_list
from resnet_hub.demo.text import (
    describe_facts,
    describe_row,
    label,
    language_of,
    not_loaded,
    own_label,
    say,
    shortened,
)
from resnet_hub.errors import LANGUAGES
from resnet_hub.registry import list_architectures, published_tags

NETWORK_FACTS = "facts"
"""The queue of requests for facts about networks, and of loading them."""

# In the browser: what a visitor types takes the place of the name that stands there, instead of standing behind it. By
# the browser's own events, which come before the first letter; gradio's come when they can, in the middle of a word. A
# press still has to put its cursor, so that after one the click selects.
SELECTED = """() => {
const isChoice = event => event.target.matches?.('#network input');
let pressed = false;
document.addEventListener('mousedown', event => {
  pressed = isChoice(event) && event.target !== document.activeElement }, true);
document.addEventListener('focusin', event => { if (!pressed && isChoice(event)) event.target.select() });
document.addEventListener('click', event => {
  if (pressed && isChoice(event)) event.target.select();
  pressed = false }, true) }"""


def network_choice(page: gr.Blocks, inference: Inference, network: gr.Textbox) -> tuple[gr.Dropdown, gr.HTML]:
    """The choice of a network, with what is known of it before it is loaded.

    Args:
        page: The page as a whole.
        inference: The networks.
        network: The name of the one that answers; whatever happens to a choice, it says what is true.
    """
    pool = inference.pool
    first = _first_names(pool)
    with gr.Group():
        choice = gr.Dropdown(
            [*_short_choices(page, pool, first), *((name, name) for name in offered(pool) if name not in first)],
            value=pool.default,
            label=label("inputs.network"),
            info=label("inputs.network_info"),
            allow_custom_value=True,
            filterable=True,
            num_choices_shown=shown_at_first(pool),
            elem_id="network",
        )
        # Above the facts, which come while a visitor clicks: what grows above a button moves it from under the click.
        use = gr.Button(label("inputs.use"), elem_id="use-network", size="sm")
        facts = gr.HTML(elem_id="network-facts", elem_classes="plain", html_template="${value}")
        # The choice names the network that answers; what did not load need not be typed again.
        again = gr.Button(visible=False, elem_id="load-again", size="sm")
    failed = gr.Textbox("", visible=False)

    async def tell(source: str, answering: str, request: gr.Request) -> tuple[str, gr.Button]:
        return await _facts_html(inference, source, answering, request), gr.Button(visible=False)

    async def put_to_use(source: str, answering: str, request: gr.Request) -> AsyncIterator[tuple[Any, ...]]:
        language, now = language_of(request), answering or pool.own.name
        words = say("inputs.loading", language, name=shortened(source or pool.default), answering=shortened(now))
        waits, rests = gr.Button(interactive=False), gr.Button(interactive=True)
        yield gr.skip(), gr.skip(), line(words), waits, "", gr.Button(visible=False)
        try:
            model = await inference.open(source)
        except Exception as error:
            told = refusal(not_loaded(source, now, error, language))
            retry = gr.Button(say("inputs.load_again", language, name=shortened(source)), visible=True)
            yield now, gr.skip(), told, rests, source, retry
        else:
            yield model.name, model.name, in_use(model, language), rests, "", gr.skip()

    queued: dict[str, Any] = {
        "concurrency_limit": AT_ONCE,
        "concurrency_id": NETWORK_FACTS,
        "api_visibility": "private",
        # Words say what is waited for; an indicator would move the button away from under a click.
        "show_progress": "hidden",
    }
    page.load(None, js=SELECTED, api_visibility="private")
    choice.input(tell, [choice, network], [facts, again], **queued)
    shown = [choice, network, facts, use, failed, again]
    use.click(put_to_use, [choice, network], shown, **queued)
    again.click(put_to_use, [failed, network], shown, **queued)
    return choice, facts


async def _facts_html(inference: Inference, source: str, answering: str, request: gr.Request) -> str:
    """HTML: what is known of a network that a visitor looks at, or why it cannot be used; and which one answers."""
    pool, language = inference.pool, language_of(request)
    now = answering or pool.own.name
    try:
        name = pool.name_of(source)
        facts = await pool.facts(source)
    except Exception as error:
        return refusal(not_loaded(source, now, error, language))
    if name == now:
        return line(say("inputs.in_use", language, facts=describe_facts(facts, language, loaded=True)))
    return line(say("inputs.not_yet", language, facts=describe_facts(facts, language), answering=shortened(now)))


def in_use(model: OpenModel, language: str) -> str:
    """HTML: which network answers from now on."""
    return line(say("inputs.in_use", language, facts=describe_facts(model.facts, language, loaded=True)))


def line(text: str) -> str:
    """HTML: a quiet sentence that a screen reader reads when it changes."""
    return f"<p class='quiet' role='status'>{html.escape(text)}</p>"


def offered(pool: ModelPool) -> list[str]:
    """The names that a visitor may search: the page's own networks, the owner's folders, published weights.

    Of the published ones those of the short list come first.
    """
    published = [tag.repo_id for name in list_architectures(pretrained=True) for tag in published_tags(name)]
    listed = [row.repo_id for row in short_list()]
    names = [*_first_names(pool), *(name for name in (*listed, *published) if pool.offers(name))]
    return list(dict.fromkeys(names))


def shown_at_first(pool: ModelPool) -> int:
    """How many of `offered` an open list shows before anybody scrolls or types."""
    return len(_first_names(pool)) + len(_listed(pool))


def _first_names(pool: ModelPool) -> list[str]:
    """The page's own networks and the owner's folders, under their plain names."""
    return list(dict.fromkeys([pool.default, pool.wanted, *pool.folders]))


def _listed(pool: ModelPool) -> list[Any]:
    """The rows of the short list that the owner offers."""
    return [row for row in short_list() if pool.offers(row.repo_id)]


def _short_choices(page: gr.Blocks, pool: ModelPool, first: list[str]) -> list[tuple[Any, str]]:
    """What the open list shows before anybody scrolls or types.

    A row's value is the published name, without the owner in front, so that the field shows the plain name, and not the
    row, once the network is in use.
    """
    rows = [
        (own_label(page, {language: describe_row(row, language) for language in LANGUAGES}), row.name)
        for row in _listed(pool)
    ]
    return [*((name, name) for name in first), *rows]

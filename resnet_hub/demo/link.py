"""A link that opens the page as it is now: the network, the tab, and what is set on it."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from resnet_hub.demo.fields import Question, in_use, refused
from resnet_hub.demo.serving import MOST_CLASSES, Inference, OpenModel
from resnet_hub.demo.tabs import METHODS, WhyFields, checked_names, class_in_link, key_of_link
from resnet_hub.demo.text import language_of, say
from resnet_hub.errors import ResNetHubError

MODEL, TOP_K, TAB, METHOD, CLASS, COMPARED = "model", "k", "tab", "method", "class", "compare"
"""What stands in the link."""
LONGEST = 200
"""Characters of a value that are looked at."""
SHOWN = 40
"""Characters of an unknown value that are repeated."""
FIRST = "answer"
"""The tab that is open where a link names none."""


@dataclass(frozen=True)
class Linked:
    """What a link restores."""

    question: Question
    top_k: gr.Slider
    why: WhyFields
    compared: gr.Dropdown
    """The networks that are compared."""
    outer: gr.Tabs
    """The tabs of the page; the first holds the inner ones."""
    inner: gr.Tabs
    """The tabs about one image."""


def link_line(page: gr.Blocks, linked: Linked, told: gr.HTML, inference: Inference) -> None:
    """Adds the link to the current container, and makes the page follow the one that it was opened with.

    Args:
        page: The page as a whole.
        linked: What a link restores.
        told: Where it is told what could not be restored.
        inference: The networks.
    """
    link = gr.HTML(elem_id="link", elem_classes="plain")
    outer, inner = _followed(linked.outer), _followed(linked.inner)
    question, why = linked.question, linked.why

    async def reopen(count: float, request: gr.Request) -> tuple[Any, ...]:
        """What the fields hold when a visitor arrives; those that a link does not change are left alone."""
        asked, language = dict(request.query_params), language_of(request)
        choice = network = gr.skip()
        model = inference.shelf.own
        facts = in_use(model, language)
        if asked.get(MODEL):
            try:
                model = await inference.open(asked[MODEL][:LONGEST])
                choice = network = model.name
                facts = in_use(model, language)
            except Exception as error:
                facts = refused(error, language)
        found = _Asked(asked, model, inference)
        count = found.count or count
        shown = (choice, network, facts, count, *found.tabs(linked), *found.why(network), found.compared or gr.skip())
        name, tab = model.name, found.tab or FIRST
        names = found.compared or _usual(linked.compared)
        method = found.method or why.method.value
        return *shown, _link(name, count, tab, method, found.index, names, language), found.told(language)

    def follow(
        network: str, count: float, row: str, tab: str, method: str, key: str, names: list[str], request: gr.Request
    ) -> str:
        tab = tab if row == linked.outer.children[0].id else row
        name = network or inference.shelf.default
        return _link(name, count, tab, method, class_in_link(key), names, language_of(request))

    fields = [question.choice, question.network, question.facts, linked.top_k, linked.outer, linked.inner, outer, inner]
    fields += [why.method, why.chosen, why.known, linked.compared, link, told]
    page.load(reopen, linked.top_k, fields, api_visibility="private")
    followed = [question.network, linked.top_k, outer, inner, why.method, why.known, linked.compared]
    gr.on(
        [field.change for field in followed],
        follow,
        followed,
        link,
        queue=False,
        show_progress="hidden",
        trigger_mode="always_last",
        api_visibility="private",
    )


def _followed(tabs: gr.Tabs) -> gr.Textbox:
    """A field nobody sees, with the id of the open one of the tabs."""
    place = gr.Textbox(tabs.children[0].id, visible="hidden")
    for tab in tabs.children:
        tab.select(
            None, None, place, js=f"() => {json.dumps(tab.id)}", show_progress="hidden", api_visibility="private"
        )
    return place


def _usual(compared: gr.Dropdown) -> list[str]:
    return list(compared.value or [])


class _Asked:
    """What a link asks for beside the network; a value that cannot be is None here, and told in one sentence."""

    def __init__(self, asked: Mapping[str, str], model: OpenModel, inference: Inference) -> None:
        self._asked, self._model = asked, model
        self._unknown: list[tuple[str, str]] = []
        self.count = self._number(TOP_K, 1, 10**8)
        self.count = self.count and min(self.count, MOST_CLASSES)
        self.index = self._number(CLASS, 0, model.classifier.model.num_classes - 1)
        self.method = self._one_of(METHOD, METHODS)
        self.tab = self._one_of(TAB, (FIRST, "why", "compare", "many", "depth"))
        self.compared = self._names(inference)

    def _number(self, name: str, least: int, most: int) -> int | None:
        text = self._asked.get(name, "")
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else -1
        if least <= number <= most:
            return number
        self._leave_out(name)
        return None

    def _one_of(self, name: str, known: Sequence[str]) -> str | None:
        text = self._asked.get(name, "")
        if text in known:
            return text
        self._leave_out(name)
        return None

    def _names(self, inference: Inference) -> list[str] | None:
        text = self._asked.get(COMPARED, "")
        try:
            names = checked_names(text[: 5 * LONGEST].split(",")) if text else []
            return [inference.shelf.name_of(name) for name in names] or None
        except ResNetHubError:
            self._leave_out(COMPARED)
            return None

    def _leave_out(self, name: str) -> None:
        """Notes a value that was given."""
        if text := self._asked.get(name, ""):
            self._unknown.append((name, text[:SHOWN]))

    def tabs(self, linked: Linked) -> tuple[Any, ...]:
        """Both rows of tabs, and the fields that hold which are open."""
        if self.tab is None:
            return (gr.skip(),) * 4
        rows = [tab.id for tab in linked.outer.children]
        row, tab = (self.tab, FIRST) if self.tab in rows else (rows[0], self.tab)
        return gr.Tabs(selected=row), gr.Tabs(selected=tab), row, tab

    def why(self, network: Any) -> tuple[Any, ...]:
        """The method, the choice of a class, and the key that keeps this class for the first image."""
        method = self.method or gr.skip()
        if self.index is None:
            return method, gr.skip(), gr.skip()
        name = self._model.classifier.label_names[self.index]
        key = key_of_link(network if isinstance(network, str) else "", self.index)
        return method, gr.Dropdown([(name, self.index)], value=self.index), key

    def told(self, language: str) -> str:
        """HTML: one sentence on what could not be restored; empty where all was."""
        if not self._unknown:
            return ""
        parts = say("page.comma", language).join(f"{name}={text}" for name, text in self._unknown)
        return f"<p class='notice' role='status'>{html.escape(say('question.link_unknown', language, parts=parts))}</p>"


def _link(
    network: str, count: float, tab: str, method: str, index: int | None, compared: Sequence[str], language: str
) -> str:
    """HTML: the link; it says of a tab only what can be seen there."""
    values: dict[str, object] = {MODEL: network, TOP_K: int(count)}
    if tab != FIRST:
        values[TAB] = tab
    if tab == "why":
        values[METHOD] = method
        if index is not None:
            values[CLASS] = index
    if tab == "compare" and compared:
        values[COMPARED] = ",".join(compared)
    address = "?" + urlencode(values, safe="/@,")
    return f"<a class='quiet' href='{html.escape(address)}'>{html.escape(say('question.link', language))}</a>"

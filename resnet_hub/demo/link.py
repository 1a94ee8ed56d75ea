"""A link that opens the page as it is now, which the address follows: the network, the image, the tab, what is set."""

from __future__ import annotations

import asyncio
import html
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from resnet_hub.demo.fields import Inputs, in_use, refusal
from resnet_hub.demo.overrides import on_last
from resnet_hub.demo.serving import Inference, OpenModel
from resnet_hub.demo.tabs import BuiltTab, LinkValue, Opened, PageTab
from resnet_hub.demo.text import language_of, not_loaded, say, shortened
from resnet_hub.errors import ResNetHubError

# In the browser: a visitor's step to another tab is one in the history; all else takes the place of the address. The
# step is taken at once, the rest comes with the link, which may be late and then speaks of a tab that was left already.
FOLLOW = """() => {
const tabs = %s, first = tabs[0];
const button = tab => [...document.querySelectorAll(`#tab-${tab}-button`)].find(one => one.tabIndex >= 0 && one.role);
const tabOf = query => { const tab = new URLSearchParams(query).get('tab'); return tabs.includes(tab) ? tab : first };
const seen = clicked => {
  const tab = clicked.id.slice(4, -7);
  if (tabs.includes(tab)) return tab;
  return document.querySelector('.answer [role=tab][aria-selected=true]')?.id.slice(4, -7) ?? first };
document.addEventListener('click', event => {
  const clicked = event.isTrusted && event.target.closest?.('[role=tab]');
  const tab = clicked ? seen(clicked) : tabOf(location.search);
  if (tab === tabOf(location.search)) return;
  const query = new URLSearchParams(location.search);
  tab === first ? query.delete('tab') : query.set('tab', tab);
  history.pushState(null, '', `${location.pathname}?${query}`) });
addEventListener('popstate', async () => {
  const tab = tabOf(location.search);
  if (!button(tab) || button(tab).closest('.answer')) button('one')?.click();
  for (let tries = 0; tries < 40 && !button(tab); tries++) await new Promise(done => setTimeout(done, 50));
  button(tab)?.click() });
let opened = null;
const follow = () => {
  const href = document.querySelector('#link a')?.getAttribute('href');
  if (!href) return;
  opened ??= href;
  if (tabOf(href) !== tabOf(location.search) || (!location.search && href === opened)) return;
  const gradio = [...new URLSearchParams(location.search)].filter(([name]) => name.startsWith('__'));
  history.replaceState(history.state, '', href + gradio.map(pair => `&${new URLSearchParams([pair])}`).join('')) };
new MutationObserver(follow).observe(document.querySelector('#link'),
  {attributes: true, characterData: true, childList: true, subtree: true});
follow() }"""
MODEL, TAB = "model", "tab"
"""What the link says whatever the tabs are; the rest is theirs."""
LONGEST_NAME = 200
"""Characters of a network's name that are looked at."""
LONGEST = 1000
"""Characters of any other value that are looked at."""
QUICK_SECONDS = 1.0
"""How long a network of a link may take to open before the visitor is told which one answers meanwhile."""
SHOWN = 40
"""Characters of an unknown value that are repeated."""


@dataclass(frozen=True)
class TabRows:
    """The tabs as they stand on the page, in two rows."""

    outer: gr.Tabs
    """The tabs of the page; the first holds the inner ones."""
    inner: gr.Tabs
    """The tabs about one image."""
    built: Mapping[PageTab, BuiltTab]
    """All of them but the one that holds the inner ones, in their order."""

    @property
    def first(self) -> str:
        """The tab that is open where a link names none."""
        return next(iter(self.built)).id

    @property
    def values(self) -> list[tuple[PageTab, LinkValue]]:
        """What the tabs add to the link."""
        return [(tab, value) for tab, built in self.built.items() for value in built.link]

    def open_tab(self, row: str, tab: str) -> str:
        """The tab that is seen while these are open in the outer and in the inner row."""
        return tab if row == self.outer.children[0].id else row

    def opened(self, tab: str) -> tuple[str, str]:
        """What is open in the outer and in the inner row while this tab is seen."""
        rows = [child.id for child in self.outer.children]
        return (tab, self.first) if tab in rows else (rows[0], tab)


def link_line(page: gr.Blocks, inputs: Inputs, rows: TabRows, left_out: gr.HTML, inference: Inference) -> None:
    """Adds the link to the current container, and makes the page follow the one that it was opened with.

    Args:
        page: The page as a whole.
        inputs: The image and the network.
        rows: The tabs, with what they add to the link.
        left_out: Where it is said what could not be restored.
        inference: The networks.
    """
    link = gr.HTML(elem_id="link", elem_classes="plain")
    outer, inner = _followed(rows.outer), _followed(rows.inner)
    values = rows.values
    fields = [value.field for _, value in values]

    async def reopen(request: gr.Request, *now: Any) -> AsyncIterator[tuple[Any, ...]]:
        """What the fields hold when a visitor arrives; those that a link does not change are left alone."""
        asked, language = dict(request.query_params), language_of(request)
        own = model = inference.pool.own
        choice = network = gr.skip()
        texts = [value.say(held) for (_, value), held in zip(values, now, strict=True)]
        problem = ""
        if asked.get(MODEL):
            async with _opening(inference, asked[MODEL]) as opening:
                if not opening.done():
                    words = say("inputs.loading", language, name=shortened(asked[MODEL]), answering=own.name)
                    known = [in_use(own, language) if field is inputs.facts else gr.skip() for field in restored]
                    # No link yet: the address would follow it, and forget what it asks for.
                    yield *known, gr.skip(), _notice(words)
                try:
                    model = await opening
                    choice = network = model.name
                except Exception as error:
                    problem = refusal(not_loaded(asked[MODEL], own.name, error, language))
        opened = Opened(model, network if isinstance(network, str) else "", inference)
        found = _Found(asked, rows, opened)
        texts = [found.texts.get(value.name, text) for (_, value), text in zip(values, texts, strict=True)]
        line = _link(rows, model.name, found.tab or rows.first, texts, language)
        told = problem + found.left_out(language)
        yield choice, network, in_use(model, language), *found.tabs(), *found.filled(), line, told

    def follow(request: gr.Request, network: str, row: str, tab: str, *now: Any) -> str:
        texts = [value.say(held) for (_, value), held in zip(values, now, strict=True)]
        name = network or inference.pool.default
        return _link(rows, name, rows.open_tab(row, tab), texts, language_of(request))

    restored = [inputs.choice, inputs.network, inputs.facts, rows.outer, rows.inner, outer, inner]
    restored += [field for _, value in values for field in value.fills]
    # As they are, for the image would be decoded else.
    page.load(reopen, fields, [*restored, link, left_out], preprocess=False, api_visibility="private")
    page.load(None, js=FOLLOW % json.dumps([tab.id for tab in rows.built]), api_visibility="private")
    followed = [inputs.network, outer, inner, *fields]
    on_last(
        [inputs.arrival.click if field is inputs.photo else field.change for field in followed],
        follow,
        followed,
        link,
        preprocess=False,
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )


@asynccontextmanager
async def _opening(inference: Inference, name: str) -> AsyncIterator[asyncio.Future[OpenModel]]:
    """The opening of a network, which is done by now unless it takes long; nobody waits for it after the block."""
    opening = asyncio.ensure_future(inference.open(name[:LONGEST_NAME]))
    try:
        await asyncio.wait([opening], timeout=QUICK_SECONDS)
        yield opening
    finally:
        opening.cancel()


def _notice(words: str) -> str:
    """HTML: a sentence at the top of the page."""
    return f"<p class='notice' role='status'>{html.escape(words)}</p>"


def _followed(tabs: gr.Tabs) -> gr.Textbox:
    """A hidden field with the id of the open tab."""
    place = gr.Textbox(tabs.children[0].id, visible="hidden")
    for tab in tabs.children:
        tab.select(
            None, None, place, js=f"() => {json.dumps(tab.id)}", show_progress="hidden", api_visibility="private"
        )
    return place


class _Found:
    """What a link asks for beside the network; what is invalid is left out, and reported in one sentence."""

    def __init__(self, asked: Mapping[str, str], rows: TabRows, opened: Opened) -> None:
        self._rows, self._opened = rows, opened
        self._unknown: list[tuple[str, str]] = []
        self.texts: dict[str, str] = {}
        """What the tabs' values are, by name."""
        for _, value in rows.values:
            if text := asked.get(value.name, ""):
                read = self._read(value, text[:LONGEST])
                if read is None:
                    self._unknown.append((value.name, text[:SHOWN]))
                else:
                    self.texts[value.name] = read
        self.tab = asked.get(TAB) or None
        """The tab that is seen; None where the link names none that is known."""
        if self.tab is not None and all(self.tab != tab.id for tab in rows.built):
            self._unknown.append((TAB, self.tab[:SHOWN]))
            self.tab = None

    def _read(self, value: LinkValue, text: str) -> str | None:
        try:
            return value.read(text, self._opened)
        except ResNetHubError:
            return None

    def tabs(self) -> tuple[Any, ...]:
        """Both rows of tabs, and the fields that hold which are open."""
        if self.tab is None:
            return (gr.skip(),) * 4
        row, tab = self._rows.opened(self.tab)
        return gr.Tabs(selected=row), gr.Tabs(selected=tab), row, tab

    def filled(self) -> list[Any]:
        """What the fields of the tabs hold."""
        filled: list[Any] = []
        for _, value in self._rows.values:
            text = self.texts.get(value.name)
            filled += [gr.skip()] * len(value.fills) if text is None else value.fill(text, self._opened)
        return filled

    def left_out(self, language: str) -> str:
        """HTML: one sentence on what could not be restored; empty where all was."""
        if not self._unknown:
            return ""
        parts = say("page.comma", language).join(f"{name}={text}" for name, text in self._unknown)
        return _notice(say("inputs.link_unknown", language, parts=parts))


def _link(rows: TabRows, network: str, open_tab: str, texts: Sequence[str | None], language: str) -> str:
    """HTML: the link; it says of a tab only what can be seen there."""
    said = [(tab, value, text) for (tab, value), text in zip(rows.values, texts, strict=True) if text is not None]
    values = {MODEL: network, **{value.name: text for _, value, text in said if value.always}}
    if open_tab != rows.first:
        values[TAB] = open_tab
    values |= {value.name: text for tab, value, text in said if tab.id == open_tab}
    address = "?" + urlencode(values, safe="/@,")
    return f"<a class='quiet' href='{html.escape(address)}'>{html.escape(say('inputs.link', language))}</a>"

"""Refusals for which gradio has toasts only, such as of a full queue or disk, moved to where the answer would stand.

They come from outside of any event of ours, so the browser takes their words, which are in the visitor's language, out
of the toast. The one that stays is that of a lost connection: it goes by itself, as soon as there is one again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import gradio as gr

from resnet_hub.demo.fields.answer_html import refusal
from resnet_hub.demo.text import all_words

STAYS = "gradio.connection"
WORDS = "WORDS"
"""What stands in the template of a refusal for what a toast says."""
# In the browser. It waits a moment with reading, for the words may yet be translated.
WATCH = r"""() => {
const move = said => {
  const toast = said.closest('.toast-body.error'), told = document.querySelector('#toast-said textarea');
  if (!toast || !told || STAYS.includes(said.textContent.trim())) return;
  toast.style.display = 'none';
  setTimeout(() => {
    const words = said.textContent.trim().replace(/^HTTP \d{3}: /, '');
    told.value = JSON.stringify({words, at: Date.now()});
    told.dispatchEvent(new Event('input', {bubbles: true}));
    toast.querySelector('[data-testid=toast-close]')?.click();
  });
};
const mark = '[data-testid=toast-text]';
new MutationObserver(changes => changes.forEach(change => change.addedNodes.forEach(node => {
  if (node.nodeType !== Node.ELEMENT_NODE) return;
  if (node.matches(mark)) move(node);
  node.querySelectorAll(mark).forEach(move);
}))).observe(document.body, {subtree: true, childList: true}); }"""
# In the browser: into the open tab's first field that is empty, else its last.
TELL = """(said, ...values) => {
const open = TABS.find(([id]) => document.getElementById(id)?.offsetParent);
const places = open ? open[1] : [];
const place = places.find(number => !values[number]) ?? places.at(-1);
if (!said || place === undefined) return values.map(() => ({__type__: 'update'}));
window.toldAt = Date.now();
const escaped = JSON.parse(said).words.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`);
const told = TEMPLATE.replace('WORDS', () => escaped);
return values.map((_, number) => number === place ? told : {__type__: 'update'}); }"""


def move_toasts(page: gr.Blocks, places: Mapping[str, Sequence[gr.HTML]]) -> None:
    """Lets what a toast refuses stand in the open tab; called inside of the page.

    Args:
        page: The page.
        places: By the elem_id of a tab, the fields of its answers.
    """
    fields = list(dict.fromkeys(field for shown in places.values() for field in shown))
    told = gr.Textbox("", visible="hidden", elem_id="toast-said")
    tabs = [[tab, [fields.index(field) for field in shown]] for tab, shown in places.items() if shown]
    tell = TELL.replace("TABS", json.dumps(tabs)).replace("TEMPLATE", json.dumps(refusal(WORDS)))
    told.change(None, [told, *fields], fields, js=tell, show_progress="hidden", api_visibility="private")
    stay = json.dumps(list(all_words()[STAYS].values()), ensure_ascii=False)
    page.load(None, js=WATCH.replace("STAYS", stay), api_visibility="private")

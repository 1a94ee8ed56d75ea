"""The words that gradio's browser part has in English only, in the language of visitors who read another.

Bends what stands in the browser's document, because these labels, hints and toasts are literals in gradio's compiled
code, which none of its translations reach. They are replaced as they appear, and only whole ones, in gradio's own parts
of the page: a class or a file may be called "Error", and keeps its name.
"""

from __future__ import annotations

import json

import gradio as gr

from resnet_hub.demo.text import all_words

PART = "gradio."
# In the browser. What gr.HTML shows is ours, and labels of tables and of images are names.
REPLACE = """() => {
if (!/^zh/i.test(navigator.language)) return;
const literal = text => text.replace(/[.*+?^$()|[\\]\\\\]/g, '\\\\$&').replace(/\\{(\\w+)\\}/g, '(?<$1>.*)');
const whole = new Map(), filled = [];
for (const [english, chinese] of WORDS) {
  if (english.includes('{')) filled.push([new RegExp(`^${literal(english)}$`, 's'), chinese]);
  else whole.set(english, chinese);
}
const translated = text => {
  const known = whole.get(text.trim());
  if (known || text.length > 500) return known;
  for (const [pattern, chinese] of filled) {
    const found = text.trim().match(pattern);
    if (found) return chinese.replace(/\\{(\\w+)\\}/g, (_, name) => found.groups[name]);
  }
};
const attributes = ['aria-label', 'title', 'placeholder'];
const marked = attributes.map(name => `[${name}]`).join();
const spoken = '[data-testid=toast-body], [data-testid=status-tracker], button:has(> .wrap > .icon-wrap)';
const label = element => {
  if (element.closest('.html-container') || element.matches('td, th, li, meter, img')) return;
  for (const name of attributes) {
    const chinese = element.hasAttribute(name) && translated(element.getAttribute(name));
    if (chinese) element.setAttribute(name, chinese);
  }
};
const text = node => {
  if (!node.parentElement?.closest(spoken) || node.parentElement.closest('.html-container')) return;
  const chinese = translated(node.data);
  if (chinese) node.data = chinese;
};
const all = node => {
  if (node.nodeType === Node.TEXT_NODE) return text(node);
  if (node.nodeType !== Node.ELEMENT_NODE) return;
  if (node.matches(marked)) label(node);
  node.querySelectorAll(marked).forEach(label);
  const texts = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) text(texts.currentNode);
};
new MutationObserver(changes => changes.forEach(change => ({
  attributes: () => label(change.target),
  characterData: () => text(change.target),
  childList: () => change.addedNodes.forEach(all),
})[change.type]())).observe(document.body, {
  subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: attributes});
all(document.body);
}"""


def translate_gradio(page: gr.Blocks) -> None:
    """Lets the browsers of those who read Chinese replace what gradio says in English; called inside of the page."""
    pairs = [(texts["en"], texts["zh-CN"]) for key, texts in all_words().items() if key.startswith(PART)]
    words = json.dumps(pairs, ensure_ascii=False)
    page.load(None, js=REPLACE.replace("WORDS", words, 1), api_visibility="private")

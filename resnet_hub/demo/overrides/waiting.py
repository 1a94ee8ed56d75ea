"""The one sign of waiting: what is awaited says so to screen readers, and style.css draws a thin line above it.

Bends gradio's status trackers, `[data-testid=status-tracker]`, which otherwise lay a spinner and a number of seconds
over what stands there, several at a time, and say nothing to screen readers.
"""

from __future__ import annotations

import gradio as gr

# In the browser. A tracker without the class "hide" is one whose answer is awaited.
MARK = """() => new MutationObserver(changes => changes.forEach(({target}) => {
  if (target.matches('[data-testid=status-tracker]'))
    target.parentElement.setAttribute('aria-busy', String(!target.classList.contains('hide')));
})).observe(document.body, {subtree: true, attributes: true, attributeFilter: ['class']})"""


def mark_what_is_awaited(page: gr.Blocks) -> None:
    """Marks what is awaited as busy; called inside of the page."""
    page.load(None, js=MARK, api_visibility="private")

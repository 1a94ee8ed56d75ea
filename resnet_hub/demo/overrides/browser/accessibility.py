"""What gradio's browser part leaves out for those who hear the page, or have no mouse.

Bends four things in the browser's document, for which gradio has no option: status trackers say nothing to screen
readers (style.css draws them as one thin line, which covers no words); the list of a choice takes the focus from the
keyboard and stays open when it goes on; the search of a table has a title only; the upload of more files is a button
within a button.
"""

from __future__ import annotations

import gradio as gr

# In the browser. A tracker without the class "hide" is one whose answer is awaited, "hidden" one that is not to say so.
# That of an image goes with the empty field, while an image is on its way.
MEND = """() => {
const busy = tracker =>
  tracker.parentElement?.setAttribute('aria-busy', String(!tracker.matches('.hide, .hidden')));
const named = field => field.ariaLabel || field.setAttribute('aria-label', field.title);
const flat = button => { button.setAttribute('role', 'group'); button.tabIndex = -1; };
const all = node => {
  if (node.nodeType !== Node.ELEMENT_NODE) return;
  node.querySelectorAll('[data-testid=status-tracker]').forEach(busy);
  node.querySelectorAll('input.search-input[title]').forEach(named);
  node.querySelectorAll('button:has(button)').forEach(flat);
};
const over = (place, gone) => gone.matches?.('[data-testid=status-tracker]') && place.removeAttribute('aria-busy');
new MutationObserver(changes => changes.forEach(change => {
  if (change.type === 'childList') {
    change.removedNodes.forEach(gone => over(change.target, gone));
    return change.addedNodes.forEach(added => all(added.parentElement ?? added));
  }
  if (change.target.matches('[data-testid=status-tracker]')) busy(change.target);
})).observe(document.body, {subtree: true, childList: true, attributes: true, attributeFilter: ['class']});
all(document.body);
document.addEventListener('keydown', event => {
  if (event.key === 'Tab') document.querySelectorAll('[role=listbox]').forEach(list => { list.tabIndex = -1 });
}, true);
document.addEventListener('focusout', ({target}) => {
  if (target.matches('input[role=combobox]')) setTimeout(() => {
    if (document.activeElement !== target)
      target.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape', bubbles: true}));
  }, 300);
}) }"""


def mend_what_gradio_leaves_out(page: gr.Blocks) -> None:
    """Lets each browser add it as the page is built up; called inside of the page."""
    page.load(None, js=MEND, api_visibility="private")

"""Files that gradio's browser part would refuse in a toast of its own, before a word of ours could be said.

Those of an unknown type are sent all the same, for the page reads more than browsers know, and says itself what it
cannot read. Those above all limits are not sent, and the page says so where the answer would stand.
"""

from __future__ import annotations

import json

import gradio as gr

from resnet_hub.demo.fields.answer_html import refusal
from resnet_hub.demo.settings import PageSettings
from resnet_hub.demo.text import PageError, language_of, sentence_of
from resnet_hub.errors import ImageError

LONGEST_NAME = 200
"""Characters of a file's name that are repeated."""
# In the browser, before gradio sees the files.
LOOK = """() => {
const look = (event, files) => {
  const field = event.target.closest?.('#photo, #files') ?? event.target.parentElement?.querySelector('#choose');
  if (!field || !files?.length) return;
  const large = [...files].find(file => file.size > MOST * 1e6), many = field.id === 'files';
  const strange = field.id === 'photo' && !files[0].type.startsWith('image/');
  if (!large && !strange) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (large) {
    const told = document.querySelector('#too-large textarea');
    told.value = JSON.stringify({many, name: large.name.slice(0, LONGEST), at: Date.now()});
    told.dispatchEvent(new Event('input', {bubbles: true}));
    return;
  }
  const input = document.querySelector('#choose').previousElementSibling, carried = new DataTransfer();
  carried.items.add(files[0]);
  input.files = carried.files;
  input.dispatchEvent(new Event('change', {bubbles: true}));
};
// An image of a kind that this browser cannot show is answered all the same, and has no sign of being broken.
const veil = veiled => event => event.target.matches?.('#photo img') && (event.target.style.opacity = veiled);
document.addEventListener('error', veil('0'), true);
document.addEventListener('load', veil(''), true);
document.addEventListener('change', event => event.target.type === 'file' && look(event, event.target.files), true);
document.addEventListener('drop', event => look(event, event.dataTransfer?.files), true) }"""


def refuse_oversized(page: gr.Blocks, settings: PageSettings, one: gr.HTML, many: gr.HTML) -> None:
    """Refuses files above all limits: in `one` or in `many`, by what they are for."""
    told = gr.Textbox("", visible="hidden", elem_id="too-large")
    most = most_mb(settings)

    def refuse(written: str, request: gr.Request) -> tuple[object, object]:
        said, language = json.loads(written), language_of(request)
        if not said.get("many"):
            return refusal(
                sentence_of(ImageError("serving.image_large", most=settings.max_file_mb), language)
            ), gr.skip()
        name = str(said.get("name"))[:LONGEST_NAME]
        return gr.skip(), refusal(sentence_of(PageError("intake.upload_large", name=name, most=most), language))

    told.change(refuse, told, [one, many], queue=False, show_progress="hidden", api_visibility="private")
    look = LOOK.replace("MOST", str(most)).replace("LONGEST", str(LONGEST_NAME))
    page.load(None, js=look, api_visibility="private")


def most_mb(settings: PageSettings) -> int:
    """What an upload may be at most, in megabytes; single images are held to `max_file_mb`, by whatever reads them."""
    return max(settings.max_file_mb, settings.max_zip_mb)

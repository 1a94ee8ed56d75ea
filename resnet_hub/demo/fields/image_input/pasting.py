"""Ctrl+V on the page: an image of the clipboard goes into the image field of the open tab."""

from __future__ import annotations

import gradio as gr

# In the browser. Pasted text is left to whatever field it is meant for; nothing is kept, and nothing asked elsewhere.
LISTEN = """() => document.addEventListener('paste', event => {
  const images = [...(event.clipboardData?.files ?? [])].filter(file => file.type.startsWith('image/'));
  const [, button] = [['#photo', '#choose'], ['#files', '#pasted-many']]
    .find(([field]) => document.querySelector(field)?.offsetParent) ?? [];
  const input = button && document.querySelector(button)?.previousElementSibling;
  if (!images.length || !input?.matches('input[type=file]')) return;
  const carried = new DataTransfer();
  images.slice(0, input.multiple ? images.length : 1).forEach(image => carried.items.add(image));
  input.files = carried.files;
  input.dispatchEvent(new Event('change', {bubbles: true}));
  event.preventDefault();
})"""


def listen_for_images(page: gr.Blocks, files: gr.File) -> None:
    """Lets pasted images replace the one image, by the button beside it, or join the many, by a hidden one.

    That stands outside of all tabs, for what is in a tab is there only once it was opened.
    """
    many = gr.UploadButton(visible="hidden", elem_id="pasted-many", file_types=["image"], file_count="multiple")
    added = "(pasted, chosen) => [[...(chosen ?? []), ...[pasted].flat()]]"
    many.upload(None, [many, files], files, js=added, api_visibility="private")
    page.load(None, js=LISTEN, api_visibility="private")

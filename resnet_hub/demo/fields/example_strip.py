"""The strip of example images: small pictures with names, one of which a click puts into the image field."""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from resnet_hub.demo.text import all_words, label
from resnet_hub.errors import ImageError
from resnet_hub.preprocessing import open_image

SIDE = 128
"""Pixels of a small picture's sides: twice what it is shown at, for screens with small pixels."""
# In the browser: which of the buttons was pressed.
PRESSED = """element.addEventListener('click', event => {
const button = event.target.closest('button');
if (button) trigger('click', {index: [...element.querySelectorAll('button')].indexOf(button)}) })"""


def example_strip(paths: Sequence[Path], photo: gr.Image) -> None:
    """Fills the current container; a click on an example puts it into the field `photo`."""
    buttons = "".join(_button(path) for path in paths)
    strip = gr.HTML(
        f"<div class='strip' role='group' aria-label='{label('inputs.examples')}'>{buttons}</div>",
        elem_id="examples",
        elem_classes="plain",
        js_on_load=PRESSED,
    )

    def chosen(event: gr.EventData) -> Path:
        return paths[min(max(int(event.index), 0), len(paths) - 1)]

    strip.click(chosen, None, photo, queue=False, show_progress="hidden", api_visibility="private")


def example_name(path: Path) -> Any:
    """What an example shows, in the visitor's language where there is a text."""
    name = short_name(path)
    key = f"inputs.example_{name}"
    return label(key) if key in all_words() else re.sub(r"[-_]+", " ", name)


def short_name(path: Path) -> str:
    """What an example shows, by the name of its file: 2-cat.jpg is a cat."""
    return re.sub(r"^\d+\W+", "", path.stem)


def _button(path: Path) -> str:
    """HTML; the texts of the page are put into the visitor's language by the browser."""
    name = example_name(path)
    shown = html.escape(name) if isinstance(name, str) else str(name)
    try:
        image = f"<img alt='{shown}' width='{SIDE}' height='{SIDE}' src='{_small(path)}'>"
    except ImageError:  # the page says so to whoever chooses it
        image = shown
    return f"<button type='button' title='{shown}'>{image}</button>"


def _small(path: Path) -> str:
    """A square cut from the middle, as a data URI."""
    image = open_image(path)
    if not isinstance(image, Image.Image):
        raise TypeError("only images that browsers show are examples")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    image = image.convert("RGB").crop((left, top, left + side, top + side)).resize((SIDE, SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=80)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"

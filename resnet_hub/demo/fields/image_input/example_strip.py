"""The strip of example images: small pictures with names, one of which a click puts into the image field."""

from __future__ import annotations

import base64
import html
import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from resnet_hub.demo.examples import ExampleImages, find_examples
from resnet_hub.demo.serving import Inference
from resnet_hub.demo.text import all_words, own_label, say
from resnet_hub.errors import LANGUAGES, ImageError
from resnet_hub.preprocessing import open_image

SIDE = 112
"""Pixels of a small picture's sides: about twice what it is shown at, for screens with small pixels."""
# In the browser: which of the buttons was pressed.
PRESSED = """element.addEventListener('click', event => {
const button = event.target.closest('button');
if (button) trigger('click', {index: [...element.querySelectorAll('button')].indexOf(button)}) })"""


# In the browser: the examples that suit the network in use are seen, in their order, and no others; where none does, a
# line says so.
SHOW_FITTING = """fitting => {
if (!fitting) return;
const {numbers, known} = JSON.parse(fitting);
document.querySelectorAll('#examples p').forEach(line => { line.hidden = known });
document.querySelectorAll('#examples button').forEach((button, index) => {
  button.hidden = !numbers.includes(index); button.style.order = numbers.indexOf(index) }) }"""


def example_strip(
    page: gr.Blocks,
    inference: Inference,
    paths: Sequence[Path],
    first: ExampleImages,
    network: gr.Textbox,
    photo: gr.Image,
    noted: str,
) -> Any:
    """Fills the current container; a click on an example puts it into the field `photo`.

    Args:
        page: The page as a whole.
        inference: The networks.
        paths: All images that may be an example here.
        first: Those of them that the page opens with; they come first.
        network: The name of the network in use; the strip shows the images that suit it.
        photo: The image field.
        noted: What the browser does before a click is answered, in JavaScript.

    Returns:
        The event of a click, with gradio's `then`.
    """
    small = [_small(path) for path in paths]
    strip = gr.HTML(
        own_label(page, {language: _strip(paths, small, first, language) for language in LANGUAGES}),
        elem_id="examples",
        elem_classes="plain",
        js_on_load=PRESSED,
    )
    fitting = gr.Textbox("", visible="hidden")

    def chosen(event: gr.EventData) -> Path:
        return paths[min(max(int(event.index), 0), len(paths) - 1)]

    async def suit(name: str) -> Any:
        try:
            model = await inference.open(name)
        except Exception:  # its answer says what is wrong
            return gr.skip()
        place = inference.pool.place_of(model.name)
        suited = await inference.aside(find_examples, place, model.classifier.label_names)
        numbers = [paths.index(path) for path in suited.paths if path in paths]
        return json.dumps({"numbers": numbers, "known": suited.known})

    click = strip.click(chosen, None, photo, js=noted, queue=False, show_progress="hidden", api_visibility="private")
    network.change(suit, network, fitting, queue=False, show_progress="hidden", api_visibility="private")
    fitting.change(None, fitting, None, js=SHOW_FITTING, api_visibility="private")
    return click


def example_name(path: Path, language: str) -> str:
    """What an example shows, in a visitor's language where there is a text."""
    name = short_name(path)
    key = f"inputs.example_{name}"
    return say(key, language) if key in all_words() else re.sub(r"[-_]+", " ", name)


def short_name(path: Path) -> str:
    """What an example shows, by the name of its file: 2-cat.jpg is a cat."""
    return re.sub(r"^\d+\W+", "", path.stem)


def _strip(paths: Sequence[Path], small: Sequence[str | None], first: ExampleImages, language: str) -> str:
    """HTML: a button for each example, with its small picture where it can be read; only the `first` ones are seen.

    Below them stands that the network knows none of them, where that is so.
    """
    buttons = []
    for number, (path, source) in enumerate(zip(paths, small, strict=True)):
        name = html.escape(example_name(path, language))
        image = name if source is None else f"<img alt='{name}' width='{SIDE}' height='{SIDE}' src='{source}'>"
        hidden = "" if number < len(first.paths) else " hidden"
        buttons.append(f"<button type='button' title='{name}'{hidden}>{image}</button>")
    words = html.escape(say("inputs.examples", language))
    unknown = f"<p class='quiet'{' hidden' if first.known else ''}>{html.escape(say('inputs.unknown', language))}</p>"
    return f"<div class='strip' role='group' aria-label='{words}'>{''.join(buttons)}</div>{unknown}"


def _small(path: Path) -> str | None:
    """A square cut from the middle, as a data URI; None where it cannot be read, which is said when it is chosen."""
    try:
        image = open_image(path)
    except ImageError:
        return None
    if not isinstance(image, Image.Image):
        raise TypeError("only images that browsers show are examples")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    image = image.convert("RGB").crop((left, top, left + side, top + side)).resize((SIDE, SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=80)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"

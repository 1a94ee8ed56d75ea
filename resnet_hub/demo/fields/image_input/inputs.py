"""The left side of the page: an image, and the network that is asked about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from resnet_hub.demo.examples import ExampleImages, all_examples
from resnet_hub.demo.fields.answer_html import refusal
from resnet_hub.demo.fields.endpoints import AT_ONCE
from resnet_hub.demo.fields.image_input.example_strip import example_strip
from resnet_hub.demo.fields.image_input.photo import kept_image, photo_field, upload_button
from resnet_hub.demo.fields.network_choice import network_choice
from resnet_hub.demo.serving import Inference
from resnet_hub.demo.text import label, language_of, sentence_of

# In the browser: presses a button that is not seen, once for each image that comes, and once more where the same one is
# chosen again. Gradio tells of changes of an image, and of any field that holds which one it is, over and over: it
# copies the fields whenever an event of a container around them goes on. Events that listened to those would lead to
# the next ones without end.
PRESS = "window.imageTold = Date.now(); document.querySelector('#image-arrival').click()"
CHANGED = f"""photo => {{
const path = photo?.path ?? '';
if (path === window.imageShown) return;
window.imageShown = path;
{PRESS} }}"""
NOTE = "window.imageBefore = window.imageShown"
AGAIN = f"photo => {{ if (photo?.path && photo.path === window.imageBefore) {{ {PRESS} }} }}"
# After a file was dropped or chosen in the field itself, which nothing can note before it is there.
DROPPED = f"""photo => {{
const isOld = Date.now() - (window.imageTold ?? 0) > 2000;
if (photo?.path === window.imageShown && isOld) {{ {PRESS} }} }}"""


@dataclass(frozen=True)
class Inputs:
    """What is asked: an image and a network; every tab about one image listens to these."""

    photo: gr.Image
    """The image; its events need `preprocess=False`, and `Inference.uploaded` reads them."""
    network: gr.Textbox
    """The name of the network in use; empty for the page's own."""
    choice: gr.Dropdown
    """Where a visitor writes or searches the name of a network."""
    facts: gr.HTML
    """What is known of the chosen network."""
    arrival: gr.Button
    """Pressed when another image is there, or the same was chosen once more; `photo.change` comes too often."""


def input_panel(page: gr.Blocks, inference: Inference, examples: ExampleImages) -> Inputs:
    """Fills the current row: the image above the examples, and a closed drawer with all else that can be asked."""
    network = gr.Textbox("", visible="hidden", elem_id="network-in-use")
    arrival, chosen = gr.Button("", visible="hidden", elem_id="image-arrival"), []
    with gr.Column(elem_classes="asked"):
        with gr.Column(elem_classes="inputs"):
            photo = photo_field(
                label=label("inputs.image"),
                show_label=False,
                value=str(examples.paths[0]) if examples.paths else None,
                buttons=["fullscreen"],
                height=320,
                elem_id="photo",
                alt_text=label("inputs.chosen"),
                placeholder=label("inputs.drop"),
            )
            with gr.Row(elem_classes="choices"):
                if examples.paths:
                    paths = all_examples(examples, inference.pool.folders.values())
                    noted = f"() => {{ {NOTE} }}"
                    chosen.append(example_strip(page, inference, paths, examples, network, photo, noted))
                chosen.append(upload_button(photo, NOTE))
        with (
            gr.Column(elem_classes="others"),
            gr.Accordion(label("inputs.others"), open=False, elem_id="others"),
        ):
            chosen.append(_address(inference, photo))
            choice, facts = network_choice(page, inference, network)
    photo.change(None, photo, js=CHANGED, api_visibility="private")
    photo.upload(None, photo, js=DROPPED, api_visibility="private")
    for event in chosen:
        event.then(None, photo, js=AGAIN, api_visibility="private")
    return Inputs(photo, network, choice, facts, arrival)


def _address(inference: Inference, photo: gr.Image) -> Any:
    """A line for the address of an image on the web, which becomes the image; returns the event."""
    with gr.Row(equal_height=True, elem_classes="address"):
        address = gr.Textbox(
            label=label("inputs.address"), placeholder="https://", max_length=2000, scale=5, elem_id="address"
        )
        fetch = gr.Button(label("inputs.fetch"), scale=1, min_width=90, elem_id="fetch")
    told = gr.HTML(elem_id="address-told", elem_classes="plain")

    async def bring(written: str, request: gr.Request) -> tuple[Any, str]:
        try:
            content = await inference.fetch(written)
            return await inference.aside(kept_image, content, photo), ""
        except Exception as error:
            return gr.skip(), refusal(sentence_of(error, language_of(request)))

    return gr.on(
        [fetch.click, address.submit],
        bring,
        address,
        [photo, told],
        js=f"address => {{ {NOTE}; return address }}",
        concurrency_limit=AT_ONCE,
        concurrency_id="addresses",
        api_visibility="private",
    )

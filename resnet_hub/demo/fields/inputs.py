"""The left side of the page: an image, and the network that is asked about it."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import gradio as gr

from resnet_hub.demo.examples import ExampleImages
from resnet_hub.demo.fields.answer_html import refusal
from resnet_hub.demo.fields.endpoints import AT_ONCE
from resnet_hub.demo.fields.example_strip import example_strip
from resnet_hub.demo.fields.photo import kept_image, photo_field, upload_button
from resnet_hub.demo.serving import Inference, ModelPool, OpenModel
from resnet_hub.demo.text import describe_facts, label, language_of, say, sentence_of
from resnet_hub.registry import list_architectures, published_tags

NETWORK_FACTS = "facts"
"""The queue of requests for facts about networks, and of loading them."""

# In the browser: what a visitor types takes the place of the name that stands there, instead of standing behind it. A
# moment later, for the click that brought the visitor there still has to put its cursor.
SELECTED = """() => { setTimeout(() => {
const field = document.querySelector('#network input');
if (field && field === document.activeElement) field.select() }, 50) }"""


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


def input_panel(inference: Inference, examples: ExampleImages) -> Inputs:
    """Fills the current row: the image above the examples, and a closed drawer with all else that can be asked."""
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
            upload_button(photo)
            if examples.paths:
                example_strip(examples.paths, photo)
    network = gr.Textbox("", visible="hidden", elem_id="network-in-use")
    with (
        gr.Column(elem_classes="others"),
        gr.Accordion(label("inputs.others"), open=False, elem_id="others"),
    ):
        _address(inference, photo)
        choice, facts = _network_choice(inference, network)
    return Inputs(photo, network, choice, facts)


def _address(inference: Inference, photo: gr.Image) -> None:
    """A line for the address of an image on the web, which becomes the image."""
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
            return gr.skip(), _refused(error, language_of(request))

    gr.on(
        [fetch.click, address.submit],
        bring,
        address,
        [photo, told],
        concurrency_limit=AT_ONCE,
        concurrency_id="addresses",
        api_visibility="private",
    )


def _network_choice(inference: Inference, network: gr.Textbox) -> tuple[gr.Dropdown, gr.HTML]:
    """The choice of a network, with what is known of it before it is loaded."""
    pool = inference.pool
    with gr.Group():
        choice = gr.Dropdown(
            offered(pool),
            value=pool.default,
            label=label("inputs.network"),
            info=label("inputs.network_info"),
            allow_custom_value=True,
            filterable=True,
            elem_id="network",
        )
        facts = gr.HTML(elem_id="network-facts", elem_classes="plain", html_template="${value}")
        use = gr.Button(label("inputs.use"), elem_id="use-network", size="sm")

    async def tell(source: str, request: gr.Request) -> str:
        return await _facts_html(inference, source, request)

    async def put_to_use(source: str, request: gr.Request) -> tuple[Any, str]:
        try:
            model = await inference.open(source)
        except Exception as error:
            return gr.skip(), _refused(error, language_of(request))
        return model.name, in_use(model, language_of(request))

    queued: dict[str, Any] = {
        "concurrency_limit": AT_ONCE,
        "concurrency_id": NETWORK_FACTS,
        "api_visibility": "private",
    }
    choice.focus(None, js=SELECTED, api_visibility="private")
    # Without a progress indicator, which would shift the layout and move the button away from under a click.
    choice.input(tell, choice, facts, show_progress="hidden", **queued)
    use.click(put_to_use, choice, [network, facts], **queued)
    return choice, facts


async def _facts_html(inference: Inference, source: str, request: gr.Request) -> str:
    """HTML: what is known of a network that a visitor looks at, or why it cannot be used."""
    try:
        return _line(describe_facts(await inference.pool.facts(source), language_of(request)))
    except Exception as error:
        return _refused(error, language_of(request))


def _refused(error: Exception, language: str) -> str:
    """HTML: why a network or an address cannot be used."""
    return refusal(sentence_of(error, language))


def in_use(model: OpenModel, language: str) -> str:
    """HTML: which network answers from now on."""
    return _line(say("inputs.in_use", language, facts=describe_facts(model.facts, language)))


def _line(text: str) -> str:
    return f"<p class='quiet' role='status'>{html.escape(text)}</p>"


def offered(pool: ModelPool) -> list[str]:
    """The names that a visitor may search: the page's own networks, the owner's folders, published weights."""
    published = [tag.repo_id for name in list_architectures(pretrained=True) for tag in published_tags(name)]
    names = [pool.default, pool.wanted, *pool.folders, *(name for name in published if pool.offers(name))]
    return list(dict.fromkeys(names))

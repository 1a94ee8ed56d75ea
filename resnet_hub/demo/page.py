"""The page as a whole: heading, tabs, what is known about the network, and how it is served."""

from __future__ import annotations

import html
from typing import Any

import gradio as gr

from resnet_hub.demo.appearance import appearance
from resnet_hub.demo.classify import answer_tab, predict_endpoint
from resnet_hub.demo.examples import find_examples
from resnet_hub.demo.inference import Inference
from resnet_hub.demo.link import link_line
from resnet_hub.demo.question import Question, question
from resnet_hub.demo.sessions import MOST_SESSIONS, remember_little
from resnet_hub.demo.settings import PageSettings
from resnet_hub.demo.shelf import OpenModel, Shelf
from resnet_hub.demo.waiting_line import WaitingLine
from resnet_hub.demo.wording import describe_labels
from resnet_hub.demo.words import label, language_of, say, translations

KEEP_SECONDS = 3600
"""How long an uploaded picture stays on the server."""


def build_page(shelf: Shelf, settings: PageSettings) -> gr.Blocks:
    """The page over a shelf with the page's own network on it; not launched, and without having run a network."""
    inference = Inference(settings, shelf)
    with gr.Blocks(
        title=settings.title,
        analytics_enabled=False,
        delete_cache=(KEEP_SECONDS // 6, KEEP_SECONDS),
    ) as page:
        gr.HTML(f"<h1>{html.escape(settings.title)}</h1>", elem_id="heading", elem_classes="plain")
        gr.HTML(label("page.lead"), elem_id="lead", elem_classes="plain")
        with gr.Tabs(), gr.Tab(label("page.one"), id="one"):
            asked = _one_picture(page, inference)
        with gr.Accordion(label("page.about"), open=False):
            about = gr.HTML(elem_classes="plain", elem_id="about")
        with gr.Accordion(label("page.how"), open=False):
            gr.Markdown(label("page.how_text"))
        limits = gr.HTML(elem_classes="plain", elem_id="limits")
        _told_at_the_start(page, inference, about, limits)
        asked.network.change(_about(inference), asked.network, about, api_visibility="private")
        predict_endpoint(inference)
    page.queue(max_size=settings.max_queue)
    page._queue = WaitingLine.of(page, settings.max_queue)
    return page


def _one_picture(page: gr.Blocks, inference: Inference) -> Question:
    """Fills the current container: what is asked on the left, a tab for each kind of answer on the right."""
    with gr.Row(equal_height=False, elem_classes="classify"):
        with gr.Column(elem_classes="question"):
            asked = question(inference, find_examples(inference.settings.model))
            place_of_link = gr.Column()
        with gr.Column(elem_classes="answer"), gr.Tabs(), gr.Tab(label("classify.tab"), id="answer"):
            top_k = answer_tab(asked, inference)
    with place_of_link:
        link_line(page, asked, top_k, inference)
    return asked


def _told_at_the_start(page: gr.Blocks, inference: Inference, about: gr.HTML, limits: gr.HTML) -> None:
    """Fills, in the visitor's language, what no browser can translate by itself."""
    settings = inference.settings

    def tell(request: gr.Request) -> tuple[str, str]:
        language = language_of(request)
        words = say("page.privacy", language, file_mb=settings.max_file_mb, minutes=KEEP_SECONDS // 60)
        return describe_model(inference.shelf.own, language), f"<p class='quiet'>{html.escape(words)}</p>"

    page.load(tell, None, [about, limits], queue=False, api_visibility="private")


def _about(inference: Inference) -> Any:
    async def tell(network: str, request: gr.Request) -> str:
        return describe_model(await inference.open(network), language_of(request))

    return tell


def describe_model(model: OpenModel, language: str) -> str:
    """HTML: a list of what the network is and where it came from."""
    classifier = model.classifier
    parameters = sum(parameter.numel() for parameter in classifier.model.parameters())
    facts = {
        "network": classifier.model.config.architecture,
        "parameters": say("page.parameters_value", language, millions=f"{parameters / 1e6:.1f}"),
        "classes": describe_labels(classifier.label_names),
        "source": model.name,
        "licence": model.facts.licence or say("page.no_licence", language),
        "input": classifier.preprocessing.in_words(),
        "computes": classifier.precision,
    }
    rows = "".join(
        f"<dt>{say(f'page.{name}', language)}</dt><dd>{html.escape(value)}</dd>" for name, value in facts.items()
    )
    return f"<dl class='facts'>{rows}</dl>"


def launch_page(page: gr.Blocks, settings: PageSettings) -> None:
    """Serves the page in the background; `page.block_thread()` waits, `page.close()` ends it."""
    page.launch(
        server_name=settings.host,
        server_port=settings.port,
        prevent_thread_lock=True,
        quiet=True,
        share=False,
        ssr_mode=False,
        # Errors that we did not phrase stay in the log: only sentences raised as gr.Error reach a visitor.
        show_error=False,
        run_history=False,
        enable_monitoring=False,
        max_file_size=f"{settings.max_file_mb}mb",
        footer_links=["api", "gradio", "settings"],
        i18n=translations(),
        state_session_capacity=MOST_SESSIONS,
        **appearance(),
    )
    remember_little(page)

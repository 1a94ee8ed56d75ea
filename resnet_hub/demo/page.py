"""The page as a whole: heading, tabs, what is known about the network, and how it is served."""

from __future__ import annotations

import html

import gradio as gr

from resnet_hub.classifier import ImageClassifier
from resnet_hub.demo.appearance import appearance
from resnet_hub.demo.classify import classify_tab, describe_model
from resnet_hub.demo.examples import find_examples
from resnet_hub.demo.settings import PageSettings
from resnet_hub.errors import ConfigError

KEEP_SECONDS = 3600
"""How long an uploaded picture stays on the server."""

LEAD = """
Upload a picture, take one, paste one or try an example: a residual network says which of its {classes:,} classes fit
best. Residual means that each of its blocks adds a correction to what the block before it found, <i>y = x + F(x)</i>,
and that is why a network this deep can learn at all.
"""

HOW_IT_WORKS = """
A residual network looks at a picture through a tall stack of small blocks. Each block receives what the block below
found, works out a correction **F(x)** and adds it: **y = x + F(x)**. Because the shortcut carries **x** along
unchanged, a block that has nothing to add does no harm, and networks of fifty or a hundred layers can still be trained
([He et al., 2015](https://arxiv.org/abs/1512.03385)).

The last layer turns what was found into one score per class; {scores}. A network knows only its own
classes: shown anything else, it still names one of them, so read a high score as "the best match I know", not as proof.
"""
SCORES = {
    "single_label": "the scores add up to 1",
    "multi_label": "each is a probability of its own, for a picture may belong to several classes",
}


def build_page(classifier: ImageClassifier, settings: PageSettings) -> gr.Blocks:
    """The page for `classifier`, not launched and without having run the network.

    Raises:
        ConfigError: The network gives numbers instead of classes.
    """
    task = classifier.model.config.task
    if task not in SCORES:
        raise ConfigError(f"the page shows classes, but this network is for {task!r}; ask it from Python instead")
    with gr.Blocks(
        title=settings.title,
        analytics_enabled=False,
        delete_cache=(KEEP_SECONDS // 6, KEEP_SECONDS),
    ) as page:
        gr.HTML(
            f"<h1>{html.escape(settings.title)}</h1><p>{LEAD.format(classes=classifier.model.num_classes)}</p>",
            elem_id="heading",
            elem_classes="plain",
        )
        classify_tab(classifier, find_examples(settings.model))
        with gr.Accordion("About this network", open=False):
            gr.HTML(describe_model(classifier, settings.model), elem_classes="plain")
        with gr.Accordion("How does a residual network work?", open=False):
            gr.Markdown(HOW_IT_WORKS.format(scores=SCORES[task]))
    page.queue(max_size=settings.max_queue)
    return page


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
        **appearance(),
    )

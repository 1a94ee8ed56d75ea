"""The tab for many images at once, and `/classify_batch`."""

from __future__ import annotations

import asyncio
import html
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from time import monotonic
from typing import Any, TypedDict

import gradio as gr

from resnet_hub.demo.fields import (
    DOWNLOADS,
    GALLERY,
    as_json,
    downloads,
    endpoint,
    failures,
    files_field,
    groups,
    refusal,
    table,
)
from resnet_hub.demo.intake import expected_count, uploaded_files
from resnet_hub.demo.overrides import Stops
from resnet_hub.demo.serving import (
    MOST_THUMBNAILS,
    ImageAnswer,
    Inference,
    OpenModel,
    archive_limits,
    checked_top_k,
    image_answers,
)
from resnet_hub.demo.tabs.answer_details import USUAL_CLASSES
from resnet_hub.demo.tabs.classify import Ranked
from resnet_hub.demo.tabs.page_tab import BuiltTab, TabContext
from resnet_hub.demo.text import PageError, counted, label, language_of, names_in, say, sentence_of

RUNS = "runs"
"""The queue of those who sent many images."""
RUNS_AT_ONCE = 2
"""Runs that share the networks with all other visitors; further ones wait."""
EVERY = 0.5
"""Seconds between two looks at a run."""


class ImageResult(TypedDict):
    """What /classify_batch says of one image."""

    name: str
    predictions: list[Ranked]
    problem: str | None


def batch_tab(context: TabContext) -> BuiltTab:
    """Fills the current container; the network in use answers."""
    inference = context.inference
    gr.HTML(label("batch.lead"), elem_classes="plain quiet")
    limits = gr.HTML(elem_id="batch-limits", elem_classes="plain")
    files = files_field(label=label("batch.files"), height=200, elem_id="files")
    with gr.Row():
        start = gr.Button(label("batch.start"), variant="primary", elem_id="batch-start")
        stop = gr.Button(label("batch.stop"), elem_id="batch-stop")
    status = gr.HTML(elem_id="batch-progress", elem_classes="plain", min_height=60)
    problems = gr.HTML(elem_id="batch-failed", elem_classes="plain")
    links = gr.HTML(None, html_template=DOWNLOADS, elem_id="batch-downloads", elem_classes="plain")
    gallery = gr.HTML(None, html_template=GALLERY, elem_id="batch-gallery", elem_classes="plain")
    rows = _table_field()
    stops = Stops(context.page)

    async def show(sent: Any, network: str, request: gr.Request) -> AsyncGenerator[tuple[Any, ...], None]:
        language = language_of(request)
        try:
            run, last = _shown(inference, sent, network, language), (stopped_words(language), *[gr.skip()] * 4)
            async with aclosing(stops.parts(request.session_hash, run, last)) as parts:
                async for part in parts:
                    yield part
        except Exception as error:
            yield refusal(sentence_of(error, language)), *[gr.skip()] * 4

    def stopped_words(language: str) -> str:
        return _paragraph(say("batch.stopped", language))

    async def stopped(request: gr.Request) -> Any:
        tells_itself = await stops.stop(request.session_hash)
        return gr.skip() if tells_itself else stopped_words(language_of(request))

    stops.begin_on(
        start,
        show,
        [files, context.inputs.network],
        [status, problems, links, gallery, rows],
        preprocess=False,
        show_progress="minimal",
        show_progress_on=[status],
        concurrency_limit=RUNS_AT_ONCE,
        concurrency_id=RUNS,
    )
    context.page.load(_limits(inference), None, limits, queue=False, api_visibility="private")
    stop.click(stopped, None, status, queue=False, api_visibility="private")
    return BuiltTab(files=files, told=[status])


def _table_field() -> gr.Dataframe:
    return gr.Dataframe(
        type="array",
        label=label("batch.table"),
        interactive=False,
        wrap=True,
        show_search="search",
        buttons=["copy"],
        max_height=420,
        column_widths=["29%", "24%", "24%", "23%"],
        elem_id="batch-table",
    )


def _limits(inference: Inference) -> Any:
    """What tells, in the visitor's language, how much may be sent."""
    settings = inference.settings
    most = {"mb": settings.max_file_mb, "zip_mb": settings.max_zip_mb}

    def tell(request: gr.Request) -> str:
        language = language_of(request)
        words = say("batch.limits", language, images=counted(settings.max_images, language), **most)
        return f"<p class='quiet'>{html.escape(words)}</p>"

    return tell


async def _shown(inference: Inference, sent: Any, network: str, language: str) -> AsyncGenerator[tuple[Any, ...], None]:
    """What the fields show while the images are answered, every half second."""
    files = uploaded_files(sent)
    if not files:
        raise PageError("tabs.no_files")
    model = await inference.open(network)
    expected = await inference.aside(expected_count, files, archive_limits(inference.settings))
    yield _progress(0, expected, language), "", None, None, None
    answers: list[ImageAnswer] = []
    started = monotonic()
    running = image_answers(inference, model, files, USUAL_CLASSES, language=language, thumbnails=MOST_THUMBNAILS)
    async with aclosing(running) as run, aclosing(_in_steps(run)) as steps:
        async for answers in steps:
            yield _progress(len(answers), max(expected, len(answers)), language), *_view(answers, model, language)
    failed = sum(answer.problem is not None for answer in answers)
    words = say(
        "batch.done",
        language,
        count=counted(len(answers) - failed, language),
        failed=counted(failed, language),
        seconds=f"{monotonic() - started:.1f}",
        model=model.name,
    )
    yield _paragraph(words), *_view(answers, model, language)


async def _in_steps(run: AsyncGenerator[ImageAnswer, None]) -> AsyncGenerator[list[ImageAnswer], None]:
    """All answers so far: after each half second that brought some, and at the end."""
    answers: list[ImageAnswer] = []
    coming = asyncio.ensure_future(anext(run, None))
    try:
        while True:
            told, end = len(answers), monotonic() + EVERY
            while (await asyncio.wait({coming}, timeout=max(0.0, end - monotonic())))[0]:
                answer = coming.result()
                if answer is None:
                    yield answers
                    return
                answers.append(answer)
                coming = asyncio.ensure_future(anext(run, None))
            if len(answers) > told:
                yield answers
    finally:
        coming.cancel()
        with suppress(asyncio.CancelledError):
            await coming


def _view(answers: list[ImageAnswer], model: OpenModel, language: str) -> tuple[Any, ...]:
    names = names_in(model.classifier.label_names, language)
    return (
        failures(answers, language),
        downloads(answers, model.name, language),
        groups(answers, names, language),
        table(answers, names, language),
    )


def _paragraph(words: str) -> str:
    return f"<p role='status'>{html.escape(words)}</p>"


def _progress(done: int, expected: int, language: str) -> str:
    """HTML: how far a run is, in words and as a bar."""
    words = say("batch.progress", language, done=counted(done, language), expected=counted(expected, language))
    bar = f"<progress max='{max(1, expected)}' value='{done}' aria-label='{html.escape(words)}'></progress>"
    return _paragraph(words) + bar


def classify_batch_endpoint(inference: Inference) -> None:
    """Adds /classify_batch."""

    async def classify_batch(
        files: list[dict[str, Any]] | None, top_k: float = USUAL_CLASSES, model: str = ""
    ) -> list[ImageResult]:
        """The most likely classes of many images.

        Args:
            files: Images, and zip archives of images.
            top_k: How many classes to return for each, 1 to 20.
            model: A residual network: owner/name on the Hub, or a published name such as resnet50.a1_in1k; the page's
                own where empty.

        Returns:
            For each image, in the order of the files: its name; the best classes with their scores from 0 to 1; and,
            where it could not be answered, the problem in a sentence.
        """
        sent = uploaded_files(files)
        if not sent:
            raise PageError("tabs.no_files")
        most = checked_top_k(top_k)
        chosen = await inference.open(model)
        async with aclosing(image_answers(inference, chosen, sent, most, language="en")) as run:
            return [ImageResult(**as_json(answer)) async for answer in run]  # type: ignore[typeddict-item]

    inputs = [
        files_field(label="files", visible=False),
        gr.Number(USUAL_CLASSES, label="top_k", visible=False),
        gr.Textbox("", label="model", visible=False),
    ]
    endpoint(classify_batch, "classify_batch", inputs, at_once=RUNS_AT_ONCE, queue=RUNS)

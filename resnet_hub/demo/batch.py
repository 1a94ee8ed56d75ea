"""The tab for many pictures: files and zips in, a table, a gallery by class and downloads out, while it still works."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, TypedDict, cast

import gradio as gr

from resnet_hub.demo.api import endpoint
from resnet_hub.demo.classify import USUAL_CLASSES, Ranked
from resnet_hub.demo.inference import Inference, checked_top_k
from resnet_hub.demo.photo import uploaded_path
from resnet_hub.demo.question import Question
from resnet_hub.demo.refusal import Refusal, with_refusals
from resnet_hub.demo.sorting import (
    SortedPicture,
    as_json,
    downloads,
    failures,
    gallery,
    sorted_pictures,
    table_rows,
)
from resnet_hub.demo.words import label, language_of, say

BATCHES = "batches"
"""The queue of visitors with many pictures."""
AT_A_TIME = 4
"""Visitors with many pictures who are served at the same time; single pictures come in between anyway."""
MOST_FILES = 1000
"""Files that are sent together at most; pictures are counted apart, for zips hold many."""


# Gradio's own description of a list of files has references in it, which its tools for agents do not follow.
FILES: dict[str, Any] = {
    "type": "array",
    "items": {
        "title": "File",
        "type": "object",
        "properties": {
            "path": {"type": "string"},
            "meta": {"type": "object", "properties": {"_type": {"const": "gradio.FileData", "type": "string"}}},
        },
    },
}


class BatchAnswer(TypedDict):
    """What /classify_batch says of one picture."""

    name: str
    predictions: list[Ranked]
    problem: str | None


def batch_tab(page: gr.Blocks, question: Question, inference: Inference) -> None:
    """Fills the current container; the network is the one in use."""
    with gr.Row(equal_height=False, elem_classes="classify"):
        with gr.Column(elem_classes="question"):
            files = gr.File(
                label=label("batch.files"), file_count="multiple", file_types=["image", ".zip"], elem_id="files"
            )
            limits = gr.HTML(elem_classes="plain", elem_id="batch-limits")
            start = gr.Button(label("batch.start"), variant="primary", elem_id="batch-start")
            stop = gr.Button(label("batch.stop"), elem_id="batch-stop")
        with gr.Column(elem_classes="answer"):
            progress = gr.HTML(label("batch.waiting"), elem_id="batch-progress", elem_classes="plain")
            links = gr.HTML(elem_id="batch-downloads", elem_classes="plain")
            failed = gr.HTML(elem_id="batch-failed", elem_classes="plain")
            pictures = gr.HTML(elem_id="batch-gallery", elem_classes="plain")
            table = gr.Dataframe(
                type="array",
                label=label("batch.table"),
                interactive=False,
                wrap=True,
                column_widths=["32%", "28%", "18%", "22%"],
                elem_id="batch-table",
            )

    @with_refusals
    async def sort(
        chosen: list[Mapping[str, Any]] | None, network: str, request: gr.Request
    ) -> AsyncIterator[tuple[Any, ...]]:
        language = language_of(request)
        places = uploaded_files(chosen)
        if not places:
            raise Refusal(say("batch.nothing", language))
        model = await inference.open(network)
        so_far: list[SortedPicture] = []
        async for so_far in sorted_pictures(inference, model, places, USUAL_CLASSES, language):
            yield _shown(so_far, language, finished=False)
        yield _shown(so_far, language, finished=True)

    working = start.click(
        sort,
        [files, question.network],
        [progress, links, failed, pictures, table],
        preprocess=False,
        concurrency_limit=AT_A_TIME,
        concurrency_id=BATCHES,
        api_visibility="private",
    )
    stop.click(None, cancels=[working])

    def tell(request: gr.Request) -> str:
        settings = inference.settings
        words = say(
            "batch.limits", language_of(request), pictures=f"{settings.max_pictures:,}", mb=settings.max_file_mb
        )
        return f"<p class='quiet'>{html.escape(words)}</p>"

    page.load(tell, None, limits, queue=False, api_visibility="private")


def batch_endpoint(inference: Inference) -> None:
    """Adds /classify_batch."""

    async def classify_batch(
        files: list[dict[str, Any]] | None, top_k: float = USUAL_CLASSES, model: str = ""
    ) -> list[BatchAnswer]:
        """The most likely classes of many pictures.

        Args:
            files: Pictures, and zips of pictures.
            top_k: How many classes to return of each, 1 to 20.
            model: A residual network: owner/name on the Hub, or a published name such as resnet50.a1_in1k; the page's
                own where empty.

        Returns:
            For each picture, in the order of the files, its name and its best classes with scores from 0 to 1, or the
            problem that kept it from being classified.
        """
        most = checked_top_k(top_k)
        places = uploaded_files(files)
        if not places:
            raise Refusal(say("batch.nothing", "en"))
        network = await inference.open(model)
        steps = [so_far async for so_far in sorted_pictures(inference, network, places, most, "en")]
        return [cast(BatchAnswer, as_json(one)) for one in (steps[-1] if steps else [])]

    files = gr.File(label="files", file_count="multiple", visible=False)
    files.api_info = lambda: FILES
    inputs = [
        files,
        gr.Number(USUAL_CLASSES, label="top_k", visible=False),
        gr.Textbox("", label="model", visible=False),
    ]
    endpoint(classify_batch, "classify_batch", inputs)


def uploaded_files(files: object) -> list[tuple[str, Path]]:
    """Names and places of the files in a field, none where it is empty.

    Raises:
        Refusal: They are too many, or one was not uploaded to this page.
    """
    if not files:
        return []
    if not isinstance(files, list):
        raise Refusal("files must be a list of uploaded files")
    if len(files) > MOST_FILES:
        raise Refusal(f"there are {len(files):,} files, and at most {MOST_FILES:,} are taken together; send fewer")
    places = []
    for file in files:
        path = uploaded_path(file)
        places.append((str(file.get("orig_name") or path.name), path))
    return places


def _shown(pictures: list[SortedPicture], language: str, *, finished: bool) -> tuple[Any, ...]:
    """What the fields of the tab show; the gallery, which is large, at the end only."""
    bad = sum(one.problem is not None for one in pictures)
    words = say("batch.done" if finished else "batch.progress", language, done=len(pictures) - bad, failed=bad)
    headers = [say(f"batch.{name}", language) for name in ("file", "class", "score", "second")]
    return (
        f"<p role='status'>{html.escape(words)}</p>",
        downloads(pictures, language),
        failures(pictures, language),
        gallery(pictures, language) if finished else gr.skip(),
        {"headers": headers, "data": table_rows(pictures)},
    )

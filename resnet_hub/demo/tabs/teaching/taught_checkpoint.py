"""What was taught as a checkpoint to take away, and the command that trains the whole network on the same images."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZIP_STORED, ZipFile

import gradio as gr

from resnet_hub.demo.fields import finetune_command, refusal
from resnet_hub.demo.intake import check_disk
from resnet_hub.demo.overrides import keep_file
from resnet_hub.demo.serving import OpenModel
from resnet_hub.demo.tabs.page_tab import TabContext
from resnet_hub.demo.text import PageError, label, language_of, sentence_of
from resnet_hub.few_shot import FewShotHead

FOLDER = "taught"
"""The checkpoint folder in the archive."""


def keep_taught(context: TabContext, key: gr.Textbox, version: gr.Textbox) -> None:
    """A drawer, which is there once something was learned, with a button that packs the checkpoint."""
    inference = context.inference
    with gr.Accordion(label("teach.keep"), open=False, visible=False, elem_id="teach-keep") as drawer:
        gr.HTML(label("teach.keep_text"), elem_classes="plain quiet")
        pack = gr.Button(label("teach.pack"), elem_id="teach-pack")
        told = gr.HTML(elem_id="teach-pack-told", elem_classes="plain")
        packed = gr.File(label=label("teach.packed"), interactive=False, visible=False, elem_id="teach-packed")
        command = gr.HTML(elem_id="teach-command", elem_classes="plain")

    async def show(known: str, request: gr.Request) -> tuple[Any, Any, Any, str]:
        try:
            lesson = inference.lessons.find(known)
        except PageError:
            return gr.Accordion(visible=False), gr.File(None, visible=False), "", ""
        there = lesson.head is not None
        words = finetune_command(lesson.network, language_of(request)) if there else ""
        return gr.Accordion(visible=there), gr.File(None, visible=False), words, ""

    async def make(known: str, request: gr.Request) -> tuple[Any, str]:
        try:
            lesson = inference.lessons.find(known)
            if lesson.head is None:
                raise PageError("tabs.nothing_learned")
            model = await inference.open(lesson.network)
            content = await inference.aside(packed_checkpoint, lesson.head, model)
            check_disk(len(content))
            return gr.File(keep_file(content, f"{FOLDER}.zip", packed), visible=True), ""
        except Exception as error:
            return gr.skip(), refusal(sentence_of(error, language_of(request)))

    version.change(
        show, key, [drawer, packed, command, told], queue=False, show_progress="hidden", api_visibility="private"
    )
    pack.click(
        make, key, [packed, told], concurrency_limit=1, concurrency_id="packing", show_progress_on=[told],
        api_visibility="private",
    )  # fmt: skip


def packed_checkpoint(head: FewShotHead, model: OpenModel) -> bytes:
    """A zip with the checkpoint folder of what was taught. Raises: CheckpointError."""
    with TemporaryDirectory() as folder:
        place = Path(folder) / FOLDER
        head.network(model.classifier.model, model.name).save_pretrained(place)
        archive = Path(folder) / "archive.zip"
        with ZipFile(archive, "w", ZIP_STORED) as file:  # weights hardly get smaller
            for part in sorted(place.iterdir()):
                file.write(part, f"{FOLDER}/{part.name}")
        return archive.read_bytes()

"""The tab that teaches a network classes of a visitor's own, and answers by them about the image beside it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from time import monotonic
from typing import Any

import gradio as gr

from resnet_hub.demo.fields import (
    AT_ONCE,
    TEACH_PRESSED,
    files_field,
    lesson_classes,
    lesson_figures,
    not_taken,
    refusal,
    taught_words,
    told,
)
from resnet_hub.demo.intake import FailedImage, uploaded_files
from resnet_hub.demo.overrides import on_last
from resnet_hub.demo.serving import LONGEST_LABEL, Inference, Lesson, taught, taught_answer
from resnet_hub.demo.tabs.page_tab import BuiltTab, TabContext
from resnet_hub.demo.tabs.teaching.taught_checkpoint import keep_taught
from resnet_hub.demo.text import PageError, counted, label, language_of, say, sentence_of
from resnet_hub.errors import ImageError

LESSONS = "lessons"
"""The queue of images to be learned."""
LESSONS_AT_ONCE = 4
ANSWERS = "taught"
"""The queue of images to be named by what was taught."""
# In the browser. A tab that nobody looks at asks for nothing.
LOOKED_AT = """async (photo, key, version) => {
await new Promise(done => setTimeout(done, 50));
return [photo, document.querySelector('#teach-name')?.offsetParent ? key : '', version] }"""
# In the browser. Gradio forgets in which folder a file was chosen, and that is the name of its class.
REMEMBER_FOLDERS = """() => document.addEventListener('change', event => {
if (event.target.nextElementSibling?.id === 'teach-folder')
  window.chosenFolder = [...event.target.files].map(file => file.webkitRelativePath) }, true)"""
WITH_FOLDERS = r"""(name, sent, network, key, taken) => {
const named = (file, place) => window.chosenFolder?.[place]?.endsWith('/' + file.orig_name)
  ? {...file, orig_name: window.chosenFolder[place]} : file;
const hidden = /(^|\/)(\.|Thumbs\.db$|desktop\.ini$)/;
const files = [sent].flat().filter(Boolean).map(named).filter(file => !hidden.test(file.orig_name));
return [name, files, network, key, taken] }"""
# In the browser: what was learned makes room for the next class; what a visitor wrote or chose meanwhile stays.
TAKE_OUT = """(taken, name, files) => {
const same = {__type__: 'update'};
if (!taken || taken === window.takenOut) return [same, same, ''];
window.takenOut = taken;
const {paths, ...before} = JSON.parse(taken), left = [files ?? []].flat().filter(file => !paths.includes(file.path));
return [name === before.name ? '' : same, left.length ? left : null, ''] }"""
# In the browser: a visitor who leaves is forgotten; nothing else tells that somebody left.
LEAVE = """() => addEventListener('pagehide', () => {
const key = document.querySelector('#teach-key textarea')?.value, config = window.gradio_config;
if (!key) return;
const asked = JSON.stringify({fn_index: EVENT, data: [key], session_hash: 'leaving'});
navigator.sendBeacon(`${config.root}${config.api_prefix ?? ''}/run/predict`,
  new Blob([asked], {type: 'application/json'})) })"""


@dataclass(frozen=True)
class _Fields:
    """What the events of the tab share."""

    name: gr.Textbox
    files: gr.File
    status: gr.HTML
    answer: gr.HTML
    figures: gr.HTML
    classes: gr.HTML
    key: gr.Textbox
    """What opens the visitor's lesson."""
    version: gr.Textbox
    """Changes whenever something else was learned."""
    taken: gr.Textbox
    """What of the name and the files was learned, for the moment until the browser has taken it out of their fields."""

    @property
    def shown(self) -> list[Any]:
        """What changes with a lesson."""
        return [self.status, self.figures, self.classes, self.key, self.version]


def teach_tab(context: TabContext) -> BuiltTab:
    """Fills the current container; learns whenever images come, and answers about the image that all tabs share."""
    answer = gr.HTML(elem_id="teach-answer", elem_classes="plain")
    gr.HTML(label("teach.lead"), elem_classes="plain quiet")
    name = gr.Textbox("", label=label("teach.name"), info=label("teach.name_info"), elem_id="teach-name")
    files = files_field(label=label("teach.files"), height=150, elem_id="teach-files")
    with gr.Row(elem_classes="teach-buttons"):
        add = gr.Button(label("teach.add"), variant="primary", elem_id="teach-add", min_width=90)
        add_photo = gr.Button(label("teach.add_photo"), elem_id="teach-add-photo", min_width=90)
        folder = gr.UploadButton(label("teach.folder"), file_count="directory", elem_id="teach-folder", min_width=90)
    status = gr.HTML(elem_id="teach-told", elem_classes="plain")
    figures = gr.HTML(elem_id="teach-figures", elem_classes="plain")
    classes = gr.HTML(elem_id="teach-classes", elem_classes="plain", js_on_load=TEACH_PRESSED)
    # No gr.State: for its sake gradio would hold a connection to each visitor.
    key = gr.Textbox("", visible="hidden", elem_id="teach-key")
    version = gr.Textbox("", visible="hidden")
    taken = gr.Textbox("", visible="hidden")
    fields = _Fields(name, files, status, answer, figures, classes, key, version, taken)
    _adding(context, fields, add, add_photo, folder)
    _answering(context, fields)
    keep_taught(context, key, version)
    over = gr.Button(label("teach.over"), elem_id="teach-over", size="sm", visible=False)
    gr.HTML(label("teach.kept"), elem_classes="plain quiet")
    _changing(context, fields, over)
    return BuiltTab(told=[answer, status])


def _adding(context: TabContext, fields: _Fields, add: gr.Button, add_photo: gr.Button, folder: gr.Button) -> None:
    """The ways by which images come: files and zips as they are chosen, a folder, the image beside."""
    inference = context.inference

    async def bring(
        name: str, sent: Any, network: str, key: str, taken: str, request: gr.Request
    ) -> AsyncIterator[tuple[Any, ...]]:
        left = [file for file in sent if _path(file) not in taken] if taken and isinstance(sent, list) else sent
        if sent and not left:  # asked twice for what was learned meanwhile
            yield (gr.skip(),) * len(filled)
            return
        async for shown, is_added in _shown(inference, name, left, network, key, language_of(request)):
            # What is left stays to be given another name.
            yield *shown, _taken(name, left) if is_added else gr.skip()

    async def bring_photo(
        name: str, photo: Any, network: str, key: str, request: gr.Request
    ) -> AsyncIterator[tuple[Any, ...]]:
        sent = [photo] if photo else []
        async for shown, _ in _shown(inference, name, sent, network, key, language_of(request)):
            yield shown

    event: dict[str, Any] = {
        "preprocess": False,
        "concurrency_limit": LESSONS_AT_ONCE,
        "concurrency_id": LESSONS,
        "show_progress": "minimal",
        "show_progress_on": [fields.status],
        "api_visibility": "private",
    }
    rest, filled = [context.inputs.network, fields.key], [*fields.shown, fields.taken]
    ways = [fields.files.upload, add.click, fields.name.submit]
    # Images that come while others are learned are learned next.
    on_last(ways, bring, [fields.name, fields.files, *rest, fields.taken], filled, **event)
    context.page.load(None, js=REMEMBER_FOLDERS, api_visibility="private")
    on_last([folder.upload], bring, [fields.name, folder, *rest, fields.taken], filled, js=WITH_FOLDERS, **event)
    on_last([add_photo.click], bring_photo, [fields.name, context.inputs.photo, *rest], fields.shown, **event)
    emptied = [fields.name, fields.files, fields.taken]
    fields.taken.change(None, [fields.taken, *emptied[:2]], emptied, js=TAKE_OUT, api_visibility="private")


def _path(file: Any) -> str:
    """Where a file lies that was sent, as it stands in `_taken`; a NUL, which never does, where nothing says."""
    path = file.get("path") if isinstance(file, dict) else None
    return json.dumps(path) if isinstance(path, str) else "\N{NULL}"


def _taken(name: str, files: Sequence[Any]) -> str:
    """What the browser takes out of the fields; no two are equal."""
    return json.dumps({"name": name, "paths": [file["path"] for file in files], "at": monotonic()})


async def _shown(
    inference: Inference, name: str, sent: Any, network: str, key: str, language: str
) -> AsyncIterator[tuple[tuple[Any, ...], bool]]:
    """What the fields show while images are learned, and at last whether some were added."""
    started = monotonic()
    try:
        files = uploaded_files(sent)
        if not files and key and inference.lessons.find(key).images:  # they were learned as they were chosen
            yield (told(say("teach.nothing_new", language)), gr.skip(), gr.skip(), gr.skip(), gr.skip()), False
            return
        if not files:
            raise PageError("tabs.no_files")
        wanted = _class_name(name)
        if key:
            lesson = inference.lessons.find(key)
            model = await inference.open(lesson.network)
        else:
            model = await inference.open(network)
            key, lesson = inference.lessons.begin(model.name)
            # At once, so that a visitor who leaves in the middle is forgotten.
            yield (told(say("teach.reading", language, count=0)), gr.skip(), gr.skip(), key, gr.skip()), False
        lesson.check_label(wanted or next(iter(lesson.labels), ""))
        async with lesson.turn:
            before, failed = len(lesson.images), list[FailedImage]()
            async with aclosing(taught(inference, model, lesson, files, wanted)) as parts:
                async for failed in parts:  # noqa: B007 (the last ones are told below)
                    words = say("teach.reading", language, count=counted(len(lesson.images) - before, language))
                    yield (told(words), gr.skip(), gr.skip(), key, gr.skip()), False
        if lesson.is_over:
            return
        count = len(lesson.images) - before
        if not count and {one.error.code for one in failed} == {"tabs.no_class_name"}:
            raise failed[0].error
        words = say("teach.added", language, count=counted(count, language), seconds=f"{monotonic() - started:.1f}")
        status = (told(words) if count else "") + not_taken(failed, language)
        yield (status, *_lesson_shown(lesson, key, language)), count > 0
    except Exception as error:
        is_gone = isinstance(error, PageError) and error.code == "tabs.lesson_gone"
        rest = [""] * 4 if is_gone else [gr.skip()] * 4
        yield (refusal(sentence_of(error, language)), *rest), False


def _class_name(name: object) -> str:
    """The name that a visitor wrote, in one line; empty where there is none. Raises: ImageError."""
    words = " ".join(str(name or "").split())
    if len(words) > LONGEST_LABEL:
        raise ImageError("tabs.class_name_long", count=len(words), most=LONGEST_LABEL)
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in words)


def _lesson_shown(lesson: Lesson, key: str, language: str) -> tuple[str, str, str, str]:
    """Figures, classes, key and version."""
    version = json.dumps([key, len(lesson.images), id(lesson.head)])
    return lesson_figures(lesson, language), lesson_classes(lesson, language), key, version


def _answering(context: TabContext, fields: _Fields) -> None:
    """The answer about the image beside, whenever it or what was taught changes."""
    inference, inputs = context.inference, context.inputs

    async def show(photo: dict[str, Any] | None, key: str, _version: str, request: gr.Request) -> Any:
        if not key or photo is None:
            return "" if key else gr.skip()
        language = language_of(request)
        try:
            lesson = inference.lessons.find(key)
            model = await inference.open(lesson.network)
            image = inference.uploaded(photo) or b""
            answer = await taught_answer(inference, model, lesson, image)
            return "" if answer is None else taught_words(answer, lesson, language)
        except Exception as error:
            return refusal(sentence_of(error, language))

    on_last(
        [inputs.arrival.click, fields.version.change, context.tab.select],
        show,
        [inputs.photo, fields.key, fields.version],
        fields.answer,
        preprocess=False,
        js=LOOKED_AT,
        concurrency_limit=AT_ONCE,
        concurrency_id=ANSWERS,
        show_progress="hidden",
        api_visibility="private",
    )


def _changing(context: TabContext, fields: _Fields, over: gr.Button) -> None:
    """Taking classes and images out, adding to one, starting over, and leaving."""
    inference = context.inference

    async def pressed(key: str, request: gr.Request, event: gr.EventData) -> tuple[Any, ...]:
        language = language_of(request)
        kind, _, which = str(event.index)[:200].partition(":")
        try:
            lesson = inference.lessons.find(key)
            if kind == "more":
                return *[gr.skip()] * 5, _label_at(lesson, which)
            async with lesson.turn:
                gone = _label_at(lesson, which) if kind == "class" else None
                lesson.images = [
                    one for one in lesson.images if one.label != gone and (kind != "image" or one.digest.hex() != which)
                ]
                await inference.aside(lesson.learn)
            return "", *_lesson_shown(lesson, key, language), gr.skip()
        except Exception as error:
            return refusal(sentence_of(error, language)), *[gr.skip()] * 5

    def forget(key: str) -> tuple[Any, ...]:
        inference.lessons.forget(key)
        return "", "", "", "", "", "", "", None

    def leave(key: str) -> None:
        inference.lessons.forget(str(key))

    quiet: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
    fields.classes.click(pressed, fields.key, [*fields.shown, fields.name], **quiet)
    over.click(forget, fields.key, [*fields.shown, fields.answer, fields.name, fields.files], **quiet)
    there = "version => ({__type__: 'update', visible: Boolean(version)})"
    fields.version.change(None, fields.version, over, js=there, api_visibility="private")
    leaving = gr.Button(visible=False).click(leave, fields.key, None, **quiet)
    context.page.load(None, js=LEAVE.replace("EVENT", str(leaving["id"])), api_visibility="private")


def _label_at(lesson: Lesson, which: str) -> str | None:
    """The name of the class of this number, as a text; None where there is none."""
    labels = lesson.labels
    return labels[int(which)] if which.isascii() and which.isdigit() and int(which) < len(labels) else None

"""What a visitor teaches as HTML: classes with their pictures, how good the answers are, an answer with its nearest.

Names of classes and files are untrusted text; all of them are escaped in here.
"""

from __future__ import annotations

import base64
import html
import shlex
from collections.abc import Sequence

from resnet_hub.demo.fields.answer_html import score_bars, told
from resnet_hub.demo.intake import FailedImage
from resnet_hub.demo.serving import LearnedImage, Lesson
from resnet_hub.demo.text import counted, measured, percent, say, sentence_of, verdict
from resnet_hub.few_shot import FewShotAnswer, FewShotHead

MOST_SHOWN = 12
"""Pictures of a class that are shown; those that are taken for another class come first."""
# In the browser: what was pressed, by its `data-do`.
PRESSED = """element.addEventListener('click', event => {
const button = event.target.closest('button[data-do]');
if (button) trigger('click', {index: button.dataset.do}) })"""


def lesson_figures(lesson: Lesson, language: str) -> str:
    """How good the head is, or why there is none yet."""
    head = lesson.head
    if head is None:
        problem = lesson.problem
        return told(sentence_of(problem, language)) if problem is not None and lesson.images else ""
    found = head.accuracy
    low, high = (measured(side, language) for side in found.interval)
    words = say(
        "teach.accuracy",
        language,
        right=counted(found.right, language),
        count=counted(found.count, language),
        percent=measured(found.value, language),
        low=low,
        high=high,
    )
    alarms = say("teach.alarms", language, rate=percent(head.familiarity.false_alarms, language))
    network = say("teach.taught_to", language, name=lesson.network)
    quiet = f"<p class='quiet'>{html.escape(alarms)} {html.escape(network)}</p>"
    return told(words) + quiet


def lesson_classes(lesson: Lesson, language: str) -> str:
    """The classes with their pictures, and buttons that add to them and take out of them."""
    if not lesson.images:
        return ""
    taken_for = _taken_for(lesson.head)
    parts = []
    for number, name in enumerate(lesson.labels):
        own = [(place, image) for place, image in enumerate(lesson.images) if image.label == name]
        own.sort(key=lambda pair: pair[0] not in taken_for)
        shown = "".join(_picture(image, taken_for.get(place), language) for place, image in own[:MOST_SHOWN])
        rest = len(own) - MOST_SHOWN
        if rest > 0:
            shown += f"<li class='quiet'>{_said('teach.further', language, count=counted(rest, language))}</li>"
        buttons = _button(f"more:{number}", "teach.more", say("teach.more_of", language, name=name), language)
        buttons += _button(f"class:{number}", "teach.remove", say("teach.remove_class", language, name=name), language)
        heading = f"<h3>{html.escape(name)} <span class='quiet'>({counted(len(own), language)})</span></h3>"
        parts.append(f"<section><header>{heading}{buttons}</header><ul>{shown}</ul></section>")
    return f"<h2 class='quiet'>{_said('teach.classes', language)}</h2>{''.join(parts)}"


def _taken_for(head: FewShotHead | None) -> dict[int, str]:
    """The images that are named wrong, with the class they are taken for."""
    return {} if head is None else {image: head.examples.label_names[said] for image, said in head.accuracy.wrong}


def _picture(image: LearnedImage, taken_for: str | None, language: str) -> str:
    wrong = ""
    if taken_for is not None:
        wrong = f"<small>{_said('teach.taken_for', language, name=taken_for)}</small>"
    words = say("teach.remove_image", language, file=image.name, name=image.label)
    button = f"<button type='button' data-do='image:{image.digest.hex()}' {_named(words)}>&times;</button>"
    kind = " class='wrong'" if wrong else ""
    return f"<li{kind}><img alt='{html.escape(image.name)}' src='{_source(image)}'>{button}{wrong}</li>"


def _button(does: str, key: str, words: str, language: str) -> str:
    return f"<button type='button' data-do='{does}' {_named(words)}>{_said(key, language)}</button>"


def _named(words: str) -> str:
    return f"aria-label='{html.escape(words)}' title='{html.escape(words)}'"


def _source(image: LearnedImage) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(image.thumbnail).decode()}"


def taught_words(answer: FewShotAnswer, lesson: Lesson, language: str) -> str:
    """The answer in a sentence, its bars, and the pictures that are most like what was asked."""
    best = answer.predictions[0]
    if answer.is_none:
        sentence = told(say("teach.none", language))
        words = say("teach.none_because", language) + say(
            "teach.if_one", language, label=best.label, percent=percent(best.score, language)
        )
        sentence += f"<p class='quiet'>{html.escape(words)}</p>"
    else:
        sentence = told(verdict(answer.predictions, language))
    bars = score_bars({one.label: one.score for one in answer.predictions}, language)
    figures = []
    for place, similarity in answer.nearest:
        image = lesson.images[place]
        words = say("teach.similar", language, label=image.label, similarity=f"{similarity:.2f}")
        figures.append(
            f"<figure><img alt='{html.escape(image.name)}' src='{_source(image)}'>"
            f"<figcaption>{html.escape(words)}</figcaption></figure>"
        )
    near = f"<h3 class='quiet'>{_said('teach.nearest', language)}</h3><div class='nearest'>{''.join(figures)}</div>"
    return f"{sentence}<div class='taught{' none' if answer.is_none else ''}'>{bars}<div>{near}</div></div>"


def not_taken(failed: Sequence[FailedImage], language: str) -> str:
    """The files that were not added, and why; empty where all were."""
    if not failed:
        return ""
    rows = "".join(
        f"<li><b>{html.escape(one.name)}</b> {html.escape(sentence_of(one.error, language))}</li>" for one in failed
    )
    heading = _said("teach.left_out", language, count=counted(len(failed), language))
    return f"<div role='alert'><h3>{heading}</h3><ul class='failures'>{rows}</ul></div>"


def finetune_command(network: str, language: str) -> str:
    """The command that trains the whole network on the same pictures."""
    model = shlex.quote(network)
    command = f"resnet-hub finetune --dataset pictures --model {model} --recipe few-shot --output runs/mine"
    return f"<p>{_said('teach.command', language)}</p><pre><code>{html.escape(command)}</code></pre>"


def _said(key: str, language: str, **values: object) -> str:
    return html.escape(say(key, language, **values))

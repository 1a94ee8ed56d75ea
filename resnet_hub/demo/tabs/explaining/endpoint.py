"""/explain: where in an image the evidence for a class is, and what that is worth, for programs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypedDict

import gradio as gr

from resnet_hub.checks import nearest
from resnet_hub.demo.fields import (
    agreement_words,
    data_uri,
    effect_words,
    endpoint,
    map_words,
    photo_field,
    score_words,
)
from resnet_hub.demo.serving import Answer, Inference
from resnet_hub.demo.tabs.explaining.explanation import USUAL_METHOD, Explanation, heat_map_in_parts, judged
from resnet_hub.demo.text import PageError
from resnet_hub.explain import evidence, overlay


class ExplainAnswer(TypedDict):
    """What /explain says of an image and a class."""

    sentence: str
    label: str
    index: int
    score: float
    method: str
    place: str
    other_places: list[str]
    at_edge: bool
    is_evidence: bool
    covered: float
    score_without: float
    score_without_random: float
    largest_drop: float | None
    overlap: float | None
    model: str
    map: str
    overlay: str


def explain_endpoint(inference: Inference) -> None:
    """Adds /explain."""

    async def explain(
        image: dict[str, Any] | None, class_name: str = "", method: str = USUAL_METHOD, model: str = ""
    ) -> ExplainAnswer:
        """Where in an image the evidence for a class is.

        Args:
            image: The image: PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF or HEIC.
            class_name: The class, by its name or its number; the most likely one where empty.
            method: hires-cam or grad-cam, which are quick, or occlusion, which covers up to 64 places one by one.
            model: A residual network: owner/name on the Hub, or a published name such as resnet50.a1_in1k; the page's
                own where empty.

        Returns:
            A sentence; the class with its score from 0 to 1; the place of the strongest evidence (upper_left, upper,
            upper_right, left, center, right, lower_left, lower, lower_right, everywhere or nowhere), other places that
            are nearly as strong, and whether the strongest reaches the edge; the score without the hottest part of the
            map, and on average without a random place of the same shape, the part of the image that is, and whether
            the map is evidence, so that the first is lower; how far the score falls at most when a place is covered,
            and how much of their hottest quarters HiResCAM and occlusion share (both for occlusion only, chance would
            be 0.25); the network that answered; the map in gray, white for the strongest evidence, and in colors over
            what the network saw, both as data URIs of PNG images.
        """
        photo = inference.uploaded(image)
        if photo is None:
            raise PageError("tabs.no_image")
        answer = await inference.classify(photo, model, 1)
        index = class_index(answer, class_name)
        known = Explanation(answer, index, method)
        async for part in heat_map_in_parts(inference, answer, index, method):
            if not isinstance(part, tuple):
                known = replace(known, found=part)
        return as_json(await judged(inference, known))

    inputs = [
        photo_field(inference.fetch, label="image", visible=False),
        gr.Textbox("", label="class_name", visible=False),
        gr.Textbox(USUAL_METHOD, label="method", visible=False),
        gr.Textbox("", label="model", visible=False),
    ]
    endpoint(explain, "explain", inputs)


def as_json(known: Explanation) -> ExplainAnswer:
    """An explanation as JSON."""
    found, effect, answer = known.found, known.effect, known.answer
    if found is None or effect is None:
        raise ValueError("the explanation is not finished")
    where = evidence(found)
    told = map_words(found, "en") + score_words(found, "en")
    worth = [effect_words(effect, "en")] if effect.covered else []
    agree = [] if known.agreement is None else [agreement_words(known.agreement, "en")]
    return {
        "sentence": " ".join([told, *worth, *agree]),
        "label": found.label,
        "index": found.class_index,
        "score": found.score,
        "method": found.method,
        "place": where.place.value,
        "other_places": [place.value for place in where.others],
        "at_edge": where.at_edge,
        "is_evidence": effect.is_worth_the_name,
        "covered": effect.covered,
        "score_without": effect.score_without,
        "score_without_random": effect.score_without_random,
        "largest_drop": found.largest_drop,
        "overlap": None if known.agreement is None else known.agreement.overlap,
        "model": answer.model.name,
        "map": data_uri(found.image()),
        "overlay": data_uri(overlay(answer.classification.seen, found)),
    }


def class_index(answer: Answer, text: object) -> int:
    """The output of this name, in any capitals, or of this number; the best one where empty. Raises: PageError."""
    wanted, names = str(text if text is not None else "").strip(), answer.model.classifier.label_names
    if not wanted:
        return answer.classification.predictions[0].index
    named = [index for index, name in enumerate(names) if name.casefold() == wanted.casefold()]
    if named:
        return max(named, key=lambda index: float(answer.scores[index]))
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 10 and int(wanted) < len(names):
        return int(wanted)
    name = wanted[:100]
    raise PageError("tabs.unknown_class", name=name, last=len(names) - 1, names=nearest(name, names))

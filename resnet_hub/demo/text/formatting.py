"""What the page says in plain words about an answer, a network and its input; no HTML in here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from resnet_hub.classifier import Prediction
from resnet_hub.config import Preprocessing
from resnet_hub.demo.model_facts import ModelFacts
from resnet_hub.demo.text.words import say
from resnet_hub.errors import LANGUAGES

WORTH_MENTIONING = 0.05
"""Score from which the runner-up gets a word."""


def verdict(predictions: Sequence[Prediction], language: str = LANGUAGES[0]) -> str:
    """One sentence about the best one or two of the ranked `predictions`."""
    names = list(distinct_labels(predictions, language))
    sentence = say("classify.likely", language, label=names[0], percent=percent(predictions[0].score, language))
    if len(predictions) > 1 and predictions[1].score >= WORTH_MENTIONING:
        sentence += say("classify.perhaps", language, label=names[1], percent=percent(predictions[1].score, language))
    return sentence + say("classify.end", language)


def percent(score: float, language: str = LANGUAGES[0]) -> str:
    """A score from 0 to 1 as a whole percentage; never 0 or 100 %, which would claim certainty."""
    if score >= 0.995:
        words = say("classify.over", language)
    else:
        words = f"{100 * score:.0f} %" if score >= 0.01 else say("classify.under", language)
    return words.replace(" %", "\N{NO-BREAK SPACE}%")


def distinct_labels(predictions: Sequence[Prediction], language: str = LANGUAGES[0]) -> dict[str, float]:
    """Labels and scores in rank order; two classes of one name (ImageNet has two cranes) are told apart by index."""
    count = Counter(prediction.label for prediction in predictions)
    labels = {}
    for found in predictions:
        numbered = say("classify.class_number", language, label=found.label, index=found.index)
        labels[found.label if count[found.label] == 1 else numbered] = float(found.score)
    return labels


def describe_labels(names: Sequence[str], language: str = LANGUAGES[0], most: int = 12) -> str:
    """How many classes the network knows, and the first `most` by name."""
    rest = len(names) - most
    listed = say("page.comma", language).join(names[:most])
    key = "page.classes_more" if rest > 0 else "page.classes_value"
    return say(key, language, count=f"{len(names):,}", names=listed, rest=f"{rest:,}")


def describe_input(preprocessing: Preprocessing, language: str = LANGUAGES[0]) -> str:
    """How an image becomes the network's input, in one sentence; in English that of the preprocessing itself."""
    channels, height, width = preprocessing.input_size
    grown_height, grown_width = (int(side / preprocessing.crop_pct) for side in (height, width))
    fitting = say(
        f"page.fit_{preprocessing.crop_mode}",
        language,
        width=width,
        height=height,
        grown_width=grown_width,
        grown_height=grown_height,
        shortest=min(grown_height, grown_width),
        longest=max(grown_height, grown_width),
        method=say(f"page.by_{preprocessing.interpolation}", language),
    )
    mean, std = (
        say("page.comma", language).join(f"{value:.3g}" for value in values)
        for values in (preprocessing.mean, preprocessing.std)
    )
    turned = say("page.turned_gray" if channels == 1 else "page.turned", language)
    return say("page.input_value", language, turned=turned, fitting=fitting, mean=mean, std=std)


def describe_facts(facts: ModelFacts, language: str) -> str:
    """One sentence with all that is known of a model before it is loaded."""
    parts = []
    if facts.parameters is not None:
        parts.append(say("inputs.fact_parameters", language, millions=f"{facts.parameters / 1e6:.1f}"))
    if facts.weights_bytes is not None:
        parts.append(say("inputs.fact_size", language, mb=f"{facts.weights_bytes / 1e6:,.1f}"))
    if facts.classes is not None:
        parts.append(say("inputs.fact_classes", language, classes=f"{facts.classes:,}"))
    if facts.top1 is not None:
        parts.append(say("inputs.fact_top1", language, top1=f"{facts.top1:.1f}"))
    license = facts.license or say("page.no_license", language)
    parts.append(say("inputs.fact_license", language, license=license))
    return say("inputs.facts", language, name=facts.name, parts=say("inputs.fact_comma", language).join(parts))


def exact(score: float) -> str:
    """A score with as many digits as a float32 needs to be read back as the same one, however small it is."""
    return f"{score:.9g}"

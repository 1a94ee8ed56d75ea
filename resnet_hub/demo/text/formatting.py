"""What the page says in plain words about an answer, a network and its input; no HTML in here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from resnet_hub.classifier import Prediction
from resnet_hub.config import Preprocessing
from resnet_hub.demo.model_facts import ModelFacts
from resnet_hub.demo.short_list import ListedNetwork
from resnet_hub.demo.text.words import say
from resnet_hub.errors import LANGUAGES

SHOWN = 80
"""Characters of a stranger's text that are repeated."""
UNTOLD = ("other", "unknown")
"""Licenses that name none: the Hub's words for one that it does not know."""
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
        return say("classify.over", language, percent=_with_sign("99", language))
    if score < 0.01:
        return say("classify.under", language, percent=_with_sign("1", language))
    return _with_sign(f"{100 * score:.0f}", language)


def tenths(score: float, language: str = LANGUAGES[0]) -> str:
    """A score from 0 to 1 in percent with one decimal, for columns of numbers; never 0 or 100 % either."""
    number = f"{100 * score:.1f}"
    return _with_sign({"0.0": "< 0.1", "100.0": "> 99.9"}.get(number, number), language)


def measured(share: float, language: str = LANGUAGES[0]) -> str:
    """A share that was counted, with one decimal: 100 % only where it is all, and 0 % only where it is nothing."""
    tenths = round(1000 * share)
    tenths = min(tenths, 999) if share < 1 else tenths
    tenths = max(tenths, 1) if share > 0 else tenths
    return _with_sign(f"{tenths / 10:.{0 if tenths in (0, 1000) else 1}f}", language)


def _with_sign(number: str, language: str) -> str:
    """A number in percent: after a space in English, as in all of the page, and without one in Chinese."""
    return f"{number}%" if language == "zh-CN" else f"{number}\N{NO-BREAK SPACE}%"


def counted(count: int, language: str = LANGUAGES[0]) -> str:
    """A whole number: 1,000 in English; Chinese has no mark in numbers of four digits."""
    return f"{count}" if language == "zh-CN" and count < 10_000 else f"{count:,}"


def rounded(count: int, language: str = LANGUAGES[0]) -> str:
    """A large number, about: in millions or billions, for which Chinese has units of ten thousand and of 10^8."""
    if language != "zh-CN":
        large, unit = count >= 1e9, 1e9 if count >= 1e9 else 1e6
        number = f"{count / unit:.1f}"
    else:
        three = float(f"{count:.3g}")  # digits that count, as in 25.6 million
        large, unit = three >= 1e8, 1e8 if three >= 1e8 else 1e4
        number = f"{three / unit:.10g}"
    return say("numbers.billions" if large else "numbers.millions", language, count=number)


def times(factor: float, language: str = LANGUAGES[0]) -> str:
    """How many times as large something is, with two significant digits: 1.2, 17, 5,100, 38,000,000."""
    if factor < 10:
        return f"{factor:.1f}"
    whole = int(float(f"{factor:.2g}"))
    return rounded(whole, language) if language == "zh-CN" and whole >= 10_000 else counted(whole, language)


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
    return say(key, language, count=counted(len(names), language), names=listed, rest=counted(rest, language))


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


def describe_facts(facts: ModelFacts, language: str, *, loaded: bool = False) -> str:
    """One sentence with all that is known of a model; what it costs to load only where it is not `loaded`."""
    parts = []
    if facts.parameters is not None:
        parts.append(say("inputs.fact_parameters", language, count=rounded(facts.parameters, language)))
    if facts.weights_bytes is not None and not loaded:
        parts.append(say("inputs.fact_size", language, mb=f"{facts.weights_bytes / 1e6:,.1f}"))
    if facts.classes is not None:
        parts.append(say("inputs.fact_classes", language, classes=counted(facts.classes, language)))
    if facts.top1 is not None:
        parts.append(say("inputs.fact_top1", language, top1=f"{facts.top1:.1f}"))
    if facts.license in UNTOLD:
        parts.append(say("inputs.license_other", language))
    else:
        license = facts.license or say("page.no_license", language)
        parts.append(say("inputs.fact_license", language, license=license))
    return say("inputs.facts", language, name=facts.name, parts=say("inputs.fact_comma", language).join(parts))


def describe_row(row: ListedNetwork, language: str) -> str:
    """A row of the short list: group, name, size, accuracy, work, and whether it is the one to begin with."""
    words = say(
        "inputs.row",
        language,
        group=say(f"inputs.group_{row.group}", language),
        name=row.name,
        parameters=rounded(row.parameters, language) if language == "zh-CN" else f"{row.parameters / 1e6:.1f} M",
        top1=f"{row.top1:.1f}",
        gmacs=f"{row.gmacs:.1f}",
    )
    words = words.replace(" %", "\N{NO-BREAK SPACE}%").replace(" GMACs", "\N{NO-BREAK SPACE}GMACs")
    return say("inputs.row_recommended", language, row=words) if row.recommended else words


def shortened(text: object) -> str:
    """A stranger's text for a sentence: no more of it than one reads, and no character that is not seen."""
    seen = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in str(text)[: SHOWN + 1])
    return seen if len(seen) <= SHOWN else f"{seen[:SHOWN]}…"


def exact(score: float) -> str:
    """A score with as many digits as a float32 needs to be read back as the same one, however small it is."""
    return f"{score:.9g}"

"""What the page says in plain words about an answer, a network and its input; no HTML in here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from resnet_hub.classifier import Prediction

WORTH_MENTIONING = 0.05
"""Score from which the runner-up gets a word."""


def verdict(predictions: Sequence[Prediction]) -> str:
    """One sentence about the best one or two of the ranked `predictions`."""
    names = list(distinct_labels(predictions))
    sentence = f"Most likely {names[0]}, {percent(predictions[0].score)}"
    if len(predictions) > 1 and predictions[1].score >= WORTH_MENTIONING:
        sentence += f"; perhaps {names[1]}, {percent(predictions[1].score)}"
    return sentence + "."


def percent(score: float) -> str:
    """A score from 0 to 1 as a whole percentage that never claims to be sure."""
    if score >= 0.995:
        return "over 99\N{NO-BREAK SPACE}%"
    return f"{100 * score:.0f}\N{NO-BREAK SPACE}%" if score >= 0.01 else "under 1\N{NO-BREAK SPACE}%"


def distinct_labels(predictions: Sequence[Prediction]) -> dict[str, float]:
    """Labels and scores in rank order; two classes of one name (ImageNet has two cranes) are told apart by index."""
    count = Counter(prediction.label for prediction in predictions)
    return {
        prediction.label if count[prediction.label] == 1 else f"{prediction.label} (class {prediction.index})": float(
            prediction.score
        )
        for prediction in predictions
    }


def describe_source(source: str) -> str:
    """Where a network came from; of a folder only its name, for a visitor has no business with the server's paths."""
    return Path(source).resolve().name if Path(source).exists() else source


def describe_labels(names: Sequence[str], most: int = 12) -> str:
    """How many classes the network knows, and the first `most` by name."""
    rest = len(names) - most
    return f"{len(names):,}: {', '.join(names[:most])}" + (f", and {rest:,} more" if rest > 0 else "")

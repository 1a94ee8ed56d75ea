"""Sentences and bars of an answer as HTML; names of classes and networks are untrusted text, escaped in here."""

from __future__ import annotations

import html
from collections.abc import Mapping

from resnet_hub.demo.text import tenths

# A sign that needs no words, beside a sentence that says all.
_SIGN = (
    "<svg aria-hidden='true' viewBox='0 0 20 20'><path fill='currentColor' fill-rule='evenodd' "
    "d='M10 1a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9 5h2v6H9zm0 8h2v2H9z'/></svg>"
)


def told(words: str) -> str:
    """HTML: a sentence that a screen reader reads when it changes."""
    return f"<p role='status'>{html.escape(words)}</p>"


def refusal(words: str) -> str:
    """HTML: why there is no answer, where the answer would stand; the one look of all refusals of the page."""
    return f"<p class='refusal' role='alert'>{_SIGN}<span>{html.escape(words)}</span></p>"


def score_bars(scores: Mapping[str, float], language: str) -> str:
    """HTML: the best classes, best first, with their scores as numbers and as bars."""
    rows = "".join(
        f"<li><span>{html.escape(name)}</span><span>{html.escape(tenths(score, language))}</span>"
        f"<i style='width:{100 * score:.1f}%'></i></li>"
        for name, score in scores.items()
    )
    return f"<ol class='bars'>{rows}</ol>"

"""The classes of a network in a visitor's language, where they are those of a published set; others stay as they are.

The names are in `class_names.tsv`, translated by hand. Its last column says on what a name rests that a reader may
doubt: the Latin name that the Chinese one belongs to, what else the thing is called, or that no name is established and
this one is literal. Where WordNet's definition and the images of a class differ, it says which of them is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path

from resnet_hub.classifier import Prediction
from resnet_hub.demo.text.words import say
from resnet_hub.errors import LANGUAGES

FILE = Path(__file__).with_name("class_names.tsv")
KEPT = 8
"""Networks whose names are kept; a page has few in memory."""


@lru_cache(maxsize=KEPT)
def names_in(names: tuple[str, ...], language: str) -> tuple[str, ...]:
    """The names of all of a network's classes, for readers of a language.

    Args:
        names: All names, in the order of the outputs. Only the whole of ImageNet-1k or CIFAR-10 is translated: names
            are a stranger's text, and "crane" among others may mean anything.
        language: One of `LANGUAGES`.
    """
    if language != LANGUAGES[0]:
        for english, chinese in _published_sets():
            if len(english) == len(names) and all(map(_is_called, names, english)):
                return chinese
    return names


def predictions_in(predictions: Sequence[Prediction], names: tuple[str, ...], language: str) -> list[Prediction]:
    """The predictions of a network whose classes have these names, named as `names_in` does."""
    shown = names_in(names, language)
    return [replace(found, label=shown[found.index]) for found in predictions]


def both_names(name: str, shown: str, language: str) -> str:
    """What `names_in` calls a class, and the network's own name where that is another: it is what programs get."""
    return shown if shown == name else say("classify.both_names", language, shown=shown, name=name)


@cache
def _published_sets() -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The English words and the Chinese names of each set; read when the first visitor needs them."""
    sets: dict[str, list[tuple[str, str]]] = {}
    for line in FILE.read_text("utf-8").splitlines()[1:]:
        published, english, chinese, _note = line.split("\t")
        word = english.partition(",")[0].partition(" (")[0].casefold()
        sets.setdefault(published, []).append((word, chinese))
    return [(tuple(word for word, _ in rows), tuple(name for _, name in rows)) for rows in sets.values()]


def _is_called(name: str, word: str) -> bool:
    """Whether a name begins with a word: lists in use go on differently ("tench, Tinca tinca", "crane bird")."""
    return name.casefold().startswith(word) and not name[len(word) : len(word) + 1].isalnum()

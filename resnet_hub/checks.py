"""Validation of single settings; each error says what was given and what was expected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import reduce
from numbers import Integral, Real
from typing import TypeGuard

from resnet_hub.errors import ConfigError, Phrase

FEW = 20
"""Names that a message can list in full."""
LONGEST = 100
"""Characters of a stranger's name that are compared with known ones."""


def is_integer(value: object) -> TypeGuard[int]:
    """Whether it is a whole number, numpy's too, and no truth value."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def check_choice(name: str, value: object, choices: Iterable[object]) -> None:
    """Raises: ConfigError when `value` is none of `choices`."""
    if value not in choices:
        raise ConfigError("checks.unknown_choice", name=name, value=value, choices=", ".join(map(repr, choices)))


def check_range(name: str, value: object, low: float, high: float) -> None:
    """Raises: ConfigError when `value` is no number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, Real) or not low <= value <= high:  # type: ignore[operator]
        raise ConfigError("checks.out_of_range", name=name, value=value, low=low, high=high)


def check_integer(name: str, value: object, low: int, high: int) -> None:
    """Raises: ConfigError when `value` is no whole number from `low` to `high`."""
    if not is_integer(value) or not low <= value <= high:
        raise ConfigError("checks.no_whole_number", name=name, value=value, low=low, high=high)


def nearest(name: object, known: Iterable[str], n: int = 3) -> str:
    """Up to `n` known names closest to `name`, as text for an error message; all of a few when none is close."""
    names, wanted = sorted(known), str(name)[:LONGEST].lower()
    close = get_close_matches(wanted, names, n=n, cutoff=0.4)
    if not close:
        close = names if len(names) <= FEW else get_close_matches(wanted, names, n=n, cutoff=0.0)
    return ", ".join(map(repr, close))


def alternatives(names: Iterable[str]) -> str | Phrase:
    """The names, of which there is one or more, with "or" between them, for an error message."""
    quoted: Iterable[str | Phrase] = map(repr, names)
    return reduce(lambda one, other: Phrase("checks.or", one=one, other=other), quoted)


def checked_label_names(names: Sequence[str] | None, num_classes: int) -> tuple[str, ...] | None:
    """The names as a tuple. Raises: ConfigError for a single text, or when there is not one name for each class."""
    if names is None:
        return None
    if isinstance(names, str):  # a string is a sequence as well, but of characters
        raise ConfigError("checks.label_names_in_one_text", names=names)
    if len(names) != num_classes:
        raise ConfigError("checks.label_names_for_each_class", names=len(names), classes=num_classes)
    return tuple(str(name) for name in names)

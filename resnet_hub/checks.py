"""Checks of single settings; each refusal is a sentence with what came and what was expected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from resnet_hub.errors import ConfigError

FEW = 20
"""Names that a message can list in full."""


def check_choice(name: str, value: object, choices: Iterable[object]) -> None:
    """Raises: ConfigError when `value` is none of `choices`."""
    if value not in choices:
        raise ConfigError(f"{name}={value!r} is not known; choose one of {', '.join(map(repr, choices))}")


def check_range(name: str, value: object, low: float, high: float) -> None:
    """Raises: ConfigError when `value` is no number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ConfigError(f"{name}={value!r} is out of range; expected a number from {low:g} to {high:g}")


def check_integer(name: str, value: object, low: int, high: int) -> None:
    """Raises: ConfigError when `value` is no whole number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ConfigError(f"{name}={value!r} is out of range; expected a whole number from {low} to {high}")


def nearest(name: object, known: Iterable[str], n: int = 3) -> str:
    """Up to `n` known names closest to `name`, as text for an error message; all of a few when none is close."""
    names, wanted = sorted(known), str(name).lower()
    close = get_close_matches(wanted, names, n=n, cutoff=0.4)
    if not close:
        close = names if len(names) <= FEW else get_close_matches(wanted, names, n=n, cutoff=0.0)
    return ", ".join(map(repr, close))


def checked_label_names(names: Sequence[str] | None, num_classes: int) -> tuple[str, ...] | None:
    """The names as a tuple. Raises: ConfigError for a single text, or when there is not one name for each class."""
    if names is None:
        return None
    if isinstance(names, str):  # a sequence as well, but of letters
        raise ConfigError(f"label_names={names!r} is one text; give a list of names in the order of the classes")
    if len(names) != num_classes:
        raise ConfigError(f"there are {len(names)} label names for {num_classes} classes; give one for each class")
    return tuple(str(name) for name in names)

"""`Settings`: what every group of settings is, and how a field of one is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from resnet_hub.errors import ConfigError


def setting(default: Any, text: str, *, words: tuple[str, ...] = ()) -> Any:
    """A field of a group of settings with its one-sentence help, units included, and words it takes beside numbers."""
    return field(default=default, metadata={"help": text, "words": words})


@dataclass(frozen=True)
class Settings:
    """A group of settings. An entry's settings inherit from several; each group checks its own fields."""

    def __post_init__(self) -> None:
        """Raises: ConfigError for a value that cannot be."""


def refuse_both(**values: object) -> None:
    """Raises: ConfigError naming two flags of which one alone makes sense, where both are given."""
    given = [flag for flag, value in values.items() if value is not None]
    if len(given) > 1:
        raise ConfigError("settings.contradiction", first=given[0], second=given[1])


def number_list(flag: str, text: str) -> tuple[float, ...]:
    """The numbers of a text such as 0.9,0.95. Raises: ConfigError."""
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise ConfigError("settings.no_number_list", flag=flag, text=text) from error

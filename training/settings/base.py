"""`Settings`: what every group of settings is, and how a field of one is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


def setting(default: Any, text: str) -> Any:
    """A field of a group of settings with its one-sentence help, units included."""
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True)
class Settings:
    """A group of settings. An entry's settings inherit from several; each group checks its own fields."""

    def __post_init__(self) -> None:
        """Raises: ConfigError for a value that cannot be."""

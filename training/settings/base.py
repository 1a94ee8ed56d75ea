"""`Settings`: what every group of settings is, and how a field of one is written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import Any

from resnet_hub.errors import ConfigError

_DURATION = re.compile(r"(?:([0-9]{1,4})d)?(?:([0-9]{1,4})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,8})s)?")
_SECONDS = (86_400, 3600, 60, 1)
_MOST_SECONDS = 366 * 86_400


def setting(
    default: Any,
    text: str,
    *,
    words: tuple[str, ...] = (),
    choices: tuple[str, ...] = (),
    public: bool = True,
    may_change: bool = False,
) -> Any:
    """A field of a group of settings, which becomes a flag and a key of recipes.

    Args:
        default: The value where nobody gives one.
        text: One sentence of help, units included.
        words: Texts that a number's field takes as well.
        choices: All values that there are, for the help; the group refuses others.
        public: Whether the model card says it: False for what says nothing of the network, such as folders.
        may_change: Whether a resumed run may have another value: True for what does not change what is learned, and for
            how long it is.
    """
    facts = {"help": text, "words": words, "choices": choices, "public": public, "may_change": may_change}
    return field(default=default, metadata=facts)


@dataclass(frozen=True)
class Settings:
    """A group of settings. An entry's settings inherit from several; each group checks its own fields."""

    def __post_init__(self) -> None:
        """Raises: ConfigError for a value that cannot be."""

    def to_json(self) -> dict[str, Any]:
        """The settings that are not absent, as JSON values."""
        return {item.name: value for item in fields(self) if (value := getattr(self, item.name)) is not None}

    def public(self) -> dict[str, Any]:
        """The settings that a model card may say, as JSON values; absent ones are left out."""
        hidden = {item.name for item in fields(self) if not item.metadata["public"]}
        return {name: value for name, value in self.to_json().items() if name not in hidden}

    def changed(self) -> dict[str, Any]:
        """The public settings that differ from their defaults, as JSON values."""
        usual = {item.name: item.default for item in fields(self)}
        return {name: value for name, value in self.public().items() if value != usual[name]}


def flag_of(name: str) -> str:
    """The flag of a field: --batch-size of batch_size."""
    return f"--{name.replace('_', '-')}"


def refuse_both(**values: object) -> None:
    """Raises: ConfigError naming two flags of which one alone makes sense, where both are given."""
    given = [flag for flag, value in values.items() if value is not None]
    if len(given) > 1:
        raise ConfigError("settings.contradiction", first=given[0], second=given[1])


def duration(flag: str, text: str) -> float:
    """The seconds of a text such as 90m, 2h or 1h30m. Raises: ConfigError."""
    parts = _DURATION.fullmatch(text.strip().lower())
    seconds = sum(int(part or 0) * unit for part, unit in zip(parts.groups(), _SECONDS, strict=True)) if parts else 0
    if not 0 < seconds <= _MOST_SECONDS:
        raise ConfigError("settings.no_duration", flag=flag, text=text)
    return float(seconds)


def number_list(flag: str, text: str) -> tuple[float, ...]:
    """The numbers of a text such as 0.9,0.95. Raises: ConfigError."""
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise ConfigError("settings.no_number_list", flag=flag, text=text) from error

"""What an error states apart from its words: its code and its fields, for tests that are not about the words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from resnet_hub.errors import Phrase


@dataclass(frozen=True, eq=False)
class Begins:
    """Equals every text that begins so: for the first names of a list whose rest is not the test's matter."""

    start: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and other.startswith(self.start)


def code_and_fields(phrase: Phrase) -> tuple[str, dict[str, Any]]:
    """The code and the fields; a field that is a phrase or an error itself is such a pair again."""
    return phrase.code, {
        name: code_and_fields(value) if isinstance(value, Phrase) else value for name, value in phrase.fields.items()
    }

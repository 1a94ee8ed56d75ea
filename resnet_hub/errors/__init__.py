"""Errors that a user can fix: a code, fields, and a sentence made of both in each language.

The sentences stand in `texts/*.toml`, one table for each code: `checkpoint.no_weights` is the table
`[no_weights]` of `texts/checkpoint.toml`. Each says what came, what was expected and what to do next.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

LANGUAGES = ("en", "zh-CN")
"""English is what `str(error)` is."""
FOLDERS = [Path(__file__).with_name("texts")]
"""Where texts are; a package with errors of its own adds its folder."""

LONGEST = 4000
"""Characters of a sentence; in a longer one the long fields are shortened."""
LONGEST_FIELD = 500


class Phrase:
    """Words in each language, made of a text and fields: what an error is, and what a field of one may be.

    A name or a number is a plain field. Words of ours inside a sentence, such as "the image", are a phrase.

    Args:
        code: The file and the table of its text, such as "hub.this_token".
        fields: The values that the text names. One that is a phrase itself is said in the same language.
    """

    def __init__(self, code: str, /, **fields: Any) -> None:
        self.code = code
        self.fields = fields
        self.sentence()  # a text that is missing, or lacks a field, is a fault where it is raised, not where it is read

    def __str__(self) -> str:
        return self.sentence()

    def sentence(self, language: str = LANGUAGES[0]) -> str:
        """The words in one of `LANGUAGES`."""
        said = {
            name: value.sentence(language) if isinstance(value, Phrase) else value
            for name, value in self.fields.items()
        }
        template = text_of(self.code)[language]
        sentence = _COUNTING.vformat(template, (), said)
        return sentence if len(sentence) <= LONGEST else _Shortening().vformat(template, (), said)


class _Counting(Formatter):
    """Writes the noun after a number as `{count:image|images}` has it."""

    def format_field(self, value: Any, format_spec: str) -> str:
        """The field as text; of two words the one that fits the number."""
        one, choice, many = format_spec.partition("|")
        if choice:
            return one if value in (1, "1") else many
        return str(super().format_field(value, format_spec))


_COUNTING = _Counting()


def counted(count: int, one: str, many: str) -> str:
    """A number with its noun, as in 1 image and 1,000 images."""
    return f"{count:,} {one if count == 1 else many}"


class _Shortening(_Counting):
    """Leaves the start and the end of long fields, such as a key of megabytes in a stranger's file."""

    def format_field(self, value: Any, format_spec: str) -> str:
        """The field as text."""
        text = str(super().format_field(value, format_spec))
        return text if len(text) <= LONGEST_FIELD else f"{text[: LONGEST_FIELD - 100]}...{text[-97:]}"


class Listed(Phrase):
    """Names in a row, with the comma of each language between them: a field of a phrase.

    Args:
        names: What is listed; taken as it is in every language.
    """

    def __init__(self, names: Iterable[object]) -> None:
        self.names = tuple(map(str, names))
        self.code, self.fields = "errors.comma", {"names": self.names}

    def sentence(self, language: str = LANGUAGES[0]) -> str:
        """The names in one line."""
        return Phrase("errors.comma").sentence(language).join(self.names)


class ResNetHubError(Phrase, Exception):
    """A user's mistake, said in one sentence; entry points print it without a traceback.

    Args:
        code: What went wrong: the file and the table of its text, such as "checkpoint.no_weights".
        fields: The values that the text names; what comes from a stranger is only ever one of these.
    """

    def __init__(self, code: str, /, **fields: Any) -> None:
        if "\n" in code:  # torch makes an error of a DataLoader worker again from the text of its traceback
            again = Phrase("errors.of_a_worker", sentence=code.rstrip().rpartition("\n")[2].partition(": ")[2])
            code, fields = again.code, again.fields
        Exception.__init__(self, code)
        super().__init__(code, **fields)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), self.code, self.fields)


def _restored(kind: type[ResNetHubError], code: str, fields: Mapping[str, Any]) -> ResNetHubError:
    return kind(code, **fields)


def text_of(code: str) -> Mapping[str, str]:
    """Language -> the template of an error. Raises: KeyError for a code that has no text."""
    file, _, name = code.partition(".")
    return _texts(file)[name]


@cache
def _texts(file: str) -> Mapping[str, Mapping[str, str]]:
    """Name -> language -> template, of all texts in files of this name."""
    found: dict[str, Mapping[str, str]] = {}
    for folder in FOLDERS:
        path = folder / f"{file}.toml"
        if path.is_file():
            found |= tomllib.loads(path.read_text("utf-8"))
    return found


class ConfigError(ResNetHubError, ValueError):
    """An invalid setting, option or name."""


class ImageError(ResNetHubError, ValueError):
    """Something that is no image, or an image that is too large or damaged."""


class CheckpointError(ResNetHubError, ValueError):
    """A checkpoint folder or weights file that does not hold what it should."""


class HubError(ResNetHubError, OSError):
    """The Hub refused, could not be reached, or does not have what was requested."""


class HubUnreachableError(HubError):
    """A transient error: the Hub could not be reached, did not answer, or is overloaded; a retry may succeed."""


class DataError(ResNetHubError, ValueError):
    """A dataset that cannot be trained or measured on as it is."""


class TrainingError(ResNetHubError, RuntimeError):
    """A run that cannot start or go on: its output folder is in use, or its loss is not finite (NaN or inf)."""

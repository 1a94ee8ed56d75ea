"""`Target`: what the images of a dataset are to be answered with, and how its rows write it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from resnet_hub.errors import DataError, Phrase

SHOWN = 5
"""Names that a sentence has."""
Form = Literal["class", "classes", "flags", "numbers"]


@dataclass(frozen=True)
class Target:
    """The task and its outputs: read off one split, applied to all."""

    task: str
    """single_label, multi_label or regression."""
    columns: tuple[str, ...]
    names: tuple[str, ...]
    """The classes in index order, or the names of the regression targets."""
    reason: Phrase
    """Why this task, and how to choose another: a line for the log."""
    form: Form
    """What a row holds: one class, any number of classes, a 0 or 1 for each output, or numbers."""
    delimiter: str | None = None
    """What divides the classes in a text."""
    written: bool = False
    """Whether a text writes the list."""
    signs: bool = False
    """Whether the flags are written as -1 and 1."""

    def named(self, names: tuple[str, ...]) -> Target:
        """The same with the outputs of an existing network. Raises: DataError where they cannot be those."""
        if len(self.columns) > 1 and set(self.columns) == set(names):
            return replace(self, names=names, columns=names)
        if self.form == "flags" and len(self.columns) == 1 and {"0", "1"} & set(names):
            return replace(self, names=names, form="classes")  # numbers of classes that happen to be 0 and 1
        if self.form in ("flags", "numbers") and (len(self.columns) > 1 or len(names) != len(self.names)):
            raise DataError("targets.other_outputs", names=", ".join(names[:SHOWN]), columns=", ".join(self.columns))
        return replace(self, names=names)

"""What is looked for in place of a whole run."""

from __future__ import annotations

from dataclasses import dataclass

from .base import Settings, setting


@dataclass(frozen=True)
class SearchSettings(Settings):
    """What is looked for in place of a whole run."""

    find_lr: bool = setting(
        False,
        "sweep the learning rate over 120 updates, draw lr.png into the output folder, suggest --lr, train nothing",
    )

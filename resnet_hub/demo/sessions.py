"""What the page remembers of each visitor between two events: the last answers, of not too many visitors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

MOST_SESSIONS = 200
"""Visitors of whom something is remembered; nothing on the page depends on it, and it may be 100 kB for each."""


@dataclass(frozen=True)
class _WithoutDescriptions:
    """What a new session copies from a page: its events, but no description of all its fields."""

    default_config: Any
    blocks: Mapping[int, Any] = field(default_factory=dict)


def remember_little(page: gr.Blocks) -> None:
    """For a launched page: new visitors cost next to nothing.

    Gradio describes every field of the page anew for each visitor, so that the state of the page can be shared as a
    link, which this page does not offer. A question of a program counts as a visitor, and the descriptions would take
    longer than all else that the server does for it.
    """
    page.app.state_holder.blocks = _WithoutDescriptions(page.default_config)

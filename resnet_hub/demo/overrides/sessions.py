"""What the page remembers of each visitor between two events: next to nothing, and of not too many visitors.

Bends `App.state_holder` of a launched page, because gradio has no way to choose what a session keeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import gradio as gr
from gradio.state_holder import SessionState, StateHolder

MOST_SESSIONS = 500
"""Visitors of whom something is remembered; whoever is forgotten gets a new session with the next click."""


@dataclass(frozen=True)
class _WithoutDescriptions:
    """What a new session copies from a page: its events, but no description of all its fields."""

    default_config: Any
    blocks: Mapping[int, Any] = field(default_factory=dict)


class Session(SessionState):  # type: ignore[misc]  # gradio has no types
    """A visitor's session, without answers.

    Gradio describes every field of the page for each visitor and keeps the last answers there, so that the page as it
    is can be shared as a link, which this one does not offer. A request of a program counts as a visitor: the
    descriptions would take longer than all else that the server does for it, and hundreds of kilobytes.
    """

    def __init__(self, page: gr.Blocks) -> None:
        """A new visitor's."""
        super().__init__(_WithoutDescriptions(page.default_config))

    def _update_value_in_config(self, key: int, value: Any) -> None:
        """Keeps no answer."""


class Sessions(StateHolder):  # type: ignore[misc]
    """The sessions of a page by their key."""

    def __getitem__(self, session_id: str) -> SessionState:
        if session_id not in self.session_data:
            self.session_data[session_id] = Session(self.blocks)
        return super().__getitem__(session_id)


def remember_little(page: gr.Blocks) -> None:
    """Gives a launched page its `Sessions`."""
    sessions = Sessions()
    sessions.set_blocks(page)
    page.app.state_holder = sessions

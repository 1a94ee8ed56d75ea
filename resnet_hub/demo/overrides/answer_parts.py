"""The parts of an answer, each by itself: no part changes one that the browser has yet to show.

Bends `Blocks.handle_streaming_diffs`, which sends what differs from the part before. The browser writes the difference
into that part, and where two come at once it does so before the first was shown: what the first had filled and the
second leaves alone was never seen, as the class of a heat map.
"""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.utils import diff


def send_whole_parts(page: gr.Blocks) -> None:
    """Has a page send each value that changed as a whole, where the difference would be written into the old one."""
    by_gradio = page.handle_streaming_diffs

    def parts(
        block_fn: Any,
        data: list[Any],
        session_hash: str | None,
        run: str | None,
        final: bool,
        simple_format: bool = False,
    ) -> list[Any]:
        streams = page.pending_diff_streams[session_hash] if session_hash is not None else {}
        before = list(streams[run]) if run in streams else None
        whole: list[Any] = by_gradio(block_fn, data, session_hash, run, final, simple_format=True)
        if before is None or final or simple_format:
            return whole
        return [_edits(old, new) for old, new in zip(before, whole, strict=True)]

    page.handle_streaming_diffs = parts


def _edits(old: object, new: object) -> list[Any]:
    """What makes a new value of the old one; a text may grow, and anything else is replaced."""
    edits: list[Any] = diff(old, new)
    return [["replace", [], new]] if any(path for _, path, _ in edits) else edits

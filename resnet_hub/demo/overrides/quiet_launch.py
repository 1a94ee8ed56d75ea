"""A launch that prints nothing.

Bends standard output while gradio launches (`redirect_stdout`), because it prints the address of its tools for agents
even with `quiet=True`; the page's own address is the one line that is to be printed.
"""

from __future__ import annotations

import contextlib
import io
from typing import Any

import gradio as gr


def launch_quietly(page: gr.Blocks, **options: Any) -> None:
    """Launches the page in the background; `options` are those of `gr.Blocks.launch`."""
    with contextlib.redirect_stdout(io.StringIO()):
        page.launch(prevent_thread_lock=True, quiet=True, **options)

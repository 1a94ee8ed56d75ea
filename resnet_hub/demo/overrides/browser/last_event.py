"""Events of which only the last counts while an answer is due, each by itself.

Gradio defers such an event where its listener is busy, and tells it again afterwards: to every listener of that event,
not to the one that was busy. Where several defer, each of them has the others told once more, and one change of an
image came to hundreds of questions without end. A listener that follows upon another one, here upon one that only the
browser runs, is told again alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr


def on_last(
    triggers: Sequence[Any], function: Callable[..., Any], inputs: Any = None, outputs: Any = None, **event: Any
) -> Any:
    """`gr.on` for the last of events: those that come while one is answered become one more, when it is answered.

    Args:
        triggers: The events, as `button.click` or `page.load`.
        function: What answers.
        inputs: Its fields.
        outputs: The fields that it fills.
        **event: Further options of a listener.

    Returns:
        The dependency, for what follows upon it.
    """
    told = gr.on(list(triggers), None, js="() => []", show_progress="hidden", api_visibility="private")
    return told.then(function, inputs, outputs, trigger_mode="always_last", **event)

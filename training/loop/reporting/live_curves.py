"""The curves of a run while it trains: drawn again after each epoch in the notebook that it is called from."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from ...run import History, plot_curves

_drawing: ContextVar[dict[int, Any] | None] = ContextVar("drawing", default=None)


@contextmanager
def drawn_live() -> Iterator[None]:
    """A block whose runs show their curves below the cell of a notebook; outside of one nothing is drawn."""
    token = _drawing.set({} if in_notebook() else None)
    try:
        yield
    finally:
        _drawing.reset(token)


def in_notebook() -> bool:
    """Whether this process answers the cells of a notebook; IPython in a terminal does not."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None


def is_drawn_live() -> bool:
    """Whether a notebook shows what this run does."""
    return _drawing.get() is not None


def draw_live(history: History) -> None:
    """Shows the curves so far, in place of those of the epoch before."""
    drawing = _drawing.get()
    if drawing is None or history.best is None:
        return
    from IPython.display import display  # only a notebook brings it

    figure = plot_curves(history.rows, history.best.epoch, history.best.kind)
    if shown := drawing.get(id(history)):
        shown.update(figure)
    else:
        drawing[id(history)] = display(figure, display_id=True)

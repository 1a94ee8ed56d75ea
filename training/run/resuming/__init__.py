"""Going on with a run: here, on another machine, on several."""

from .portable_state import copy_state
from .resume import parse_run

__all__ = ["copy_state", "parse_run"]

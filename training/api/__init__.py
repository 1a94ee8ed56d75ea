"""Training from Python: a run is begun by keyword arguments, and what it leaves is an object."""

from .finished_run import Run
from .session import CallableEntry

__all__ = ["CallableEntry", "Run"]

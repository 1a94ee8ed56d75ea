"""A folder or a table on disk -> rows of splits, with a ledger of every file and row of it."""

from .ledger import Ledger, LeftOut

__all__ = ["Ledger", "LeftOut"]

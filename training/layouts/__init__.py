"""A folder or a table on disk -> rows of splits, with a ledger of every file and row of it."""

from .folders import read_folder
from .layouts import TABLES
from .ledger import RECORDED, Ledger, LeftOut, Unit
from .scan import scan_folder, shown

__all__ = ["RECORDED", "TABLES", "Ledger", "LeftOut", "Unit", "read_folder", "scan_folder", "shown"]

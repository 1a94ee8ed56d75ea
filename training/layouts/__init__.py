"""A folder or a table on disk -> rows of splits, with a ledger of every file and row of it."""

from .folders import read_folder
from .layouts import TABLES
from .ledger import RECORDED, Ledger, Unit
from .scan import Scan, is_archive, scan_folder
from .seen import quoted
from .split_names import SPLIT_OF, lies_aside, splits_among
from .table_choice import METADATA, deciding_tables, metadata_files
from .unused_files import account_for, names_in

__all__ = [
    "METADATA",
    "RECORDED",
    "SPLIT_OF",
    "TABLES",
    "Ledger",
    "Scan",
    "Unit",
    "account_for",
    "deciding_tables",
    "is_archive",
    "lies_aside",
    "metadata_files",
    "names_in",
    "quoted",
    "read_folder",
    "scan_folder",
    "splits_among",
]

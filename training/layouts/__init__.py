"""A folder or a table on disk -> rows of splits, with a ledger of every file and row of it."""

from .folders import image_cells, read_folder
from .layouts import LISTS, TABLES, choose
from .ledger import RECORDED, Ledger, Unit
from .masks import set_masks_aside
from .scanning import Scan, is_archive, quoted, scan_folder, shown, tree_lines
from .split_names import SPLIT_OF, lies_aside, says_division, split_in, splits_among
from .table_choice import METADATA, deciding_tables, metadata_files
from .unused_files import account_for, names_in

__all__ = [
    "LISTS",
    "METADATA",
    "RECORDED",
    "SPLIT_OF",
    "TABLES",
    "Ledger",
    "Scan",
    "Unit",
    "account_for",
    "choose",
    "deciding_tables",
    "image_cells",
    "is_archive",
    "lies_aside",
    "metadata_files",
    "names_in",
    "quoted",
    "read_folder",
    "says_division",
    "scan_folder",
    "set_masks_aside",
    "shown",
    "split_in",
    "splits_among",
    "tree_lines",
]

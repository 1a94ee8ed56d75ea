"""A folder or a table on disk -> rows of splits, with a ledger of every file and row of it."""

from .as_on_hub import CARDS, confined_tables, own_tables, read_as_on_hub, refuse_outside
from .csv_text import csv_records
from .folders import read_folder
from .image_columns import REFUSED, EncodedImage, confine_stream, encoded_stream, refuse_stranger, with_images
from .layouts import TABLES
from .ledger import RECORDED, Ledger, LeftOut, Unit
from .names import LONGEST_NAME, Files
from .scan import scan_folder, shown
from .seen import quoted
from .split_column import FOUND, AskedColumns, refuse_in_stream
from .table_folders import read_table_file, read_table_folder
from .tables import READERS, read_tables

__all__ = [
    "CARDS",
    "FOUND",
    "LONGEST_NAME",
    "READERS",
    "RECORDED",
    "REFUSED",
    "TABLES",
    "AskedColumns",
    "EncodedImage",
    "Files",
    "Ledger",
    "LeftOut",
    "Unit",
    "confine_stream",
    "confined_tables",
    "csv_records",
    "encoded_stream",
    "own_tables",
    "quoted",
    "read_as_on_hub",
    "read_folder",
    "read_table_file",
    "read_table_folder",
    "read_tables",
    "refuse_in_stream",
    "refuse_outside",
    "refuse_stranger",
    "scan_folder",
    "shown",
    "with_images",
]

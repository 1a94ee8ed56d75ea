"""Tables of a dataset on disk -> rows of splits: CSV, JSON lines, parquet, and the names of files in them."""

from .as_on_hub import CARDS, card_divides, confined_tables, own_tables, read_as_on_hub, refuse_outside
from .columns import (
    FOUND,
    REFUSED,
    AskedColumns,
    EncodedImage,
    confine_stream,
    encoded_stream,
    refuse_in_stream,
    refuse_stranger,
    with_images,
)
from .csv_text import csv_records
from .lists import read_list_folder
from .names import LONGEST_NAME, Files
from .table_folders import read_table_file, read_table_folder
from .tables import READERS, read_tables

__all__ = [
    "CARDS",
    "FOUND",
    "LONGEST_NAME",
    "READERS",
    "REFUSED",
    "AskedColumns",
    "EncodedImage",
    "Files",
    "card_divides",
    "confine_stream",
    "confined_tables",
    "csv_records",
    "encoded_stream",
    "own_tables",
    "read_as_on_hub",
    "read_list_folder",
    "read_table_file",
    "read_table_folder",
    "read_tables",
    "refuse_in_stream",
    "refuse_outside",
    "refuse_stranger",
    "with_images",
]

"""What lies in a folder: every file with what its bytes say it is, in little memory."""

from .scan import RECORDS, Folder, Scan, is_archive, scan_folder, shown
from .seen import SHOWN, quoted, tree_lines

__all__ = ["RECORDS", "SHOWN", "Folder", "Scan", "is_archive", "quoted", "scan_folder", "shown", "tree_lines"]

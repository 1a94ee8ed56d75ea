"""Images with their targets, split by split: how one is cut, what two have in common, what was recorded of them."""

from .account import (
    leave_out_rows,
    ledger_of,
    log_decisions,
    log_ledger,
    note_absent_classes,
    note_single_images,
    see_rows,
    use_splits,
)
from .corrections import corrected, format_target
from .groups import grouped
from .label_rows import LabelRow, label_text
from .overlaps import Overlap, without_overlaps
from .recorded_split import NEW, ROLES, UNKNOWN, RecordedPart, RecordedSplit
from .split import Split, strata, stratified_split
from .value_range import with_values

__all__ = [
    "NEW",
    "ROLES",
    "UNKNOWN",
    "LabelRow",
    "Overlap",
    "RecordedPart",
    "RecordedSplit",
    "Split",
    "corrected",
    "format_target",
    "grouped",
    "label_text",
    "leave_out_rows",
    "ledger_of",
    "log_decisions",
    "log_ledger",
    "note_absent_classes",
    "note_single_images",
    "see_rows",
    "strata",
    "stratified_split",
    "use_splits",
    "with_values",
    "without_overlaps",
]

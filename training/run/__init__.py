"""The run folder: its lock, rows, record, reports, and what a run resumes from."""

from .held_out import HELD_OUT_FOLDER, write_held_out
from .history import Best, History
from .license import parent_license
from .portable_state import copy_state
from .record import describe_run, resumed_record, versions
from .report import cut_name, draw_rates, draw_report, draw_sheet, new_figure, plot_curves, save_figure
from .resume import parse_run
from .run_folder import (
    EMA_FILE,
    LAST_FILE,
    MATRIX_FILE,
    METRICS_FILE,
    PREDICTIONS_FILE,
    RATES_FILE,
    RECIPE_FILE,
    RESULTS_FILE,
    STATE_FOLDER,
    TIMINGS_FILE,
    TRACKER_FOLDER,
    append_row,
    begin_run,
    check_room,
    claimed,
    remove_state,
    reporting,
    rewrite_rows,
    write_examples,
    write_results,
)
from .seen import Seen
from .serialization import KEPT, Snapshot, link_file, write_snapshot
from .split_file import read_split
from .tables import MATRIX_CLASSES, write_tables

__all__ = [
    "EMA_FILE",
    "HELD_OUT_FOLDER",
    "KEPT",
    "LAST_FILE",
    "MATRIX_CLASSES",
    "MATRIX_FILE",
    "METRICS_FILE",
    "PREDICTIONS_FILE",
    "RATES_FILE",
    "RECIPE_FILE",
    "RESULTS_FILE",
    "STATE_FOLDER",
    "TIMINGS_FILE",
    "TRACKER_FOLDER",
    "Best",
    "History",
    "Seen",
    "Snapshot",
    "append_row",
    "begin_run",
    "check_room",
    "claimed",
    "copy_state",
    "cut_name",
    "describe_run",
    "draw_rates",
    "draw_report",
    "draw_sheet",
    "link_file",
    "new_figure",
    "parent_license",
    "parse_run",
    "plot_curves",
    "read_split",
    "remove_state",
    "reporting",
    "resumed_record",
    "rewrite_rows",
    "save_figure",
    "versions",
    "write_examples",
    "write_held_out",
    "write_results",
    "write_snapshot",
    "write_tables",
]

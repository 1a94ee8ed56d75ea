"""What a run leaves for people: its record, its figures, its tables, and the license of its weights."""

from .license import parent_license
from .record import describe_run, resumed_record, versions
from .report import cut_name, draw_rates, draw_report, draw_sheet, new_figure, plot_curves, save_figure
from .samples import draw_samples
from .tables import MATRIX_CLASSES, write_tables

__all__ = [
    "MATRIX_CLASSES",
    "cut_name",
    "describe_run",
    "draw_rates",
    "draw_report",
    "draw_samples",
    "draw_sheet",
    "new_figure",
    "parent_license",
    "plot_curves",
    "resumed_record",
    "save_figure",
    "versions",
    "write_tables",
]

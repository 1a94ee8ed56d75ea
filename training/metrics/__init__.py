"""Figures of an evaluation, one module for each task, with intervals and calibration."""

from .calibration import fit_temperature, subset
from .multi_label import MultiLabelEvaluation
from .regression import RegressionEvaluation
from .single_label import QUALITIES, Evaluation, SingleLabelEvaluation, format_interval, format_qualities

__all__ = [
    "QUALITIES",
    "Evaluation",
    "MultiLabelEvaluation",
    "RegressionEvaluation",
    "SingleLabelEvaluation",
    "fit_temperature",
    "format_interval",
    "format_qualities",
    "subset",
]

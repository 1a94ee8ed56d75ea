"""Figures of an evaluation, one module for each task, with intervals and calibration."""

from training.metrics.calibration import fit_temperature, subset
from training.metrics.multi_label import MultiLabelEvaluation
from training.metrics.regression import RegressionEvaluation
from training.metrics.single_label import QUALITIES, Evaluation, SingleLabelEvaluation, told_interval, told_qualities

__all__ = [
    "QUALITIES",
    "Evaluation",
    "MultiLabelEvaluation",
    "RegressionEvaluation",
    "SingleLabelEvaluation",
    "fit_temperature",
    "subset",
    "told_interval",
    "told_qualities",
]

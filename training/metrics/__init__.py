"""Figures of an evaluation, one module for each task, with intervals and calibration."""

from .calibration import fit_temperature, subset
from .multi_label import MultiLabelEvaluation
from .regression import RegressionEvaluation
from .shown_images import AnsweredImage, answered, images_to_show
from .single_label import QUALITIES, Evaluation, SingleLabelEvaluation, format_interval, format_qualities

__all__ = [
    "QUALITIES",
    "AnsweredImage",
    "Evaluation",
    "MultiLabelEvaluation",
    "RegressionEvaluation",
    "SingleLabelEvaluation",
    "answered",
    "fit_temperature",
    "format_interval",
    "format_qualities",
    "images_to_show",
    "subset",
]

"""What is wrong with a dataset, before anything is trained: images that repeat, labels that are likely wrong."""

from .doubts import report_doubts
from .features import compute_features
from .findings import Findings
from .judging import Judgement, judge, judge_labels
from .pool import Pool
from .report import LABELS_FILE, lines, write_report

__all__ = [
    "LABELS_FILE",
    "Findings",
    "Judgement",
    "Pool",
    "compute_features",
    "judge",
    "judge_labels",
    "lines",
    "report_doubts",
    "write_report",
]

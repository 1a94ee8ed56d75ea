"""What is wrong with a dataset, before anything is trained: images that repeat, labels that are likely wrong."""

from .findings import Findings
from .judging import Judgement, judge_labels
from .report import LABELS_FILE, lines, write_report

__all__ = ["LABELS_FILE", "Findings", "Judgement", "judge_labels", "lines", "write_report"]

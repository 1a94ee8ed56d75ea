"""A run folder, which may be torn or a stranger's -> what a page shows of it, and why not the rest."""

from resnet_hub.demo.run_report.confusion import Confusion, Pair
from resnet_hub.demo.run_report.curves import Curve, Curves
from resnet_hub.demo.run_report.held_out import HeldImage, HeldOut
from resnet_hub.demo.run_report.report import PARTS, RunReader, RunReport, is_run, read_run, shared_files
from resnet_hub.demo.run_report.results import ClassFigures, Results

__all__ = [
    "PARTS",
    "ClassFigures",
    "Confusion",
    "Curve",
    "Curves",
    "HeldImage",
    "HeldOut",
    "Pair",
    "Results",
    "RunReader",
    "RunReport",
    "is_run",
    "read_run",
    "shared_files",
]

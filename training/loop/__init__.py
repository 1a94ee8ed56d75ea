"""The epochs: updates, evaluation, saving, and what watches over them."""

from .distributed import gather, unique_rows
from .epoch import grouped, refuse_non_finite, show_progress, train_one_epoch, update
from .evaluation import EVALUATIONS, calibrate, evaluate, measured_batches, unmapped
from .faults import faults_explained
from .guards import TIME_LIMIT
from .learner import Learner, make_learner
from .recalibration import recalibrate
from .reporting import draw_live, drawn_live, log_end, log_epoch, report, start_trackers, tracker_names
from .saver import Saver, remaining, saving
from .seeding import repeatable

__all__ = [
    "EVALUATIONS",
    "TIME_LIMIT",
    "Learner",
    "Saver",
    "calibrate",
    "draw_live",
    "drawn_live",
    "evaluate",
    "faults_explained",
    "gather",
    "grouped",
    "log_end",
    "log_epoch",
    "make_learner",
    "measured_batches",
    "recalibrate",
    "refuse_non_finite",
    "remaining",
    "repeatable",
    "report",
    "saving",
    "show_progress",
    "start_trackers",
    "tracker_names",
    "train_one_epoch",
    "unique_rows",
    "unmapped",
    "update",
]

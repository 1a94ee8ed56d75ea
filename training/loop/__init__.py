"""The epochs: updates, evaluation, saving, and what watches over them."""

from .epoch import grouped, refuse_non_finite, show_progress, train_one_epoch, update
from .evaluation import EVALUATIONS, calibrate, evaluate, measured_batches, unmapped
from .faults import faults_explained
from .gathering import gather, unique_rows
from .interruption import TIME_LIMIT
from .learner import Learner, make_learner
from .live_curves import draw_live, drawn_live
from .progress import log_end, log_epoch
from .recalibration import recalibrate
from .saver import Saver, remaining, saving
from .seeding import repeatable
from .trackers import report, start_trackers, tracker_names

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

"""The epochs: updates, evaluation, saving, and what watches over them."""

from .epoch import grouped, refuse_no_number, show_progress, train_one_epoch, update
from .evaluation import calibrate, evaluate, unmapped
from .learner import Learner, make_learner
from .progress import tell_end, tell_epoch
from .recalibration import recalibrate
from .saver import Saver, remaining, saving
from .seeding import repeatable
from .trackers import report, start_trackers, tracker_names

__all__ = [
    "Learner",
    "Saver",
    "calibrate",
    "evaluate",
    "grouped",
    "make_learner",
    "recalibrate",
    "refuse_no_number",
    "remaining",
    "repeatable",
    "report",
    "saving",
    "show_progress",
    "start_trackers",
    "tell_end",
    "tell_epoch",
    "tracker_names",
    "train_one_epoch",
    "unmapped",
    "update",
]

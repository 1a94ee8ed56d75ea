"""The epochs: updates, evaluation, saving, and what watches over them."""

from training.loop.epoch import grouped, refuse_no_number, show_progress, train_one_epoch, update
from training.loop.evaluation import calibrate, evaluate, unmapped
from training.loop.learner import Learner, Objective, make_learner
from training.loop.progress import tell_end, tell_epoch
from training.loop.recalibration import recalibrate
from training.loop.saver import Saver, remaining, saving
from training.loop.seeding import repeatable
from training.loop.trackers import report, start_trackers, tracker_names

__all__ = [
    "Learner",
    "Objective",
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

"""What a run shows while it trains: a bar, lines of the log, curves in a notebook, trackers."""

from .live_curves import draw_live, drawn_live
from .progress import Progress, log_end, log_epoch
from .trackers import report, start_trackers, tracker_names

__all__ = ["Progress", "draw_live", "drawn_live", "log_end", "log_epoch", "report", "start_trackers", "tracker_names"]

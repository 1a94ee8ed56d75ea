"""The processes of a run: what their launcher told them, how they watch each other, and the signals that stop them."""

from .heartbeat import BEAT_SECONDS, ENDING_SECONDS, LOST, SILENT_SECONDS, Heartbeat, advise, is_of_group, watched
from .launch_environment import refuse_contradictions, shards
from .stop_signals import (
    Stopped,
    ended_by_signals,
    ended_with_launcher,
    handled,
    launcher_adds_traceback,
    left_to_parent,
    process_age,
    signal_name,
)

__all__ = [
    "BEAT_SECONDS",
    "ENDING_SECONDS",
    "LOST",
    "SILENT_SECONDS",
    "Heartbeat",
    "Stopped",
    "advise",
    "ended_by_signals",
    "ended_with_launcher",
    "handled",
    "is_of_group",
    "launcher_adds_traceback",
    "left_to_parent",
    "process_age",
    "refuse_contradictions",
    "shards",
    "signal_name",
    "watched",
]

"""When a run is killed: a point that can be seen from outside, and so many seconds behind it."""

import random
import time
from dataclasses import dataclass, field
from pathlib import Path

EPOCHS, UPDATES, EVERY = 3, 8, 2
"""Of the runs: epochs, updates in each, and updates between two states."""
STATES = UPDATES // EVERY + 1
"""States of each epoch: those between its updates, and one behind its evaluation."""
LAST_STATE = 1 + EPOCHS * STATES
KINDS = ("anywhere", "saving", "evaluation", "push", "report", "end")
MOST_WRITING, MOST_EVALUATING, MOST_PUSHING = 0.05, 0.5, 4.0
"""Seconds behind such a point in which a kill falls."""
LOOK_SECONDS = 0.001


@dataclass(frozen=True)
class Moment:
    """A point of a run, and how many seconds behind it."""

    kind: str
    number: int = 1
    delay: float = 0.0

    def __str__(self) -> str:
        count = f" {self.number}" if self.kind in ("saving", "evaluation", "push") else ""
        return f"{self.kind}{count} + {self.delay:.3f} s"


@dataclass
class Watch:
    """What is seen of a run from outside, by looking again and again."""

    folder: Path
    log: Path
    started: float = field(default_factory=time.monotonic)
    writings: int = 0
    """How often a state was begun, or an old one removed."""
    _was_writing: bool = False

    def reached(self, moment: Moment) -> bool:
        """Whether the run has come to the point of a moment."""
        state = self.folder / "state"
        if moment.kind == "anywhere":
            return True
        if moment.kind == "saving":
            writing = (state / ".unfinished").exists()
            self.writings += writing and not self._was_writing
            self._was_writing = writing
            return self.writings >= moment.number
        if moment.kind == "evaluation":
            return (state / f"{moment.number * STATES:06d}").exists()
        if moment.kind == "push":
            return (self.folder / ".push" / f"{moment.number:06d}").exists()
        if moment.kind == "report":
            return (state / f"{LAST_STATE:06d}").exists()
        return self.log.exists() and b"done in" in self.log.read_bytes()


def measured(watch, ended):
    """The seconds from the start of a run to the points of "report" and "end", and to its end, which `ended` tells."""
    found = {}
    while not ended():
        for kind in ("report", "end"):
            if kind not in found and watch.reached(Moment(kind)):
                found[kind] = time.monotonic() - watch.started
        time.sleep(LOOK_SECONDS)
    return {**found, "all": time.monotonic() - watch.started}


def drawn(draw: random.Random, kind: str, seconds: dict[str, float]) -> Moment:
    """A moment of a kind, by the times that a whole run took."""
    if kind == "saving":
        return Moment(kind, draw.randint(1, LAST_STATE), draw.uniform(0, MOST_WRITING))
    if kind == "evaluation":
        return Moment(kind, draw.randint(1, EPOCHS), draw.uniform(0, MOST_EVALUATING))
    if kind == "push":
        return Moment(kind, 1, draw.uniform(0, MOST_PUSHING))
    if kind == "report":
        return Moment(kind, 1, draw.uniform(0, seconds["end"] - seconds["report"]))
    if kind == "end":
        return Moment(kind, 1, draw.uniform(0, seconds["all"] - seconds["end"]))
    return Moment(kind, 1, draw.uniform(0, seconds["all"]))

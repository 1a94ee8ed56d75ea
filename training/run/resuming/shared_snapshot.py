"""The state that a run goes on from, read by its main process for all: no other machine needs the run folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resnet_hub.errors import TrainingError

from ...hardware import from_main_process, main_process_decides, meet
from ..run_folder import RESULTS_FILE, STATE_FOLDER, remove_state
from ..serialization import Snapshot, newest_snapshot


@dataclass(frozen=True)
class SharedSnapshot(Snapshot):
    """A snapshot on the main process's machine. All processes ask it the same, in the same order, and get the same."""

    def has(self, part: str) -> bool:
        """Whether it has a part of this name."""
        return from_main_process(lambda: Snapshot.has(self, part))

    def read(self, part: str) -> Any:
        """The values of a part, as the main process reads them."""
        return from_main_process(lambda: Snapshot.read(self, part))


def state_of(folder: Path) -> Snapshot:
    """The newest whole state of the run in a folder, the same for all processes of this run.

    Raises:
        TrainingError: On every process, where there is no state to go on from.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return _state_of(folder)
    meet()
    found = [SharedSnapshot(folder)]
    main_process_decides(lambda: found.append(SharedSnapshot(_state_of(folder).folder)))
    return found[-1]


def _state_of(folder: Path) -> Snapshot:
    snapshot = newest_snapshot(folder / STATE_FOLDER)
    if snapshot is not None:
        return snapshot
    if (folder / RESULTS_FILE).exists():
        remove_state(folder)  # which a run that was killed in its last moment had begun with
        raise TrainingError("run.finished", folder=str(folder))
    raise TrainingError("run.not_interrupted", folder=str(folder))

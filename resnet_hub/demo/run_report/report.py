"""A run folder as a page shows it: every part that can be read, and why the others cannot."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from resnet_hub.demo.run_report import confusion, curves, held_out, results
from resnet_hub.demo.run_report.confusion import Confusion, parse_confusion
from resnet_hub.demo.run_report.curves import Curves, parse_curves
from resnet_hub.demo.run_report.held_out import HeldOut, parse_held_out
from resnet_hub.demo.run_report.results import Results, parse_results
from resnet_hub.demo.run_report.run_files import RunFolder
from resnet_hub.errors import CheckpointError

Part = TypeVar("Part")
PARTS = ("results", "curves", "confusion", "held_out")
SIGNS = (results.RESULTS_FILE, curves.METRICS_FILE)
"""What a run folder has and a plain checkpoint folder lacks."""
SHEET_FILE = "mistakes.png"
FIGURES = (results.RESULTS_FILE, curves.METRICS_FILE, confusion.CONFUSION_FILE)


@dataclass(frozen=True)
class RunReport:
    """What a page shows of a run."""

    folder: RunFolder
    results: Results | None
    curves: Curves | None
    confusion: Confusion | None
    held_out: HeldOut | None
    faults: Mapping[str, CheckpointError]
    """Why a part is None, by its name in `PARTS`."""

    def image(self, place: int) -> bytes:
        """The file of the held-out image with this number. Raises: CheckpointError."""
        images = self.held_out.images if self.held_out else ()
        if not 0 <= place < len(images):
            raise CheckpointError("run_report.no_such_image")
        return self.folder.read(images[place].file, held_out.MAX_IMAGE_BYTES)

    def sheet(self) -> bytes | None:
        """The file of the mistakes that the run drew, which earlier runs have alone; None where it is not shown."""
        fault = self.faults.get("held_out")
        if fault is None or fault.code != "run_report.no_images":
            return None
        try:
            return self.folder.read(SHEET_FILE, held_out.MAX_IMAGE_BYTES)
        except CheckpointError:
            return None


def is_run(folder: Path) -> bool:
    """Whether a checkpoint folder is that of a run."""
    return any(RunFolder(folder).has(name) for name in SIGNS)


def read_run(folder: Path, classes: int, *, images: bool = True) -> RunReport:
    """What can be read of the run of a network with so many classes.

    Args:
        folder: The run folder, perhaps a stranger's.
        classes: Outputs of its network.
        images: Whether the images that it kept may be shown.
    """
    files, faults = RunFolder(folder), {}

    def part(name: str, file: str, most: int, parse: Callable[..., Part], *rest: Any) -> Part | None:
        try:
            return parse(files.read(file, most), *rest)
        except CheckpointError as error:
            faults[name] = error
            return None

    figures = part("results", results.RESULTS_FILE, results.MAX_BYTES, parse_results, classes)
    epochs = part("curves", curves.METRICS_FILE, curves.MAX_BYTES, parse_curves)
    matrix = part("confusion", confusion.CONFUSION_FILE, confusion.MAX_BYTES, parse_confusion, classes)
    kept = None
    if not images:
        faults["held_out"] = CheckpointError("run_report.images_off")
    elif not files.has(held_out.FOLDER):
        faults["held_out"] = CheckpointError("run_report.no_images")
    else:
        kept = part("held_out", held_out.INDEX_FILE, held_out.MAX_BYTES, parse_held_out, classes)
    return RunReport(files, figures, epochs, matrix, kept, faults)


def shared_files(folder: Path, *, images: bool) -> list[str]:
    """The files, by their paths in the folder, that a page elsewhere shows a run from: figures, and images if wanted.

    Only those that lie in the folder and that `read_run` would read; images are those of the index.
    """
    files, found = RunFolder(folder), []
    for name in FIGURES:
        if _readable(files, name, results.MAX_BYTES):
            found.append(name)
    if images and _readable(files, held_out.INDEX_FILE, held_out.MAX_BYTES):
        try:
            kept = parse_held_out(files.read(held_out.INDEX_FILE, held_out.MAX_BYTES), 10**9)
        except CheckpointError:
            return found
        names = [image.file for image in kept.images if _readable(files, image.file, held_out.MAX_IMAGE_BYTES)]
        found += [held_out.INDEX_FILE, *dict.fromkeys(names)]
    return found


def _readable(files: RunFolder, name: str, most: int) -> bool:
    try:
        files.read(name, most)
    except CheckpointError:
        return False
    return True


class RunReader:
    """Reads a run for many visitors: again only when its files have been written since."""

    def __init__(self, folder: Path, classes: int, *, images: bool) -> None:
        """As `read_run`."""
        self._folder, self._classes, self._images = RunFolder(folder), classes, images
        self._lock = threading.Lock()
        self._known: tuple[Any, RunReport] | None = None

    def report(self) -> RunReport:
        """The run as it is now."""
        names = (*FIGURES, held_out.INDEX_FILE)
        state = tuple(self._folder.state(name) for name in names)
        with self._lock:
            if self._known is None or self._known[0] != state:
                report = read_run(self._folder.path, self._classes, images=self._images)
                self._known = state, report
            return self._known[1]

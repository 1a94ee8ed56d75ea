"""The newest state of a run for another machine: linked where it can be, without the folders of this one."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from resnet_hub.card import without_paths

from ..run_folder import STATE_FOLDER
from ..serialization import CHECKSUMS, link_file

PATHS = ("dataset", "model", "labels", "output")
"""Settings that may hold a folder of this machine; their last part says which is meant on another."""
RUN_FILE = "run.json"


def copy_state(folder: Path, target: Path) -> None:
    """Gives `target` the newest state of a run folder, as `state/NUMBER/` with sums of its own.

    Raises:
        OSError: There is none, or the disk does not take it.
    """
    newest = max((file for file in (folder / STATE_FOLDER).iterdir() if file.name.isdecimal()), default=None)
    if newest is None:
        raise FileNotFoundError(2, "there is no state yet")
    copy = target / STATE_FOLDER / newest.name
    copy.mkdir(parents=True)
    for file in newest.iterdir():
        if file.name not in (RUN_FILE, CHECKSUMS):
            link_file(file, copy / file.name)
    text = json.dumps(_without_folders(json.loads((newest / RUN_FILE).read_text("utf-8"))))
    (copy / RUN_FILE).write_text(text, "utf-8")
    sums = dict(line.split("  ", 1)[::-1] for line in (newest / CHECKSUMS).read_text("utf-8").splitlines())
    sums[RUN_FILE] = hashlib.sha256(text.encode()).hexdigest()
    (copy / CHECKSUMS).write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()), "utf-8")


def _without_folders(run: dict[str, Any]) -> dict[str, Any]:
    recipe = {name: without_paths(value) if name in PATHS and value else value for name, value in run["recipe"].items()}
    return {**run, "recipe": recipe}

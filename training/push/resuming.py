"""`--resume hf://owner/name`: a run whose state is on the Hub goes on here."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from resnet_hub.errors import TrainingError

from ..run import STATE_FOLDER
from ..settings import parse_flags
from .hub_state import fetch_state

ADDRESS = "hf://"
"""What `--resume` names a run on the Hub by: hf://owner/name, or hf://owner/name@branch."""


def from_hub(flags: Sequence[str]) -> list[str]:
    """The flags with a run folder in place of `--resume hf://owner/name`, whose state the main process fetches into it.

    Raises:
        HubError: There is no state, or the Hub refused or could not be reached.
        TrainingError: The folder holds a run already, or cannot be written.
    """
    given, resumed = parse_flags(flags)
    if resumed is None or not resumed.startswith(ADDRESS):
        return list(flags)
    repo_id, _, revision = resumed.removeprefix(ADDRESS).partition("@")
    folder = Path(given.get("output") or Path("runs", repo_id.rpartition("/")[2]))
    if os.environ.get("RANK", "0") == "0":
        if (folder / STATE_FOLDER).exists():
            raise TrainingError("push.state_is_here", folder=str(folder), address=resumed)
        try:
            fetch_state(repo_id, revision or None, folder)
        except OSError as error:
            raise TrainingError("run.unwritable", folder=str(folder), reason=error.strerror or error) from error
    return [flag.replace(resumed, str(folder)) for flag in flags]

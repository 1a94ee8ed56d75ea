"""The state of a run on the Hub: on a branch of its own, from which the run goes on on another machine."""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, snapshot_download
from huggingface_hub.errors import HfHubHTTPError

from resnet_hub.hub import hub_errors, make_repository, push_address, with_or_without_xet

BRANCH = "state"
KEPT_FILE = ".gitattributes"
"""Says which files are large; it stays when all else on the branch is replaced."""
_FILE = re.compile(r"state/[0-9]{1,9}/(?:[a-z]{1,20}\.(?:json|safetensors)|SHA256SUMS)")


def state_branch(revision: str | None) -> str:
    """The branch of the state of a run that pushes its checkpoints to another."""
    return f"{revision}-{BRANCH}" if revision else BRANCH


def push_state(folder: Path, repo_id: str, revision: str | None) -> None:
    """Replaces the state on the Hub, and its history, by the one in a folder with `state/NUMBER/`.

    Raises:
        HubError: The Hub refused, or could not be reached.
    """
    api, address = HfApi(), replace(push_address(repo_id, None, create_pr=False), revision=state_branch(revision))
    files = {str(file.relative_to(folder)): file for file in sorted(folder.rglob("*")) if file.is_file()}
    with hub_errors(address, "write to", None):
        make_repository(api, address)
        there = api.list_repo_files(repo_id, revision=address.revision)
        gone = [CommitOperationDelete(name) for name in there if name not in files and name != KEPT_FILE]
        added = [CommitOperationAdd(name, file) for name, file in files.items()]
        with_or_without_xet(
            lambda: api.create_commit(
                repo_id, [*gone, *added], commit_message="The state of the run", revision=address.revision
            )
        )
        with suppress(HfHubHTTPError):  # a Hub that cannot forget keeps them all
            api.super_squash_history(repo_id, branch=state_branch(revision))


def drop_state(repo_id: str, revision: str | None) -> None:
    """Removes the state of a finished run from the Hub, where there is one."""
    with suppress(HfHubHTTPError):
        HfApi().delete_branch(repo_id, branch=state_branch(revision))


def fetch_state(repo_id: str, revision: str | None, folder: Path) -> None:
    """Puts the state on the Hub into a run folder.

    Raises:
        HubError: There is none, or the Hub refused or could not be reached.
        OSError: The disk does not take it.
    """
    address = replace(push_address(repo_id, None, create_pr=False), revision=state_branch(revision))
    with hub_errors(address, "read", None):
        names = [name for name in HfApi().list_repo_files(repo_id, revision=address.revision) if _FILE.fullmatch(name)]
        found = Path(snapshot_download(repo_id, revision=address.revision, allow_patterns=names or ["-"]))
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(found / name, folder / name)

"""A checkpoint folder -> a repository on the Hub, in one commit."""

from __future__ import annotations

import logging
from pathlib import Path

from huggingface_hub import HfApi

from resnet_hub.address import DEFAULT_REVISION, push_address
from resnet_hub.checkpoint_config import CARD_FILE, CONFIG_FILE, WEIGHTS_FILE
from resnet_hub.errors import CheckpointError, HubError
from resnet_hub.hub_errors import check_token, hub_errors

# What a repository receives of a checkpoint or run folder; never `state/` (the optimizer's) nor `examples/` (pictures).
PUSHED_FILES = (
    CONFIG_FILE,
    WEIGHTS_FILE,
    CARD_FILE,
    "recipe.toml",
    "metrics.jsonl",
    "results.json",
    "curves.png",
    "confusion.png",
)

logger = logging.getLogger(__name__)


def push_checkpoint(
    folder: str | Path,
    repo_id: str,
    *,
    private: bool | None = None,
    revision: str | None = None,
    create_pr: bool = False,
    commit_message: str | None = None,
    token: str | None = None,
) -> str:
    """The URL of the one commit (with `create_pr`, of the pull request) that uploads a checkpoint or run folder.

    The repository and the branch `revision` are made where missing. Of the folder only `PUSHED_FILES` are sent.

    Raises:
        CheckpointError: The folder has no config.json or no model.safetensors.
        ConfigError: `repo_id` is no "owner/name", or `create_pr` meets another branch than main.
        HubError: The Hub refused or could not be reached, or `private=True` meets a public repository.
    """
    folder = Path(folder)
    address = push_address(repo_id, revision, create_pr)
    check_token(token)
    for name in (CONFIG_FILE, WEIGHTS_FILE):
        if not (folder / name).is_file():
            raise CheckpointError(f"there is no {name} in {str(folder)!r}; write the folder with save_pretrained first")
    api = HfApi(token=token)
    with hub_errors(address, "write to", token):
        api.create_repo(address.repo_id, private=private, exist_ok=True)
        if private and api.model_info(address.repo_id).private is False:
            raise HubError(
                f"model {address.repo_id!r} exists and is public, but private=True was asked for;"
                " make it private in its settings on the Hub or choose another name"
            )
        if address.revision not in (None, DEFAULT_REVISION) and not address.revision.startswith("refs/"):
            api.create_branch(address.repo_id, branch=address.revision, exist_ok=True)
        commit = api.upload_folder(
            repo_id=address.repo_id,
            folder_path=folder,
            allow_patterns=list(PUSHED_FILES),
            revision=address.revision,
            create_pr=create_pr,
            commit_message=commit_message or "Upload checkpoint",
        )
    url = commit.pr_url or commit.commit_url
    logger.info("pushed %s to %s", folder, url)
    return url

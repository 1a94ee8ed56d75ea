"""Repo id -> folder: a checkpoint comes down from the Hub, both of its files of one commit."""

from __future__ import annotations

import logging
from pathlib import Path

from huggingface_hub import hf_hub_download
from huggingface_hub.errors import LocalEntryNotFoundError, RemoteEntryNotFoundError

from resnet_hub.address import repo_address
from resnet_hub.checkpoint_config import CONFIG_FILE, OLDER_WEIGHTS_FILE, WEIGHTS_FILE
from resnet_hub.hub_errors import check_token, hub_errors
from resnet_hub.published import find_tag

logger = logging.getLogger(__name__)


def download_checkpoint(
    source: str,
    *,
    revision: str | None = None,
    token: str | None = None,
    cache_dir: str | Path | None = None,
    local_files_only: bool = False,
    config_only: bool = False,
) -> Path:
    """A local folder that holds config.json and model.safetensors, or pytorch_model.bin where it is absent.

    Both files are of one commit, whatever is pushed meanwhile. A cached commit costs one request, an offline one none.
    With `config_only` the folder may hold no weights.

    Raises:
        ConfigError: `source` is no address, see `repo_address`.
        HubError: The Hub refused, could not be reached, or lacks the repository, the revision or a file.
    """
    address = repo_address(source, revision)
    check_token(token)
    if "/" not in source:
        terms = find_tag(address.repo_id.partition("/")[2]).terms
        logger.info("%s stands for %s, licence %s", source, address, terms)

    def fetch(file_name: str, commit: str | None, *, offline: bool = local_files_only) -> Path:
        path = hf_hub_download(
            address.repo_id, file_name, revision=commit, token=token, cache_dir=cache_dir, local_files_only=offline
        )
        return Path(path)

    with hub_errors(address, "read", token):
        folder = fetch(CONFIG_FILE, address.revision).parent
        commit = folder.name
        if config_only:
            return folder
        try:
            fetch(WEIGHTS_FILE, commit)
        except RemoteEntryNotFoundError:
            fetch(OLDER_WEIGHTS_FILE, commit)
        except LocalEntryNotFoundError as unanswered:
            try:  # only the cache can still hold the older kind: asking the Hub once more would only wait
                fetch(OLDER_WEIGHTS_FILE, commit, offline=True)
            except LocalEntryNotFoundError:
                raise unanswered from unanswered.__cause__
    return folder

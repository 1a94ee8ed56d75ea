"""Repo id -> folder: downloads a checkpoint from the Hub, both files from one commit and verified by hash."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url
from huggingface_hub.errors import (
    HfHubHTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RevisionNotFoundError,
)

from resnet_hub.card import MAX_CARD_BYTES
from resnet_hub.checkpoint import (
    CARD_FILE,
    CONFIG_FILE,
    INDICES,
    MAX_CONFIG_BYTES,
    MAX_SPLIT_BYTES,
    MAX_WEIGHTS_BYTES,
    MODEL_TYPE,
    OLDER_WEIGHTS_FILE,
    PROCESSOR_FILE,
    SPLIT_FILE,
    WEIGHTS_FILE,
    read_json,
    shard_names,
)
from resnet_hub.errors import CheckpointError, HubError
from resnet_hub.hub import cache_integrity as hub_cache
from resnet_hub.hub.address import RepoAddress, is_commit, repo_address
from resnet_hub.hub.http_errors import HTTP_ERROR, Token, cause, check_token, hub_errors
from resnet_hub.registry import find_tag

MAX_BYTES = {
    CARD_FILE: MAX_CARD_BYTES,
    CONFIG_FILE: MAX_CONFIG_BYTES,
    WEIGHTS_FILE: MAX_WEIGHTS_BYTES,
    OLDER_WEIGHTS_FILE: MAX_WEIGHTS_BYTES,
    SPLIT_FILE: MAX_SPLIT_BYTES,
    PROCESSOR_FILE: MAX_CONFIG_BYTES,
    **dict.fromkeys(INDICES, MAX_CONFIG_BYTES),
}
"""What larger files of these names would hold is no network's."""

logger = logging.getLogger(__name__)


def download_checkpoint(
    source: str,
    *,
    revision: str | None = None,
    token: Token = None,
    cache_dir: str | Path | None = None,
    local_files_only: bool = False,
    config_only: bool = False,
    needs_config: bool = True,
) -> Path:
    """A local folder that holds config.json and model.safetensors, or pytorch_model.bin where it is absent.

    Both files are of one commit, whatever is pushed meanwhile, and each has the hash that the Hub says. A cached branch
    costs one request; a cached commit, or anything cached while offline, none. Where the Hub does not answer and the
    files are cached, a warning says so and they are used. A refusal is raised at once; an interrupted transfer is
    resumed, and the client logs each backoff.

    Args:
        source: An id, with or without "@revision" and "hf-hub:", or a published name.
        revision: Branch, tag or commit.
        token: Hub token; the saved login where absent, and none at all for False.
        cache_dir: Where downloads are kept.
        local_files_only: Never ask the Hub.
        config_only: Leave the weights where they are, so that the folder may hold none.
        needs_config: Refuse a repository without config.json.

    Raises:
        ConfigError: `source` is no address, see `repo_address`.
        HubError: The Hub refused or could not be reached, or lacks the repository, the revision or a file, or what came
            is larger than any network's, or is not what the Hub says it is.
    """
    address = repo_address(source, revision)
    check_token(token)
    if "/" not in source:
        terms = find_tag(address.repo_id.partition("/")[2]).terms
        logger.info("%s stands for %s, license %s", source, address, terms)
    files = _Files(address, token, cache_dir, local_files_only)
    with hub_errors(address, "read", token):
        commit = address.revision
        try:
            folder = files.fetch(CONFIG_FILE, commit).parent
            commit = folder.name
            files.fetch_input(folder)
        except (RemoteEntryNotFoundError, LocalEntryNotFoundError):
            if needs_config or config_only:
                raise
        return folder if config_only else files.fetch_weights(commit)


def download_beside(source: str, name: str, revision: str | None = None) -> Path | None:
    """A further file of a checkpoint that has been downloaded, of the same commit; None where it has none.

    Args:
        source: As in `download_checkpoint`.
        name: One of `MAX_BYTES`.
        revision: As in `download_checkpoint`.

    Raises:
        HubError: As in `download_checkpoint`.
    """
    address = repo_address(source, revision)
    files = _Files(address, None, None, False)
    with hub_errors(address, "read", None):
        try:
            return files.fetch(name, files.fetch(CONFIG_FILE, address.revision).parent.name)
        except (RemoteEntryNotFoundError, LocalEntryNotFoundError):
            return None


def mend_checkpoint(
    folder: Path,
    source: str,
    *,
    revision: str | None,
    token: Token,
    cache_dir: str | Path | None,
    local_files_only: bool = False,
) -> bool:
    """Downloads the corrupted files of a cached folder again; returns whether there were any.

    Raises:
        HubError: It could not be fetched; the sentence says which file to delete.
    """
    damaged = hub_cache.damaged_files(folder)
    if not damaged:
        return False
    address, names = repo_address(source, revision), ", ".join(file.name for file in damaged)
    logger.warning("the cached %s of %s has changed since it was downloaded; it is fetched again", names, address)
    try:
        with hub_errors(address, "read", token):
            if local_files_only:
                raise HubError("hub.may_not_be_asked")
            for file in damaged:
                # Asked first, because the download would only say that it failed.
                get_hf_file_metadata(hf_hub_url(address.repo_id, file.name, revision=folder.name), token=token)
                hub_cache.discard(file)
                hf_hub_download(address.repo_id, file.name, revision=folder.name, token=token, cache_dir=cache_dir)
    except HubError as error:
        stored = ", ".join(repr(str(hub_cache.stored_file(file))) for file in damaged)
        raise HubError("hub.damaged_cache", names=names, named=address.full_name, error=error, stored=stored) from error
    return True


@dataclass(frozen=True)
class _Files:
    """The files of one repository: the cached ones where nothing newer can be, else those on the Hub."""

    address: RepoAddress
    token: Token
    cache_dir: str | Path | None
    offline: bool

    def fetch_input(self, folder: Path) -> None:
        """Fetches what transformers says of the input, where the config is one of its own networks'."""
        with suppress(CheckpointError):  # a config that is none is refused where it is read
            if read_json(folder / CONFIG_FILE).get("model_type") != MODEL_TYPE:
                return
            if not hub_cache.known_absent(folder, PROCESSOR_FILE):
                try:
                    self.fetch(PROCESSOR_FILE, folder.name)
                except RemoteEntryNotFoundError:
                    hub_cache.note_absent(folder, PROCESSOR_FILE)
                except LocalEntryNotFoundError:
                    return

    def fetch_weights(self, commit: str | None) -> Path:
        """The folder of the commit, with its weights: in one file, else in several, and the safer kind where it is."""
        names = [name for name in INDICES if hub_cache.cached_file(self.address.repo_id, name, commit, self.cache_dir)]
        if names:
            return self._fetch_shards(names[0], commit)
        try:
            return self._fetch_file(commit)
        except RemoteEntryNotFoundError as absent:
            for name in INDICES:
                with suppress(RemoteEntryNotFoundError):
                    return self._fetch_shards(name, commit)
            raise absent

    def _fetch_shards(self, name: str, commit: str | None) -> Path:
        """The folder of the commit, with all files of an index. Raises: what the client raises, and ResNetHubError."""
        index = self.fetch(name, commit)
        size = 0
        for shard in shard_names(index):
            size += self.fetch(shard, index.parent.name).stat().st_size
            if size > MAX_WEIGHTS_BYTES:
                most = MAX_WEIGHTS_BYTES
                raise HubError("hub.file_too_large", named=self.address.name, file=name, size=size, most=most)
        return index.parent

    def _fetch_file(self, commit: str | None) -> Path:
        """The folder of the commit, with its one weights file; the older kind only where the Hub has no other."""
        cached = hub_cache.cached_file(self.address.repo_id, OLDER_WEIGHTS_FILE, commit, self.cache_dir)
        if cached is None or not hub_cache.known_absent(cached.parent, WEIGHTS_FILE):
            try:
                return self.fetch(WEIGHTS_FILE, commit).parent
            except LocalEntryNotFoundError:
                if cached is None:
                    raise
            except RemoteEntryNotFoundError:
                folder = self.fetch(OLDER_WEIGHTS_FILE, commit).parent
                hub_cache.note_absent(folder, WEIGHTS_FILE)
                return folder
        return self.fetch(OLDER_WEIGHTS_FILE, commit).parent

    def fetch(self, name: str, revision: str | None) -> Path:
        """The file, on this machine. Raises: what the client raises, and HubError."""
        repo_id = self.address.repo_id
        cached = hub_cache.cached_file(repo_id, name, revision, self.cache_dir)
        if cached is not None and (self.offline or is_commit(revision)):
            return cached
        if self.offline:
            raise LocalEntryNotFoundError(f"{name} of {repo_id} is not in the cache")
        try:
            # Requested here and once: the client's own download retries up to five times, silently, before it gives up.
            found = get_hf_file_metadata(hf_hub_url(repo_id, name, revision=revision), token=self.token)
        except (RevisionNotFoundError, RemoteEntryNotFoundError):
            raise
        except OfflineModeIsEnabled as error:
            if cached is None:
                raise LocalEntryNotFoundError(f"{name} of {repo_id} is not in the cache") from error
            return cached
        except (HfHubHTTPError, HTTP_ERROR) as error:
            if cached is None:
                raise
            reason = cause(error, self.address, "read", self.token)
            logger.warning("%s; the cached commit %s is used", reason, cached.parent.name)
            return cached
        if cached is not None and cached.parent.name == found.commit_hash:
            return cached
        if found.size is not None and found.size > MAX_BYTES.get(name, MAX_WEIGHTS_BYTES):
            most = MAX_BYTES.get(name, MAX_WEIGHTS_BYTES)
            raise HubError("hub.file_too_large", named=self.address.name, file=name, size=found.size, most=most)
        downloaded = hf_hub_download(
            repo_id, name, revision=revision, token=self.token, cache_dir=self.cache_dir, local_files_only=False
        )
        return self._checked(Path(downloaded), found.etag or "")

    def _checked(self, file: Path, hash_name: str) -> Path:
        """The downloaded file. Raises: HubError, and forgets it, where it is not what the Hub said it would send."""
        # A branch may have moved between the request and the download: the hash of what came is in the cache.
        stored = hub_cache.stored_file(file)
        if hub_cache.is_intact(file, stored.name if stored != file else hash_name) is False:
            hub_cache.discard(file)
            raise HubError("hub.wrong_hash", file=file.name, named=self.address.full_name)
        return file

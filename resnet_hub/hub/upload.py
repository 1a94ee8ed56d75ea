"""A checkpoint folder -> a repository on the Hub, in one commit that overwrites nobody else's."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from huggingface_hub import CommitInfo, CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.hf_api import RepoFile

from resnet_hub.card import SAMPLES_FILE, CardText, check_card_size, merged_card, metadata_of, updated_card
from resnet_hub.checkpoint import CARD_FILE, CONFIG_FILE, FORMS, MAX_CONFIG_BYTES, SPLIT_FILE, WEIGHTS_FILE, read_json
from resnet_hub.errors import CheckpointError, HubError, Phrase
from resnet_hub.hub.address import RepoAddress, push_address
from resnet_hub.hub.http_errors import check_token, hub_errors
from resnet_hub.hub.other_hubs import with_host, with_or_without_xet
from resnet_hub.hub.pushed_files import FORM_FILES, PUSHED_FILES, pushed_files, refuse_token
from resnet_hub.hub.repository import make_repository

ATTEMPTS = 4
"""How often a commit is tried while others commit to the same repository."""
CONFLICT = 412
"""The Hub's status for a commit whose parent is no longer the newest."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Seen:
    """A branch of a repository as it was when somebody looked."""

    commit: str
    files: Mapping[str, str]
    """The id of the content of each of `PUSHED_FILES` and `FORM_FILES` that it has."""
    weights: str
    """The sha256 of its weights; empty where it has none, or none that are stored apart."""
    card: CardText | None
    metadata: Mapping[str, Any]
    """The front matter that a card of ours has for the config that is there."""


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

    The repository and the branch `revision` are made where missing. Of the folder only `PUSHED_FILES` are sent, and the
    files for other runtimes that were exported from its weights; those on the Hub of other weights are taken away. Of
    the card, the sections generated from the config are rewritten; hand-written text, on the Hub or here, is kept.

    Raises:
        CheckpointError: The folder has no config.json or no model.safetensors, or one of its files holds a Hub token,
            or a card here or there cannot be read.
        ConfigError: `repo_id` is no "owner/name", or `create_pr` meets another branch than main.
        HubError: The Hub refused or could not be reached, `private=True` meets a public repository, or somebody else
            pushed a checkpoint meanwhile.
    """
    folder = Path(folder)
    address = push_address(repo_id, revision, create_pr)
    check_token(token)
    contents = pushed_files(folder)
    values = read_json(folder / CONFIG_FILE)
    card, generated = updated_card(values, folder, address.repo_id), metadata_of(values, address.repo_id)
    refuse_token(str(card).encode(), Phrase("hub.file_in_folder", name=CARD_FILE, folder=str(folder)))
    api = HfApi(token=token)
    with hub_errors(address, "write to", token):
        make_repository(api, address, private=private)
        files = [CommitOperationAdd(name, content) for name, content in contents.items()]
        commit = _commit(api, address, files, card, generated, commit_message or "Upload checkpoint", create_pr)
    url = with_host(commit.pr_url or commit.commit_url)
    logger.info("pushed %s to %s", folder, url)
    return url


def _commit(
    api: HfApi,
    address: RepoAddress,
    files: list[CommitOperationAdd],
    card: CardText,
    generated: Mapping[str, Any],
    message: str,
    create_pr: bool,
) -> CommitInfo:
    """The commit with these files and this card; retried after a concurrent commit that left the files alone."""
    looked: Seen | None = None
    for attempt in range(1, ATTEMPTS + 1):
        seen = look_at(api, address)
        if looked is not None:
            _refuse_other_checkpoint(address, looked, seen)
        text = str(_card_for_hub(address, card, generated, seen))
        # What other weights were trained on and answer is not true of these, nor do files made of those answer alike.
        sent = {file.path_in_repo: file.upload_info.sha256.hex() for file in files}
        stale = sorted(seen.files.keys() & {SPLIT_FILE, SAMPLES_FILE, *FORM_FILES} - sent.keys())
        if sent[WEIGHTS_FILE] == seen.weights:  # which the forms there were made of
            stale = [name for name in stale if name not in FORM_FILES]
        if forms := [name for name in stale if name in FORMS]:
            logger.warning("%s on the Hub answered for the weights before these; taken away", ", ".join(forms))
        gone = [CommitOperationDelete(name) for name in stale]
        # Not upload_folder: over Xet that may make several commits.
        commit = partial(
            api.create_commit,
            address.repo_id,
            [*files, CommitOperationAdd(CARD_FILE, text.encode()), *gone],
            commit_message=message,
            revision=address.revision,
            create_pr=create_pr,
            parent_commit=seen.commit,
        )
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="It seems that you are about to commit a data file")
                return with_or_without_xet(commit)
        except HfHubHTTPError as error:
            if error.response.status_code != CONFLICT or attempt == ATTEMPTS:
                raise
            looked = seen
        except ValueError as error:
            if "metadata" not in str(error):
                raise
            said = "; ".join(line.strip("- ") for line in str(error).splitlines()[1:]) or str(error)
            raise HubError("hub.card_refused", repo_id=address.repo_id, said=said) from error
    raise AssertionError("the last attempt returns or raises")


def look_at(api: HfApi, address: RepoAddress) -> Seen:
    """What is on the branch now. Raises: CheckpointError for a card that cannot be read."""
    commit = api.model_info(address.repo_id, revision=address.revision).sha
    found = api.get_paths_info(address.repo_id, [*PUSHED_FILES, *FORM_FILES], revision=commit)
    files = {file.path: file for file in found if isinstance(file, RepoFile)}
    where = Phrase("hub.card_on_hub", named=address.full_name)
    card: CardText | None = None
    metadata: Mapping[str, Any] = {}
    with TemporaryDirectory() as cache:

        def fetch(name: str) -> Path:
            return Path(api.hf_hub_download(address.repo_id, name, revision=commit, cache_dir=cache))

        if CARD_FILE in files:
            check_card_size(files[CARD_FILE].size, where)
            card = CardText.parse(fetch(CARD_FILE).read_bytes(), where)
            if CONFIG_FILE in files and files[CONFIG_FILE].size <= MAX_CONFIG_BYTES:
                with suppress(CheckpointError):  # whatever it is, this push replaces it
                    metadata = metadata_of(read_json(fetch(CONFIG_FILE)), address.repo_id)
    stored = files[WEIGHTS_FILE].lfs if WEIGHTS_FILE in files else None
    weights = stored.sha256 if stored is not None else ""
    return Seen(str(commit), {path: file.blob_id for path, file in files.items()}, weights, card, metadata)


def _card_for_hub(address: RepoAddress, card: CardText, generated: Mapping[str, Any], seen: Seen) -> CardText:
    """The card with what others wrote into the one on the Hub."""
    if seen.card is None:
        return card
    theirs = seen.card
    if card.own_words and theirs.own_words and card.own_words != theirs.own_words:
        logger.warning(
            "%s was written by hand here and in model %r on the Hub; the words on the Hub stay: edit them there,"
            " or delete the file there to send yours",
            CARD_FILE,
            str(address),
        )
    # Of what was written by hand here, the Hub's comes first as well.
    ours = {key: value for key, value in card.metadata.items() if key in generated or key not in theirs.metadata}
    return merged_card(theirs, CardText(ours, card.body), seen.metadata)


def _refuse_other_checkpoint(address: RepoAddress, looked: Seen, seen: Seen) -> None:
    """Raises: HubError when somebody else's commit between two looks changed more than the card."""
    names = {*looked.files, *seen.files} - {CARD_FILE}
    changed = sorted(name for name in names if looked.files.get(name) != seen.files.get(name))
    if changed:
        raise HubError(
            "hub.pushed_meanwhile", files=", ".join(changed), named=address.full_name, commit=seen.commit[:7]
        )

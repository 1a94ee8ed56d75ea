"""Repo id <-> folder: downloads a checkpoint, pushes one, and says in one sentence what the Hub refused.

The only module that talks to the Hub; `pretrained.py` calls it, and a folder on disk is all that passes between them.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import HfApi, constants, get_token, hf_hub_download
from huggingface_hub.errors import (
    FileMetadataError,
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from resnet_hub.checkpoint_config import CARD_FILE, CONFIG_FILE, WEIGHTS_FILE
from resnet_hub.errors import CheckpointError, ConfigError, HubError, ResNetHubError
from resnet_hub.published import find_tag, is_published_name, near_published, published_weights

# The error of the HTTP client underneath, which is another package in older releases of huggingface_hub.
HTTP_ERROR: type[Exception] = next(base for base in HfHubHTTPError.__mro__ if base.__name__ == "HTTPError")
OLDER_WEIGHTS_FILE = "pytorch_model.bin"
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
SOURCE_FORMS = '"owner/name", "owner/name@revision", "hf-hub:owner/name" or a published name such as "resnet50.a1_in1k"'

_REPO_ID = re.compile(r"\w([\w.-]{0,94}\w)?/\w([\w.-]{0,94}\w)?", re.ASCII)
_WEIGHTS_SUFFIXES = (".safetensors", ".bin", ".pth", ".pt", ".th", ".ckpt", ".npz", ".onnx")
# What git forbids in the name of a branch or tag; the cache also makes a file of this name, so it may not climb out.
_NOT_A_REVISION = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|//|^[/-]|[/.]$|/\.|^\.")
_COMMIT = re.compile(r"[0-9a-f]{40}")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RepoAddress:
    """Where on the Hub a checkpoint lives."""

    repo_id: str
    """owner/name."""
    revision: str | None = None
    """Branch, tag or commit; the main branch where absent."""

    def __str__(self) -> str:
        return self.repo_id if self.revision is None else f"{self.repo_id}@{self.revision}"


def repo_address(source: str, revision: str | None = None) -> RepoAddress:
    """The address that `source` names: an id, with or without "@revision" and "hf-hub:", or a published name.

    Raises:
        ConfigError: `source` has another form, or is no published name, or its "@revision" is not `revision`.
    """
    name, at, named_revision = source.removeprefix("hf-hub:").removeprefix("hf_hub:").partition("@")
    if at and revision is not None and named_revision != revision:
        raise ConfigError(f"{source!r} asks for revision {named_revision!r}, but revision={revision!r}; give only one")
    chosen = named_revision if at else revision
    if chosen is not None and (not chosen or _NOT_A_REVISION.search(chosen)):
        raise ConfigError(f"{chosen!r} in {source!r} cannot be a revision; give a branch, a tag or a commit")
    if is_published_name(name) and not name.endswith(_WEIGHTS_SUFFIXES):
        return RepoAddress(published_weights(name).repo_id, chosen)
    if not _REPO_ID.fullmatch(name) or "--" in name or ".." in name or name.endswith(".git"):
        raise ConfigError(f"{source!r} is no Hub id, and nothing here has that path; expected {SOURCE_FORMS}")
    return RepoAddress(name, chosen)


def is_repo_id(source: str) -> bool:
    """Whether `repo_address` understands `source`; nothing is asked of the Hub."""
    try:
        repo_address(source)
    except ConfigError:
        return False
    return True


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
    _check_token(token)
    if "/" not in source:
        terms = find_tag(address.repo_id.partition("/")[2]).terms
        logger.info("%s stands for %s, licence %s", source, address, terms)

    def fetch(file_name: str, commit: str | None, *, offline: bool = local_files_only) -> Path:
        path = hf_hub_download(
            address.repo_id, file_name, revision=commit, token=token, cache_dir=cache_dir, local_files_only=offline
        )
        return Path(path)

    with _hub_errors(address, "read", token):
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
    address = _push_address(repo_id, revision, create_pr)
    _check_token(token)
    for name in (CONFIG_FILE, WEIGHTS_FILE):
        if not (folder / name).is_file():
            raise CheckpointError(f"there is no {name} in {str(folder)!r}; write the folder with save_pretrained first")
    api = HfApi(token=token)
    with _hub_errors(address, "write to", token):
        api.create_repo(address.repo_id, private=private, exist_ok=True)
        if private and api.model_info(address.repo_id).private is False:
            raise HubError(
                f"model {address.repo_id!r} exists and is public, but private=True was asked for;"
                " make it private in its settings on the Hub or choose another name"
            )
        if address.revision not in (None, constants.DEFAULT_REVISION) and not address.revision.startswith("refs/"):
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


def _push_address(repo_id: str, revision: str | None, create_pr: bool) -> RepoAddress:
    if "/" not in repo_id:
        raise ConfigError(f'{repo_id!r} does not say whose repository it is; expected "owner/name"')
    address = repo_address(repo_id, revision)
    if create_pr and address.revision not in (None, constants.DEFAULT_REVISION):
        raise ConfigError(
            f"create_pr=True and revision={address.revision!r} exclude each other:"
            " a pull request is opened against main; give only one"
        )
    if address.revision is not None and _COMMIT.fullmatch(address.revision):
        raise ConfigError(f"revision={address.revision!r} is a commit, which nothing can be added to; give a branch")
    return address


def _check_token(token: str | None) -> None:
    """Raises: HubError for a token no header can carry; the HTTP client's own error would show it."""
    if token is not None and not (token and token.isascii() and token.isprintable() and " " not in token):
        raise HubError("the token is empty or holds a space or a line break; copy it again from the Hub's settings")


@contextmanager
def _hub_errors(address: RepoAddress, action: str, token: str | None) -> Iterator[None]:
    """Whatever the client raises inside comes out as one HubError sentence, with the client's error as its cause."""
    try:
        yield
    except ResNetHubError:
        raise
    except (OSError, ValueError, RuntimeError, HTTP_ERROR) as error:
        message = " ".join(_sentence(error, address, action, token).split())
        for secret in filter(None, (token, get_token())):
            message = message.replace(secret, "<token>")
        raise HubError(message) from error


def _sentence(error: BaseException, address: RepoAddress, action: str, token: str | None) -> str:
    """What happened to a request about `address`, and what to do next."""
    model, endpoint = f"model {address.repo_id!r}", constants.ENDPOINT
    if isinstance(error, LocalEntryNotFoundError):
        if error.__cause__ is None or isinstance(error.__cause__, OfflineModeIsEnabled):
            return f"model {str(address)!r} is not in the cache and the Hub may not be asked; load it once while online"
        return _sentence(error.__cause__, address, action, token)
    if isinstance(error, RuntimeError) and error.__cause__ is not None:  # an upload that failed, without saying why
        return _sentence(error.__cause__, address, action, token)
    if isinstance(error, OfflineModeIsEnabled):
        return f"cannot {action} {model} while HF_HUB_OFFLINE is set; unset it"
    if isinstance(error, GatedRepoError):
        return f"{model} is gated; ask for access at {endpoint}/{address.repo_id} and log in with `hf auth login`"
    if isinstance(error, RepositoryNotFoundError):
        near = near_published(address.repo_id)
        return f"{model} was not found, or it is private; check the name, or log in with `hf auth login`{near}"
    if isinstance(error, RevisionNotFoundError):
        return f"{model} has no revision {address.revision!r}; it has {_revisions(address, token)}"
    if isinstance(error, RemoteEntryNotFoundError):
        if CONFIG_FILE in str(error.response.url):
            return f"{model} has no {CONFIG_FILE}, so it holds no network this can read; choose another one"
        return f"{model} has no {WEIGHTS_FILE} and no {OLDER_WEIGHTS_FILE}; choose one that holds its weights"
    if isinstance(error, HfHubHTTPError):
        return _refusal(error, address, action, token)
    if isinstance(error, FileMetadataError):
        return f"{endpoint} does not answer as a Hub does; check HF_ENDPOINT and the proxy settings"
    if isinstance(error, HTTP_ERROR):
        return f"the Hub at {endpoint} could not be reached ({type(error).__name__}); check the connection"
    if isinstance(error, ConnectionError):
        return f"the transfer of {model} by Xet failed ({error}); set HF_HUB_DISABLE_XET=1 and try again"
    return f"could not {action} {model}: {error}"


def _refusal(error: HfHubHTTPError, address: RepoAddress, action: str, token: str | None) -> str:
    """The sentence for an HTTP status that the client gives no class of its own."""
    status, said = error.response.status_code, (error.server_message or "no reason given")[:300]
    model, hub = f"model {address.repo_id!r}", f"the Hub at {constants.ENDPOINT}"
    if status == 401:
        return f"{hub} refused the token ({said}); log in again with `hf auth login`, or pass token="
    if status == 403:
        return f"{_account(token)} may not {action} {model} ({said}); use a token with that permission"
    if status in (409, 412):
        return f"{model} was changed by someone else meanwhile ({said}); try again"
    if status == 429:
        return f"{hub} answered 429, too many requests; wait some minutes and try again"
    if status >= 500:
        return f"{hub} answered {status}; try again later"
    return f"{hub} refused to {action} {model} with status {status}: {said}"


def _account(token: str | None) -> str:
    """Whose token it is, for a message; never the token."""
    try:
        return f"the account {HfApi(token=token).whoami()['name']!r}"
    except (OSError, HTTP_ERROR, KeyError):
        return "this token"


def _revisions(address: RepoAddress, token: str | None) -> str:
    """The branches and tags of a repository, for a message."""
    try:
        refs = HfApi(token=token).list_repo_refs(address.repo_id)
    except (OSError, HTTP_ERROR):
        return "others"
    names = [ref.name for ref in (*refs.branches, *refs.tags)]
    return ", ".join(map(repr, names[:20]))

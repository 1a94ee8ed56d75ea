"""What went wrong between here and the Hub -> one sentence that names the repository, the cause and the next step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from huggingface_hub import HfApi, constants, get_token
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

from resnet_hub.address import RepoAddress
from resnet_hub.checkpoint_config import CONFIG_FILE, OLDER_WEIGHTS_FILE, WEIGHTS_FILE
from resnet_hub.errors import HubError, ResNetHubError
from resnet_hub.published import near_published

# The error of the HTTP client underneath, which is another package in older releases of huggingface_hub.
HTTP_ERROR: type[Exception] = next(base for base in HfHubHTTPError.__mro__ if base.__name__ == "HTTPError")


def check_token(token: str | None) -> None:
    """Raises: HubError for a token no header can carry; the HTTP client's own error would show it."""
    if token is not None and not (token and token.isascii() and token.isprintable() and " " not in token):
        raise HubError("the token is empty or holds a space or a line break; copy it again from the Hub's settings")


@contextmanager
def hub_errors(address: RepoAddress, action: str, token: str | None) -> Iterator[None]:
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

"""What went wrong between here and the Hub -> one sentence that names the repository, the cause and the next step."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from json import JSONDecodeError

from huggingface_hub import HfApi, constants, get_token
from huggingface_hub.errors import (
    DisabledRepoError,
    FileMetadataError,
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from resnet_hub.checkpoint import CONFIG_FILE, OLDER_WEIGHTS_FILE, WEIGHTS_FILE
from resnet_hub.errors import HubError, HubUnreachableError, ResNetHubError
from resnet_hub.hub.address import RepoAddress
from resnet_hub.registry import near_published

# The error of the HTTP client underneath, which is another package in older releases of huggingface_hub.
HTTP_ERROR: type[Exception] = next(base for base in HfHubHTTPError.__mro__ if base.__name__ == "HTTPError")
ASIDE_SECONDS = 5.0
"""How long a message waits for what it would like to say besides: another type of repository."""
OTHER_TYPES = {"dataset": "give it as the dataset", "space": "open it in a browser"}
SHOWN = 20
"""How many revisions a message names."""

_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")


def check_token(token: str | None) -> None:
    """Raises: HubError for a token no header can carry; the HTTP client's own error would show it."""
    for place, value in (("the token", token), ("the token in HF_TOKEN or of the saved login", get_token())):
        if value is not None and not (value and value.isascii() and value.isprintable() and " " not in value):
            raise HubError(f"{place} is empty or holds a space or a line break; copy it again from the Hub's settings")


@contextmanager
def hub_errors(address: RepoAddress, action: str, token: str | None) -> Iterator[None]:
    """Whatever the client raises inside comes out as one HubError sentence, with the client's error as its cause.

    It is a HubUnreachableError where nothing is wrong with the request itself. No token is in the sentence, nor in any
    error behind it.
    """
    try:
        yield
    except ResNetHubError:
        raise
    except (OSError, ValueError, RuntimeError, HTTP_ERROR) as error:
        message = sentence(error, address, action, token)
        _clean_chain(error, token)
        raise (HubUnreachableError if _is_outage(error) else HubError)(message) from error


def sentence(error: BaseException, address: RepoAddress, action: str, token: str | None) -> str:
    """What happened to a request about `address`, and what to do next, in one line without any token."""
    return _clean(" ".join(_sentence(error, address, action, token).split()), token)


def _clean(text: str, token: str | None) -> str:
    """The text without tokens, and without what an address may hold in front of its host."""
    for secret in filter(None, (token, get_token())):
        text = text.replace(secret, "<token>")
    return _CREDENTIALS.sub("", text)


def _clean_chain(error: BaseException | None, token: str | None) -> None:
    """Takes tokens out of an error and of all that caused it: a server may repeat the one it was sent."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        current.args = tuple(_clean(part, token) if isinstance(part, str) else part for part in current.args)
        for name in ("server_message", "strerror"):
            if isinstance(said := getattr(current, name, None), str):
                setattr(current, name, _clean(said, token))
        waiting += [current.__cause__, current.__context__]


def _sentence(error: BaseException, address: RepoAddress, action: str, token: str | None) -> str:
    named, endpoint = address.name, constants.ENDPOINT
    if isinstance(error, LocalEntryNotFoundError):
        if error.__cause__ is None or isinstance(error.__cause__, OfflineModeIsEnabled):
            where = f"{address.kind} {str(address)!r}"
            return f"{where} is not in the cache and the Hub may not be asked; load it once while online"
        return _sentence(error.__cause__, address, action, token)
    if isinstance(error, RuntimeError) and error.__cause__ is not None:  # an upload that failed, without saying why
        return _sentence(error.__cause__, address, action, token)
    if isinstance(error, OfflineModeIsEnabled):
        return f"cannot {action} {named} while HF_HUB_OFFLINE is set; unset it"
    if isinstance(error, GatedRepoError):
        said = f" ({error.server_message[:300]})" if error.server_message else ""
        return f"{named} is gated{said}; ask for access at {endpoint}/{address.repo_id} and log in with `hf auth login`"
    if isinstance(error, RepositoryNotFoundError):
        return _not_found(address, token)
    if isinstance(error, DisabledRepoError):
        return f"{named} was disabled by the Hub; see {endpoint}/{address.repo_id} for the reason, or choose another"
    if isinstance(error, RevisionNotFoundError):
        return f"{named} has no revision {address.revision!r}; it has {_revisions(address, token)}"
    if isinstance(error, RemoteEntryNotFoundError):
        if CONFIG_FILE in str(error.response.url):
            return f"{named} has no {CONFIG_FILE}, so it holds no network this can read; choose another one"
        return f"{named} has no {WEIGHTS_FILE} and no {OLDER_WEIGHTS_FILE}; choose one that holds its weights"
    if isinstance(error, HfHubHTTPError):
        return _refusal(error, address, action, token)
    if isinstance(error, FileMetadataError | JSONDecodeError):
        return (
            f"could not {action} {named}: {endpoint} does not answer as a Hub does; "
            "check HF_ENDPOINT and the proxy settings"
        )
    if isinstance(error, HTTP_ERROR):
        said = f"{type(error).__name__}: {str(error)[:200]}" if str(error) else type(error).__name__
        return (
            f"could not {action} {named}: the Hub at {endpoint} could not be reached ({said}); "
            "check the connection and try again"
        )
    if isinstance(error, ConnectionError):
        return f"the transfer of {named} by Xet failed ({error}); set HF_HUB_DISABLE_XET=1 and try again"
    if isinstance(error, OSError) and "Consistency check failed" in str(error):
        return f"a file of {named} arrived with another size than the Hub says; try again"
    if isinstance(error, OSError) and error.strerror:
        place = f" {error.filename!r}" if error.filename else ""
        return f"could not {action} {named}: {error.strerror}{place}; make room, or choose another cache_dir"
    return f"could not {action} {named}: {error}"


def _is_outage(error: BaseException) -> bool:
    """Whether the Hub was never asked, gave no answer of its own, or said that it has no time now."""
    if isinstance(error, LocalEntryNotFoundError | RuntimeError) and error.__cause__ is not None:
        return _is_outage(error.__cause__)
    if isinstance(error, HfHubHTTPError):
        return error.response.status_code == 429 or error.response.status_code >= 500
    not_asked = isinstance(error, LocalEntryNotFoundError | OfflineModeIsEnabled)
    return not_asked or isinstance(error, (FileMetadataError, JSONDecodeError, HTTP_ERROR, ConnectionError))


def _refusal(error: HfHubHTTPError, address: RepoAddress, action: str, token: str | None) -> str:
    """The sentence for an HTTP status that the client gives no class of its own."""
    status, said = error.response.status_code, (error.server_message or "no reason given")[:300]
    named = address.name
    failed = f"could not {action} {named}: the Hub at {constants.ENDPOINT}"
    if status == 401:
        return f"{failed} refused the token ({said}); log in again with `hf auth login`, or pass token="
    if status == 403:
        return f"{_account(token)} may not {action} {named} ({said}); use a token with that permission"
    if status in (409, 412):
        return f"{named} was changed by someone else meanwhile ({said}); try again"
    if status == 429:
        asked = error.response.headers.get("retry-after", "")
        wait = f"{asked} seconds" if asked.isdecimal() else "some minutes"
        return f"{failed} answered 429, too many requests; wait {wait} and try again"
    if status >= 500:
        return f"{failed} answered {status}; try again later"
    return f"the Hub at {constants.ENDPOINT} refused to {action} {named} with status {status}: {said}"


def _not_found(address: RepoAddress, token: str | None) -> str:
    """The sentence for an id that no model has that this account may see; another type of repository may have it."""
    for kind, step in OTHER_TYPES.items() if address.kind == "model" else ():
        try:
            HfApi(token=token).repo_info(address.repo_id, repo_type=kind, timeout=ASIDE_SECONDS)
        except (OSError, HTTP_ERROR, ValueError):
            continue
        return f"{address.repo_id!r} is a {kind}, not a model; {step}, or name a model"
    near = near_published(address.repo_id)
    return f"{address.name} was not found, or it is private; check the name, or log in with `hf auth login`{near}"


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
    return ", ".join(map(repr, names[:SHOWN])) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")

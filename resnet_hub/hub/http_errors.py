"""An HTTP error of the Hub -> one sentence that names the repository, the cause and the next step."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from json import JSONDecodeError
from typing import Any, Literal

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

from resnet_hub.checkpoint import CONFIG_FILE
from resnet_hub.errors import HubError, HubUnreachableError, Phrase, ResNetHubError
from resnet_hub.hub.address import DEFAULT_REVISION, RepoAddress, is_commit
from resnet_hub.registry import near_published

# The error of the HTTP client underneath, which is another package in older releases of huggingface_hub.
HTTP_ERROR: type[Exception] = next(base for base in HfHubHTTPError.__mro__ if base.__name__ == "HTTPError")
ASIDE_SECONDS = 5.0
"""How long a message waits for what it would like to say besides: another type of repository."""
NOT_OFFERED = 501
"""The status of a server that knows what is asked for and will never do it."""
OTHER_TYPES = ("dataset", "space")
SHOWN = 20
"""How many revisions a message names."""

Token = str | Literal[False] | None
"""A token of the Hub; None is the saved login, and False asks as a stranger."""

_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")


def check_token(token: Token) -> None:
    """Raises: HubError for a token that is no valid header value; the HTTP client's own error would leak it."""
    if token is False:
        return
    for which, value in ((Phrase("hub.given_token"), token), (Phrase("hub.saved_token"), get_token())):
        if value is not None and not (value and value.isascii() and value.isprintable() and " " not in value):
            raise HubError("hub.bad_token", which=which)


@contextmanager
def hub_errors(address: RepoAddress, action: str, token: Token) -> Iterator[None]:
    """Whatever the client raises inside comes out as one HubError sentence, with the client's error as its cause.

    It is a HubUnreachableError where nothing is wrong with the request itself. No token is in the sentence, nor in any
    error behind it.
    """
    try:
        yield
    except ResNetHubError:
        raise
    except (OSError, ValueError, RuntimeError, HTTP_ERROR) as error:
        said = cause(error, address, action, token)
        _clean_chain(error, token)
        raise (HubUnreachableError if _is_outage(error) else HubError)(said.code, **said.fields) from error


def cause(error: BaseException, address: RepoAddress, action: str, token: Token) -> Phrase:
    """What happened to a request about `address`, and what to do next, in one line without any token."""
    asked = _Request(address, Phrase("hub.read" if action == "read" else "hub.write_to"), token)
    return _clean_phrase(_cause(error, asked), token)


def reason_given(error: HfHubHTTPError) -> str | Phrase:
    """What the Hub itself says about a refusal, for a message."""
    return error.server_message[:300] if error.server_message else Phrase("hub.no_reason")


@dataclass(frozen=True)
class _Request:
    """What was asked of the Hub."""

    address: RepoAddress
    action: Phrase
    token: Token

    @property
    def fields(self) -> dict[str, Any]:
        """What most texts name."""
        repo_id = self.address.repo_id
        return {"action": self.action, "named": self.address.name, "endpoint": constants.ENDPOINT, "repo_id": repo_id}


def _clean_phrase(phrase: Phrase, token: Token) -> Phrase:
    """The same with every text of a field on one line and redacted."""

    def cleaned(value: object) -> object:
        if isinstance(value, Phrase):
            return _clean_phrase(value, token)
        return _clean(" ".join(value.split()), token) if isinstance(value, str) else value

    return Phrase(phrase.code, **{name: cleaned(value) for name, value in phrase.fields.items()})


def _clean(text: str, token: Token) -> str:
    """The text with tokens redacted, and the credentials in front of a URL's host as well."""
    for secret in (token, get_token()):
        text = text.replace(secret, "<token>") if secret else text
    return _CREDENTIALS.sub("", text)


def _clean_chain(error: BaseException | None, token: Token) -> None:
    """Redacts tokens in an error and in all of its causes: a server may echo the one it was sent."""
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


def _cause(error: BaseException, asked: _Request) -> Phrase:
    fields, address = asked.fields, asked.address
    if isinstance(error, LocalEntryNotFoundError):
        if error.__cause__ is None or isinstance(error.__cause__, OfflineModeIsEnabled):
            return Phrase("hub.not_cached", named=address.full_name)
        return _cause(error.__cause__, asked)
    if isinstance(error, RuntimeError) and error.__cause__ is not None:  # an upload that failed, without saying why
        return _cause(error.__cause__, asked)
    if isinstance(error, OfflineModeIsEnabled):
        return Phrase("hub.offline", **fields)
    if isinstance(error, HfHubHTTPError):
        return _refusal(error, asked)
    if isinstance(error, FileMetadataError | JSONDecodeError):
        return Phrase("hub.no_hub", **fields)
    if isinstance(error, HTTP_ERROR):
        reason = f"{type(error).__name__}: {str(error)[:200]}" if str(error) else type(error).__name__
        return Phrase("hub.unreachable", reason=reason, **fields)
    if isinstance(error, ConnectionError):
        return Phrase("hub.xet", reason=str(error), **fields)
    if isinstance(error, OSError) and "Consistency check failed" in str(error):
        return Phrase("hub.wrong_size", **fields)
    if isinstance(error, OSError) and error.strerror:
        file = repr(error.filename)
        return Phrase("hub.disk_at" if error.filename else "hub.disk", reason=error.strerror, file=file, **fields)
    return Phrase("hub.failed", reason=str(error) or type(error).__name__, **fields)


def _is_outage(error: BaseException) -> bool:
    """Whether it is an outage: the Hub was not reached, gave no answer of its own, or said that it is overloaded."""
    if isinstance(error, LocalEntryNotFoundError | RuntimeError) and error.__cause__ is not None:
        return _is_outage(error.__cause__)
    if isinstance(error, HfHubHTTPError):
        status = error.response.status_code
        return status == 429 or (status >= 500 and status != NOT_OFFERED)
    not_asked = isinstance(error, LocalEntryNotFoundError | OfflineModeIsEnabled)
    return not_asked or isinstance(error, (FileMetadataError, JSONDecodeError, HTTP_ERROR, ConnectionError))


def _refusal(error: HfHubHTTPError, asked: _Request) -> Phrase:
    """What the Hub answered instead of what was requested."""
    fields, said = asked.fields, reason_given(error)
    if isinstance(error, GatedRepoError):
        return Phrase("hub.gated_because" if error.server_message else "hub.gated", said=said, **fields)
    if isinstance(error, RepositoryNotFoundError):
        return _not_found(asked)
    if isinstance(error, DisabledRepoError):
        return Phrase("hub.disabled", **fields)
    if isinstance(error, RevisionNotFoundError):
        revision = asked.address.revision or DEFAULT_REVISION
        return Phrase("hub.no_revision", revision=revision, others=_format_names(_revisions(asked)), **fields)
    if isinstance(error, RemoteEntryNotFoundError):
        named = asked.address.revision
        names = [] if named is None or is_commit(named) or named.startswith("refs/") else _revisions(asked)
        if names and named not in names:  # which some Hubs call a missing file
            return Phrase("hub.no_revision", revision=named, others=_format_names(names), **fields)
        return Phrase("hub.no_config" if CONFIG_FILE in str(error.response.url) else "hub.no_weights", **fields)
    status = error.response.status_code
    if status == 401:
        return Phrase("hub.token_refused", said=said, **fields)
    if status == 403:
        return Phrase("hub.no_permission", account=_account(asked.token), said=said, **fields)
    if status in (409, 412):
        return Phrase("hub.changed", said=said, **fields)
    if status == 429:
        seconds = error.response.headers.get("retry-after", "")
        wait = Phrase("hub.seconds" if seconds.isdecimal() else "hub.some_minutes", seconds=seconds)
        return Phrase("hub.too_many_requests", wait=wait, **fields)
    if status == NOT_OFFERED:
        pull_request = "create_pr" in str(error.response.url) or "/discussions" in str(error.response.url)
        return Phrase("hub.no_pull_requests" if pull_request else "hub.not_offered", said=said, **fields)
    if status >= 500:
        return Phrase("hub.server_error", status=status, **fields)
    return Phrase("hub.refused", status=status, said=said, **fields)


def _not_found(asked: _Request) -> Phrase:
    """What an id that no model has that this account may see is instead: another type of repository may have it."""
    address = asked.address
    for kind in OTHER_TYPES if address.kind == "model" else ():
        try:
            HfApi(token=asked.token).repo_info(address.repo_id, repo_type=kind, timeout=ASIDE_SECONDS)
        except (OSError, HTTP_ERROR, ValueError):
            continue
        return Phrase("hub.no_model_but_dataset" if kind == "dataset" else "hub.no_model_but_space", **asked.fields)
    near = near_published(address.repo_id)
    return Phrase("hub.not_found_but_near" if near else "hub.not_found", nearest=near, **asked.fields)


def _account(token: Token) -> Phrase:
    """Whose token it is, for a message; never the token."""
    try:
        return Phrase("hub.this_account", name=HfApi(token=token).whoami()["name"])
    except (OSError, HTTP_ERROR, KeyError):
        return Phrase("hub.this_token")


def _revisions(asked: _Request) -> list[str]:
    """The branches and tags of a repository; none where they are not told."""
    try:
        refs = HfApi(token=asked.token).list_repo_refs(asked.address.repo_id)
    except (OSError, HTTP_ERROR):
        return []
    return [ref.name for ref in (*refs.branches, *refs.tags)]


def _format_names(names: list[str]) -> str | Phrase:
    """Branches and tags for a message."""
    if not names:
        return Phrase("hub.others")
    shown = ", ".join(map(repr, names[:SHOWN]))
    return Phrase("hub.and_more", names=shown, count=len(names) - SHOWN) if len(names) > SHOWN else shown

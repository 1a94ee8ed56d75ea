"""What went wrong between a dataset and the Hub -> one error that names it, the cause and the next step."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import yaml
from datasets.exceptions import DatasetGenerationError, DatasetNotFoundError
from huggingface_hub import HfApi, constants, get_token
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RevisionNotFoundError,
)

from resnet_hub.errors import DataError, HubError, Phrase, ResNetHubError
from resnet_hub.hub import HTTP_ERROR

SHOWN = 20
"""How many revisions a message names."""


@contextmanager
def dataset_errors(said: str, repo_id: str, action: str = "read") -> Iterator[None]:
    """Whatever datasets and its clients raise inside comes out as one error, with theirs as its cause.

    Args:
        said: What the user wrote, such as "--dataset 'owner/name'", to begin the sentence with.
        repo_id: owner/name.
        action: "read" or "write to".

    Raises:
        DataError: There is no such dataset, config or revision, or nothing in it that can be read.
        HubError: The Hub refused or could not be reached.
    """
    try:
        yield
    except ResNetHubError:
        raise
    except (OSError, ValueError, RuntimeError, yaml.YAMLError, DatasetGenerationError, HTTP_ERROR) as error:
        explained = _explained(error, said, repo_id, action)
        explained.fields |= {name: _clean(text) for name, text in explained.fields.items() if isinstance(text, str)}
        raise explained from error


def _clean(text: str) -> str:
    """The text in one line, without the token."""
    return " ".join(text.split()).replace(get_token() or "\0", "<token>")


def _explained(error: BaseException, said: str, repo_id: str, action: str) -> ResNetHubError:
    """The error to raise; the HTTP error underneath says more than what datasets made of it."""
    chain = list(_chain(error))
    text, page = str(error), f"{constants.ENDPOINT}/datasets/{repo_id}"
    if any(isinstance(cause, OfflineModeIsEnabled) for cause in chain) or "OfflineModeIsEnabled" in text:
        return HubError("datasets.offline", said=said)
    if any(isinstance(cause, GatedRepoError) for cause in chain) or "is a gated dataset" in text:
        return DataError("datasets.gated", said=said, page=page)
    if any(isinstance(cause, RevisionNotFoundError) for cause in chain) or text.startswith("Revision "):
        return _no_revision(said, repo_id)
    refused = next((cause for cause in chain if isinstance(cause, HfHubHTTPError)), None)
    if refused is not None and refused.response.status_code != 404:
        return _refusal(refused, said, action)
    if isinstance(error, HFValidationError | DatasetNotFoundError) or refused is not None:
        return DataError("datasets.not_found", said=said)
    if any(isinstance(cause, HTTP_ERROR | ConnectionError) for cause in chain) or "LocalEntryNotFound" in text:
        return HubError("datasets.unreachable", said=said, hub=constants.ENDPOINT)
    return _unreadable(error, said, repo_id)


def _unreadable(error: BaseException, said: str, repo_id: str) -> DataError:
    """What is the matter with a dataset that is there."""
    text = str(error)
    listed = re.search(r"\[([^\[\]]*)\]", text)
    configs = listed[1] if listed else Phrase("datasets.others")
    if "Config name is missing" in text:
        return DataError("datasets.several_configs", said=said, configs=configs, repo_id=repo_id)
    if "BuilderConfig" in text and "not found" in text:
        return DataError("datasets.no_config", said=said, configs=configs)
    if "Dataset scripts are no longer supported" in text:
        return DataError("datasets.loading_script", said=said)
    if isinstance(error, yaml.YAMLError):
        return DataError("datasets.bad_card", said=said, reason=_first_line(error))
    return DataError("datasets.unreadable", said=said, reason=_first_line(error))


def _refusal(error: HfHubHTTPError, said: str, action: str) -> HubError:
    status, hub = error.response.status_code, constants.ENDPOINT
    reason = error.server_message[:300] if error.server_message else Phrase("datasets.no_reason")
    if status == 401:
        return HubError("datasets.token_refused", said=said, hub=hub, reason=reason)
    if status == 403:
        if action == "read":
            return HubError("datasets.may_not_read", said=said, reason=reason)
        return HubError("datasets.may_not_write", said=said, reason=reason)
    if status == 429:
        return HubError("datasets.too_many_requests", said=said, hub=hub)
    if status >= 500:
        return HubError("datasets.server_fault", said=said, hub=hub, status=status)
    return HubError("datasets.refused", said=said, hub=hub, status=status, reason=reason)


def _no_revision(said: str, repo_id: str) -> DataError:
    """The error for a revision that is not there, with the branches and tags that are."""
    try:
        refs = HfApi().list_repo_refs(repo_id, repo_type="dataset")
    except (OSError, HTTP_ERROR):
        return DataError("datasets.no_revision", said=said, revisions=Phrase("datasets.others"))
    names = ", ".join(repr(ref.name) for ref in [*refs.branches, *refs.tags][:SHOWN])
    return DataError("datasets.no_revision", said=said, revisions=names)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and all that led to it; datasets does not always say "from"."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__

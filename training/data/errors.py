"""What went wrong between a dataset and the Hub -> one sentence that names it, the cause and the next step."""

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

from resnet_hub.errors import DataError, HubError, ResNetHubError
from resnet_hub.hub import HTTP_ERROR

SHOWN = 20
"""How many revisions a message names."""


@contextmanager
def dataset_errors(said: str, repo_id: str, action: str = "read") -> Iterator[None]:
    """Whatever datasets and its clients raise inside comes out as one sentence, with that error as its cause.

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
        kind, sentence = _sentence(error, repo_id, action)
        message = " ".join(f"{said}: {sentence}".split())
        raise kind(message.replace(get_token() or "\0", "<token>")) from error


def _sentence(error: BaseException, repo_id: str, action: str) -> tuple[type[ResNetHubError], str]:
    """The class of the error and what it says; the HTTP error underneath says more than what datasets made of it."""
    chain = list(_chain(error))
    text, page = str(error), f"{constants.ENDPOINT}/datasets/{repo_id}"
    if any(isinstance(cause, OfflineModeIsEnabled) for cause in chain) or "OfflineModeIsEnabled" in text:
        return HubError, "it is not in the cache and HF_HUB_OFFLINE is set; load it once while online"
    if any(isinstance(cause, GatedRepoError) for cause in chain) or "is a gated dataset" in text:
        return DataError, f"it is gated; ask for access at {page} and log in with `hf auth login`"
    if any(isinstance(cause, RevisionNotFoundError) for cause in chain) or text.startswith("Revision "):
        return DataError, f"it has no such revision; it has {_revisions(repo_id)}"
    refused = next((cause for cause in chain if isinstance(cause, HfHubHTTPError)), None)
    if refused is not None and refused.response.status_code != 404:
        return HubError, _refusal(refused, action)
    if isinstance(error, HFValidationError | DatasetNotFoundError) or refused is not None:
        return DataError, (
            "there is no such folder here, and on the Hub it is missing or private; check the name, "
            "or log in with `hf auth login`"
        )
    if any(isinstance(cause, HTTP_ERROR | ConnectionError) for cause in chain) or "LocalEntryNotFound" in text:
        return HubError, f"the Hub at {constants.ENDPOINT} could not be reached; check the connection and try again"
    return DataError, _unreadable(error, text, repo_id)


def _unreadable(error: BaseException, text: str, repo_id: str) -> str:
    """What is the matter with a dataset that is there."""
    listed = re.search(r"\[([^\]]*)\]", text)
    configs = listed[1] if listed else "others"
    if "Config name is missing" in text:
        return f"it has several configs ({configs}); say which, as {repo_id}:config"
    if "BuilderConfig" in text and "not found" in text:
        return f"it has no such config; it has {configs}"
    if "Dataset scripts are no longer supported" in text:
        return "it is a loading script, which nothing runs any more; choose one with parquet files or images"
    if isinstance(error, yaml.YAMLError):
        return f"its card (README.md) holds YAML that cannot be read ({_first_line(error)}); mend the card"
    return f"it cannot be loaded ({_first_line(error)}); expected parquet files, images in class folders, or a CSV"


def _refusal(error: HfHubHTTPError, action: str) -> str:
    status, hub = error.response.status_code, f"the Hub at {constants.ENDPOINT}"
    said = (error.server_message or "no reason given")[:300]
    if status == 401:
        return f"{hub} refused the token ({said}); log in again with `hf auth login`"
    if status == 403:
        return f"this account may not {action} it ({said}); use a token with that permission"
    if status == 429:
        return f"{hub} answered 429, too many requests; wait some minutes and try again"
    if status >= 500:
        return f"{hub} answered {status}; try again later"
    return f"{hub} refused with status {status} ({said})"


def _revisions(repo_id: str) -> str:
    """The branches and tags of a dataset, for a message."""
    try:
        refs = HfApi().list_repo_refs(repo_id, repo_type="dataset")
    except (OSError, HTTP_ERROR):
        return "others"
    return ", ".join(repr(ref.name) for ref in [*refs.branches, *refs.tags][:SHOWN])


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

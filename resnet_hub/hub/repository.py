"""A repository and a branch on the Hub that are there before anything is sent, and as private as was asked for."""

from __future__ import annotations

from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, RevisionNotFoundError

from resnet_hub.errors import HubError
from resnet_hub.hub.address import DEFAULT_REVISION, RepoAddress

EXISTS = 409
"""The Hub's status for a branch that is there already."""


def make_repository(
    api: HfApi, address: RepoAddress, *, private: bool | None = None, check_rights: bool = False
) -> None:
    """Makes the repository and the branch where they are missing; to be called within `hub_errors`.

    Args:
        api: Of the account that writes.
        address: Of a model or a dataset.
        private: Whether a new repository is; the owner's default where absent.
        check_rights: Find out whether the account may write to a repository that is there already.

    Raises:
        HubError: A private repository was asked for, and a public one is there.
    """
    repo_id, kind = address.repo_id, address.kind
    api.create_repo(repo_id, repo_type=kind, private=private, exist_ok=True)
    if private:
        refuse_public(address, api.repo_info(repo_id, repo_type=kind).private)
    branch = address.revision or DEFAULT_REVISION
    branch = DEFAULT_REVISION if branch.startswith("refs/") else branch
    if not check_rights and branch == DEFAULT_REVISION:
        return
    try:
        # Not exist_ok, with which the client passes over that whoever may not write is refused a branch that is there.
        api.create_branch(repo_id, repo_type=kind, branch=branch)
    except RevisionNotFoundError:
        if branch != DEFAULT_REVISION:  # which the first commit makes, where a Hub has none before
            raise
    except HfHubHTTPError as error:
        if error.response.status_code != EXISTS:
            raise


def refuse_public(address: RepoAddress, private: bool | None) -> None:
    """Raises: HubError where a repository that was asked to be private is none, before a secret becomes public."""
    if private is False:
        raise HubError("hub.public", named=address.name)

"""What a person writes -> where on the Hub it is: ids, revisions, published names. Nothing is asked of the Hub here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from resnet_hub.errors import ConfigError, Phrase
from resnet_hub.registry import is_published_name, published_weights

DEFAULT_REVISION = "main"

_REPO_ID = re.compile(r"\w([\w.-]{0,94}\w)?/\w([\w.-]{0,94}\w)?", re.ASCII)
_WEIGHTS_SUFFIXES = (".safetensors", ".bin", ".pth", ".pt", ".th", ".ckpt", ".npz", ".onnx")
# What git forbids in the name of a branch or tag; the cache also makes a file of this name, so it may not climb out.
_NOT_A_REVISION = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|//|^[/-]|[/.]$|/\.|^\.")
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class RepoAddress:
    """Where on the Hub a repository is."""

    repo_id: str
    """owner/name."""
    revision: str | None = None
    """Branch, tag or commit; the main branch where absent."""
    kind: str = "model"
    """What messages call it: model, dataset or Space."""

    @property
    def name(self) -> Phrase:
        """Kind and id, for a message."""
        return self._named(self.repo_id)

    @property
    def full_name(self) -> Phrase:
        """Kind, id and revision, for a message."""
        return self._named(str(self))

    def _named(self, repo_id: str) -> Phrase:
        if self.kind == "dataset":
            return Phrase("hub.dataset", repo_id=repo_id)
        return Phrase("hub.space" if self.kind == "Space" else "hub.model", repo_id=repo_id)

    def __str__(self) -> str:
        return self.repo_id if self.revision is None else f"{self.repo_id}@{self.revision}"


def repo_address(source: str, revision: str | None = None) -> RepoAddress:
    """The address that `source` names: an id, with or without "@revision" and "hf-hub:", or a published name.

    Raises:
        ConfigError: `source` has another form, or is no published name, or its "@revision" is not `revision`.
    """
    name, at, named_revision = source.removeprefix("hf-hub:").removeprefix("hf_hub:").partition("@")
    if at and revision is not None and named_revision != revision:
        raise ConfigError("hub.two_revisions", source=source, named=named_revision, revision=revision)
    chosen = named_revision if at else revision
    if chosen is not None and (not chosen or _NOT_A_REVISION.search(chosen)):
        raise ConfigError("hub.no_revision_name", revision=chosen, source=source)
    if is_published_name(name) and not name.endswith(_WEIGHTS_SUFFIXES):
        return RepoAddress(published_weights(name).repo_id, chosen)
    if not _REPO_ID.fullmatch(name) or "--" in name or ".." in name or name.endswith(".git"):
        raise ConfigError("hub.no_id", source=source)
    return RepoAddress(name, chosen)


def is_commit(revision: str | None) -> bool:
    """Whether this is a whole commit hash, which stands for the same files for ever."""
    return revision is not None and _COMMIT.fullmatch(revision) is not None


def is_repo_id(source: str) -> bool:
    """Whether `repo_address` understands `source`; nothing is asked of the Hub."""
    try:
        repo_address(source)
    except ConfigError:
        return False
    return True


def push_address(repo_id: str, revision: str | None, create_pr: bool) -> RepoAddress:
    """The address that a push goes to. Raises: ConfigError for an id without owner, or a revision that takes none."""
    if "/" not in repo_id:
        raise ConfigError("hub.no_owner", repo_id=repo_id)
    address = repo_address(repo_id, revision)
    if create_pr and address.revision not in (None, DEFAULT_REVISION):
        raise ConfigError("hub.pull_request_to_branch", revision=address.revision)
    if is_commit(address.revision):
        raise ConfigError("hub.push_to_commit", revision=address.revision)
    return address

"""What a person writes -> where on the Hub it is: ids, revisions, published names. Nothing is asked of the Hub here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from resnet_hub.errors import ConfigError
from resnet_hub.registry import is_published_name, published_weights

DEFAULT_REVISION = "main"
SOURCE_FORMS = '"owner/name", "owner/name@revision", "hf-hub:owner/name" or a published name such as "resnet50.a1_in1k"'

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
    def name(self) -> str:
        """Kind and id, for a message."""
        return f"{self.kind} {self.repo_id!r}"

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
        raise ConfigError(f'{repo_id!r} does not say whose repository it is; expected "owner/name"')
    address = repo_address(repo_id, revision)
    if create_pr and address.revision not in (None, DEFAULT_REVISION):
        raise ConfigError(
            f"create_pr=True and revision={address.revision!r} exclude each other:"
            " a pull request is opened against main; give only one"
        )
    if is_commit(address.revision):
        raise ConfigError(f"revision={address.revision!r} is a commit, which nothing can be added to; give a branch")
    return address

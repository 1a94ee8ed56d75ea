"""What a Space is filled with: the Gradio page over a network, or the page that answers in the browser."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from resnet_hub.demo.settings import PAGE_FILE
from resnet_hub.errors import Phrase
from resnet_hub.space.files import check_present, space_files, stale_paths
from resnet_hub.space.model import ServedModel
from resnet_hub.space.present import PresentSpace, SpaceSettings
from resnet_hub.space.static import FACTS_FILE, BrowserModel, check_static_present, stale_static_paths, static_files

Files = Mapping[str, bytes | Path]


@dataclass(frozen=True)
class SpaceContents:
    """What makes one kind of Space."""

    sdk: str
    """What the Hub runs it with."""
    known_by: str
    """The file by which one of ours is known, and which says what its page is set to."""
    files: Callable[[PresentSpace], Files]
    """What it holds already -> all its files."""
    stale: Callable[[PresentSpace, Files], list[str]]
    """What it holds already, and its files -> those of an earlier version of us that are to go."""
    check: Callable[[PresentSpace, str | Phrase], None]
    """Raises: ConfigError where somebody else's program would be overwritten."""


def contents_of(model: ServedModel | BrowserModel, repo_id: str, settings: SpaceSettings) -> SpaceContents:
    """What the Space "owner/name" of a network is filled with."""
    if isinstance(model, BrowserModel):
        return SpaceContents(
            "static",
            FACTS_FILE,
            lambda present: static_files(model, repo_id, present, settings),
            stale_static_paths,
            check_static_present,
        )
    return SpaceContents(
        "gradio",
        PAGE_FILE,
        lambda present: space_files(model, repo_id, present, settings),
        stale_paths,
        check_present,
    )

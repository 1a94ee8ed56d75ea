"""The example pictures of a page: held-out ones of the checkpoint, else free ones that come with the page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp")
MOST = 6
"""Pictures shown at most."""
FREE_PICTURES = Path(__file__).with_name("pictures")
"""Pictures in the public domain; sources.toml says whose."""


@dataclass(frozen=True)
class ExamplePictures:
    """Picture files and whose they are."""

    paths: tuple[Path, ...]
    credit: str
    """The key of the line that says where they come from."""


def find_examples(source: str) -> ExamplePictures:
    """Up to six pictures of the subfolder `examples` of the folder `source`, else the free ones."""
    own = _pictures(Path(source) / "examples")
    if own:
        return ExamplePictures(own, "question.credit_own")
    return ExamplePictures(_pictures(FREE_PICTURES), "question.credit")


def _pictures(folder: Path) -> tuple[Path, ...]:
    """The first pictures of a folder by name; none where it is absent."""
    if not folder.is_dir():
        return ()
    return tuple(sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())[:MOST])

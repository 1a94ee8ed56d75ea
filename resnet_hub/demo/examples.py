"""The example images of a page: held-out ones of the checkpoint, else free ones that come with the page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from resnet_hub.images import FORMATS

SUFFIXES = tuple(suffix for known in FORMATS.values() if known.in_browsers for suffix in known.suffixes)
"""Ends of the names of images that a browser shows."""
MOST = 6
"""Images shown at most."""
FREE_IMAGES = Path(__file__).with_name("images")
"""Images in the public domain; sources.toml has their credits."""


@dataclass(frozen=True)
class ExampleImages:
    """Image files and whose they are."""

    paths: tuple[Path, ...]
    credit: str
    """The key of the line that says where they come from."""


def find_examples(source: str) -> ExampleImages:
    """Up to six images of the subfolder `examples` of the folder `source`, else the free ones."""
    own = _images(Path(source) / "examples")
    if own:
        return ExampleImages(own, "inputs.credit_own")
    return ExampleImages(_images(FREE_IMAGES), "inputs.credit")


def _images(folder: Path) -> tuple[Path, ...]:
    """The first images of a folder by name; none where it is absent."""
    if not folder.is_dir():
        return ()
    return tuple(sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())[:MOST])

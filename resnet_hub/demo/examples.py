"""The example images of a page: held-out ones of the checkpoint, else free ones of classes that the network knows."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from resnet_hub.images import FORMATS

SUFFIXES = tuple(suffix for known in FORMATS.values() if known.in_browsers for suffix in known.suffixes)
"""Ends of the names of images that a browser shows."""
MOST = 6
"""Images shown at most."""
FREE_IMAGES = Path(__file__).with_name("images")
"""Images in the public domain; sources.toml has their credits and the classes that they are of."""
FREE_CREDIT = "inputs.credit"
"""The key of the line that says whose they are."""
SOURCES = FREE_IMAGES / "sources.toml"


@dataclass(frozen=True)
class ExampleImages:
    """Image files and whose they are."""

    paths: tuple[Path, ...]
    credit: str
    """The key of the line that says where they come from."""
    known: bool = True
    """Whether the network has classes that they are of, as far as names tell; where it names none, nothing is said."""


def find_examples(source: str | Path, label_names: Collection[str] = ()) -> ExampleImages:
    """Up to six images that suit a network.

    Args:
        source: Where the network is; the images in the subfolder `examples` of a folder go before all others.
        label_names: The classes that it knows; the free images are those of one of them, or the first where none is.
    """
    own = _images(Path(source) / "examples")
    if own:
        return ExampleImages(own[:MOST], "inputs.credit_own")
    free, known = _images(FREE_IMAGES), set(label_names)
    fitting = tuple(path for path in free if not known.isdisjoint(free_sources()[path.name]["shows"]))
    return ExampleImages((fitting or free)[:MOST], FREE_CREDIT, known=bool(fitting) or not known)


def all_examples(first: ExampleImages, folders: Iterable[Path]) -> tuple[Path, ...]:
    """Every image that a page may show as an example: the `first` ones, those of networks in `folders`, free ones."""
    own = (path for folder in folders for path in _images(folder / "examples")[:MOST])
    return tuple(dict.fromkeys([*first.paths, *own, *_images(FREE_IMAGES)]))


@cache
def free_sources() -> Mapping[str, Mapping[str, Any]]:
    """Of each free image, by its name: whose it is (`credit`), its `license`, where it is `from`, what it `shows`."""
    return tomllib.loads(SOURCES.read_text("utf-8"))


def _images(folder: Path) -> tuple[Path, ...]:
    """The images of a folder by name; none where it is absent."""
    if not folder.is_dir():
        return ()
    return tuple(sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file()))

"""Which images are the segmentation masks of others: a class learned from its masks is learned wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePath

from .scanning import Folder
from .split_names import AFFIXES, OF_MASKS, words_of

MASK = re.compile(r"(.+)[ _.-](?:masks?|seg|segmentation|gt|groundtruth)(?:[ _.-]?\d{1,3})?", re.IGNORECASE)
"""How the name of a mask reads, after that of its image: "scan (1)_mask", "scan-mask-2"."""


def masks_among(names: Iterable[str]) -> frozenset[str]:
    """The names of one folder that say a mask of an image that is there too."""
    found = {name: match[1] for name in names if (match := MASK.fullmatch(PurePath(name).stem))}
    if not found:
        return frozenset()
    stems = {PurePath(name).stem for name in names}
    return frozenset(name for name, image in found.items() if image in stems)


def set_masks_aside(tree: Folder) -> None:
    """Marks the folders of masks that lie beside a folder of images with their names: COVID/images, COVID/masks."""
    for folder in list(tree.used()):
        kids = folder.with_images
        images = [kid for kid in kids if words_of(kid.name) <= AFFIXES and kid.images]
        masks = [kid for kid in kids if kid.images and kid not in images and _is_called_masks(kid.name)]
        stems = {_stem(name) for kid in images for name in kid.images} if masks else set()
        for kid in masks:
            if 2 * sum(_stem(name) in stems for name in kid.images) > len(kid.images):
                for below in kid.walk():
                    below.of_masks = True
    for folder in reversed(list(tree.walk())):
        folder.count()


def _is_called_masks(name: str) -> bool:
    words = words_of(name)
    return bool(words & OF_MASKS) and words <= OF_MASKS | AFFIXES


def _stem(name: str) -> str:
    stem = PurePath(name).stem
    found = MASK.fullmatch(stem)
    return found[1] if found else stem

"""`Folder` -> `Reading`: which folder is a split and which a class, by a short table of layouts tried in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from resnet_hub.errors import DataError, Phrase

from ..settings import AUTO
from .scanning import SHOWN, Folder, quoted, shown, tree_lines
from .split_names import classes_and_splits, copied_from, lies_aside, says_nothing, splits_among, unmarked_train


@dataclass
class Reading:
    """What the folders of a dataset are."""

    reason: Phrase
    places: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    """Path of a folder -> split and class (None: unlabeled) of the images right in it."""
    decisions: list[Phrase] = field(default_factory=list)
    """What was chosen beside the layout."""
    aside: dict[str, Phrase] = field(default_factory=dict)
    """Path of a folder -> why its images and those below it are left out; elsewhere, because they have no class."""

    @property
    def classes(self) -> set[str]:
        """The names of the folders that are classes."""
        return {name for _, name in self.places.values() if name is not None}


@dataclass(frozen=True)
class Layout:
    """A row of the table."""

    name: str
    recognize: Callable[[Folder, bool], Reading | None]
    """Reads a folder, or says that it is none of these; True: it was asked for, so that it decides between readings."""
    by_itself: bool = True
    """Whether it is tried where nothing was asked for."""


def choose(tree: Folder, layout: str = AUTO) -> tuple[str, Reading]:
    """The name of the layout of a folder with images, and what it makes of it.

    Args:
        tree: All that is there.
        layout: Which is asked for; auto takes the first that fits.

    Raises:
        DataError: None fits, the one that was asked for does not, or there are two readings.
    """
    if layout != AUTO:
        (row,) = (row for row in LAYOUTS if row.name == layout)
        reading = row.recognize(top_of(tree), True)
        if reading is None:
            raise DataError("layouts.contradiction", layout=layout, seen=tree_lines(tree))
        return layout, reading
    for row in LAYOUTS:
        if row.by_itself and (reading := row.recognize(top_of(tree), False)):
            return row.name, reading
    raise DataError("layouts.none_fits", seen=tree_lines(tree))


def top_of(tree: Folder) -> Folder:
    """The folder that the layout begins in: below those that hold nothing but one folder."""
    while not tree.images and len(tree.with_images) == 1:
        (only,) = tree.with_images
        splits = splits_among([only.name])
        inner = splits_among([folder.name for folder in only.with_images])
        if not only.with_images or (splits and len(set(inner.values())) < 2):
            break
        tree = only
    return tree


def split_folders(top: Folder, asked: bool) -> Reading | None:
    """Folders of splits, in them class folders: train/cats, val/cats."""
    folders = {folder.name: folder for folder in top.with_images}
    splits = _without_train(folders) or splits_among(folders)
    inner = {name: _inner(folders[name]) for name in splits}
    others = [folder for name, folder in folders.items() if name not in splits]
    rivals = [folder for folder in others if not lies_aside(folder.name)]
    classes = [kid for folder in inner.values() for kid in folder.with_images]
    if not splits or (not asked and all(says_nothing(kid.name) for kid in classes)):
        return None
    if rivals and len(set(splits.values())) < 2 and not asked:
        raise _two_readings(top, next(iter(splits)), rivals)
    parts = [(split, inner[name], inner[name].with_images) for name, split in splits.items()]
    if asked and "train" not in splits.values():
        parts, others = [("train", top, rivals), *parts], [folder for folder in others if folder not in rivals]
    reading = _with_classes(parts, "split-folders", leaves=False, asked=asked)
    reading.reason = Phrase("layouts.split_folders", folders=_mapped(splits))
    reading.aside |= {folder.path: Phrase("ledger.beside_splits") for folder in others}
    return reading


def _without_train(folders: Mapping[str, Folder]) -> dict[str, str]:
    """Folder -> split, where train is called like the others without their word, and has the same classes."""
    splits = unmarked_train(folders)
    classes = {name: {kid.name for kid in _inner(folders[name]).with_images} for name in splits}
    train = {name for name, split in splits.items() if split == "train"}
    same = all(classes[one] & classes[name] for one in train for name in splits.keys() - train if classes[name])
    return splits if same and all(classes[name] for name in train) else {}


def splits_in_classes(top: Folder, asked: bool) -> Reading | None:
    """Class folders, in each of them folders of splits: cats/train, cats/val."""
    kids = top.with_images
    inner = {folder.path: splits_among([below.name for below in folder.with_images]) for folder in kids}
    nested = [folder for folder in kids if folder.with_images]
    if not nested or any(not inner[folder.path] for folder in nested):
        return None
    if len(splits_among([folder.name for folder in kids])) == len(kids):
        return None
    if not asked and any(
        not lies_aside(one.name) and not inner[folder.path].get(one.name)
        for folder in nested
        for one in folder.with_images
    ):
        return None
    parts = [below for folder in nested for below in folder.with_images if below.name in inner[folder.path]]
    if not asked and any(len(_inner(part).with_images) > 1 and not _inner(part).images for part in parts):
        _refuse_several_datasets(kids, top)
    without = [folder.name for folder in kids if folder not in nested]
    if without:
        raise DataError("layouts.class_without_splits", classes=quoted(without), seen=tree_lines(top))
    reading = Reading(Phrase("layouts.splits_in_classes", folders=_mapped(inner[kids[0].path]), count=len(kids)))
    for folder in kids:
        for below in folder.with_images:
            split = inner[folder.path].get(below.name)
            if split is None:
                reading.aside[below.path] = Phrase("ledger.beside_splits")
            else:
                reading.places |= {place.path: (split, folder.name) for place in below.used()}
    return reading


def class_folders(top: Folder, asked: bool) -> Reading | None:
    """Folders right below are classes, also where one is called like a split; folders in them belong to them."""
    kids = top.with_images
    splits = splits_among([folder.name for folder in kids])
    rivals = [folder for folder in kids if folder.name not in splits]
    flat = not any(folder.with_images for folder in kids)
    if not kids or (asked and not rivals and not flat):
        return None
    if not asked and (not rivals or (flat and len(kids) == 1 and top.images)):
        return None
    if not asked and all(says_nothing(folder.name) for folder in kids):
        return None
    if not asked and (both := classes_and_splits([folder.name for folder in kids])):
        raise DataError("layouts.splits_in_names", names=quoted(both), seen=tree_lines(top))
    if splits and not asked and set(splits.values()) != {"train"}:
        raise _two_readings(top, next(iter(splits)), rivals)
    reading = _with_classes([("train", top, kids)], "class-folders", leaves=False, asked=asked)
    reading.reason = Phrase("layouts.class_folders", count=len(reading.classes), folder=shown(top.path) or ".")
    for name in splits:
        reading.decisions.append(Phrase("layouts.class_like_split", name=shown(name)))
    return reading


def leaf_folders(top: Folder, asked: bool) -> Reading | None:
    """The folder that an image lies in is its class, at any depth; folders of splits may be above."""
    splits = splits_among([folder.name for folder in top.with_images])
    if splits and all(folder.with_images for folder in top.with_images if folder.name in splits):
        parts = [
            (splits[folder.name], folder, folder.with_images) for folder in top.with_images if folder.name in splits
        ]
    else:
        parts = [("train", top, top.with_images)]
    if not any(kids for _, _, kids in parts):
        return None
    _refuse_several_datasets([kid for _, _, kids in parts for kid in kids], top)
    reading = _with_classes(parts, "leaf-folders", leaves=True, asked=asked)
    reading.reason = Phrase("layouts.leaf_folders", count=len(reading.classes))
    return reading


def flat(top: Folder, asked: bool) -> Reading | None:
    """Images without classes, perhaps in folders of splits."""
    splits = splits_among([folder.name for folder in top.with_images])
    reading = Reading(Phrase("layouts.flat"))
    reading.places[top.path] = ("train", None)
    for folder in top.with_images:
        split = splits.get(folder.name, "train")
        reading.places |= {below.path: (split, None) for below in folder.used()}
    return reading


LAYOUTS = (
    Layout("split-folders", split_folders),
    Layout("splits-in-classes", splits_in_classes),
    Layout("class-folders", class_folders),
    Layout("leaf-folders", leaf_folders, by_itself=False),
    Layout("flat", flat),
)
TABLES = "tables"
"""The layout of a folder whose tables say what its images are."""
LISTS = "lists"
"""The layout of a folder whose text files list its images."""


def _inner(split: Folder) -> Folder:
    """The folder that holds the classes of a split: below folders that hold nothing but one folder."""
    while not split.images and len(split.with_images) == 1 and split.with_images[0].with_images:
        (split,) = split.with_images
    return split


def _is_no_class(kid: Folder, split: Folder, known: set[str]) -> bool:
    """Whether the only folder of a split is there for unlabeled images, and not a class."""
    named = not says_nothing(kid.name) and not kid.name.isdigit() and kid.name != split.name
    return bool(known) and kid.name not in known and not named


def _with_classes(
    parts: Sequence[tuple[str, Folder, list[Folder]]], layout: str, *, leaves: bool, asked: bool
) -> Reading:
    """Classes of the folders right below those of splits, or of the innermost ones.

    Args:
        parts: Split, its folder, and the folders in it that are classes or hold them.
        layout: Its name, for a message.
        leaves: Whether the innermost folders are the classes.
        asked: Whether the layout was asked for; else folders in folders of classes have two readings.
    """
    reading = Reading(Phrase("layouts.flat"))
    known = {kid.name for split, _, kids in parts for kid in kids if split == "train"}
    for split, folder, kids in parts:
        if not kids and folder.images:
            reading.places[folder.path] = (split, None)
            reading.decisions.append(Phrase("layouts.unlabeled", folder=shown(folder.path), split=split))
        elif split != "train" and len(kids) == 1 and _is_no_class(kids[0], folder, known):
            reading.places |= {below.path: (split, None) for below in kids[0].used()}
            reading.decisions.append(Phrase("layouts.unlabeled", folder=shown(kids[0].path), split=split))
        else:
            for kid in kids:
                reading.places |= {
                    below.path: (split, below.name if leaves else kid.name) for below in kid.used() if below.images
                }
    reading.decisions += _copies([kid for _, _, kids in parts for kid in kids])
    nested = [] if leaves else [kid for _, _, kids in parts for kid in kids if kid.with_images]
    if not asked:
        _refuse_two_levels(nested, parts[0][1], layout)
    if nested:
        reading.decisions.append(Phrase("layouts.folders_in_classes", folders=quoted([kid.path for kid in nested])))
    return reading


def _copies(kids: Sequence[Folder]) -> list[Phrase]:
    """A line for each class that is called as a second copy of another one."""
    names = {kid.name for kid in kids}
    found = {name: first for name in sorted(names) if (first := copied_from(name, names))}
    return [Phrase("layouts.copied_class", name=shown(name), first=shown(first)) for name, first in found.items()]


def _refuse_several_datasets(kids: Sequence[Folder], top: Folder) -> None:
    """Raises: DataError where folders that would be classes have folders of several splits in them."""
    whole = [
        kid for kid in kids if len(set(splits_among([below.name for below in _inner(kid).with_images]).values())) > 1
    ]
    if whole:
        first = shown(f"{whole[0].path}")
        raise DataError(
            "layouts.several_datasets", folders=quoted([kid.name for kid in whole]), first=first, seen=tree_lines(top)
        )


def _refuse_two_levels(kids: Sequence[Folder], top: Folder, layout: str) -> None:
    """Raises: DataError where a folder that would be a class holds no images itself but several folders with some."""
    _refuse_several_datasets(kids, top)
    holders = [(kid, inner) for kid in kids if not (inner := _inner(kid)).images and len(inner.with_images) > 1]
    if holders:
        first = ", ".join(shown(kid.name) for kid, _ in holders[:SHOWN])
        second = ", ".join(shown(below.name) for below in holders[0][1].with_images[:SHOWN])
        raise DataError("layouts.two_levels", first=first, second=second, layout=layout, seen=tree_lines(top))


def _two_readings(top: Folder, name: str, rivals: Sequence[Folder]) -> DataError:
    return DataError(
        "layouts.class_or_split",
        name=shown(name),
        others=quoted([folder.name for folder in rivals]),
        seen=tree_lines(top),
    )


def _mapped(splits: dict[str, str]) -> str:
    return ", ".join(f"{shown(name)!r} = {split}" if name != split else repr(name) for name, split in splits.items())

"""`Moved`: names that were written on another machine, or before images were converted, as names of the files here."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from resnet_hub.errors import Phrase

from ..layouts import Ledger, splits_among
from .names import Files, leads_out

ROOT = re.compile(r"/|[A-Za-z]:[\\/]|\\\\")
"""How a path from the root of a file system begins, on any."""
ENOUGH = 0.9
"""Share of the names that must be files here."""


@dataclass(frozen=True)
class Moved:
    """What all names have in place of what the files here have."""

    cut: str = ""
    """What they begin with, with slashes: the folder that the dataset was in."""
    old: str = ""
    """The suffix that they end in."""
    new: str = ""
    """That of the files."""

    def text(self, name: str) -> str:
        """A name as that of a file here; another one as it is."""
        slashed = name.replace("\\", "/") if self.cut else name
        name = slashed[len(self.cut) :] if self.cut and slashed.startswith(self.cut) else name
        return name.removesuffix(self.old) + self.new if self.old and name.endswith(self.old) else name

    def texts(self, names: pa.Array) -> pa.Array:
        """The same of many."""
        if self.cut:
            slashed = pc.replace_substring(names, "\\", "/")
            rest = pc.utf8_slice_codeunits(slashed, len(self.cut))
            names = pc.if_else(pc.starts_with(slashed, self.cut), rest, names)
        if self.old:
            names = pc.replace_substring_regex(names, f"{re.escape(self.old)}$", self.new)
        return names


def find_move(sample: Sequence[str], column: str, files: Files, base: str, ledger: Ledger) -> Moved:
    """How nearly all names become files here, where hardly one of them is as it stands; said.

    Nothing outside of the dataset is looked at: of a path from another machine, its end must be a file here.

    Args:
        sample: Some of the names.
        column: Theirs.
        files: The dataset's.
        base: The folder of the table.
        ledger: Is told.
    """
    moved = Moved()
    cut = _folder_elsewhere([name.replace("\\", "/") for name in sample], files, base)
    if cut is not None:
        moved = Moved(cut)
        ledger.decide(Phrase("tables.moved", column=column, cut=cut, name=sample[0], file=moved.text(sample[0])))
    here = [moved.text(name) for name in sample]
    if not _are_here(here, files, base) and (pair := _other_suffix(here, files)):
        moved = Moved(moved.cut, *pair)
        ledger.decide(Phrase("tables.other_suffix", column=column, old=pair[0], new=pair[1]))
    return moved


def _folder_elsewhere(names: Sequence[str], files: Files, base: str) -> str | None:
    """The least that nearly all names begin with, without which they are files here; None where there is none.

    Of paths from the root of a file system, the names of the files alone may be enough, unless their folder is a split.
    """
    if any(files.locate(name, base).there for name in names):
        return None
    parts = sorted(names)[len(names) // 2].split("/")[:-1]
    for count in range(1, len(parts) + 1):
        cut = "/".join(parts[:count]) + "/"
        rest = [name[len(cut) :] for name in names if name.startswith(cut)]
        if len(rest) < ENOUGH * len(names):
            return None
        bare = count == len(parts)
        if bare and (not ROOT.match(cut) or splits_among(parts[-1:])):
            return None
        inside = [name for name in rest if not leads_out(posixpath.normpath(name))]
        if inside and _are_here(inside, files, base, ends=bare):
            return cut
    return None


def _are_here(names: Sequence[str], files: Files, base: str, *, ends: bool = True) -> bool:
    """Whether nearly all names are files beside the table or of the dataset, or end the paths of files."""
    found = sum(files.locate(name, base).there or (ends and bool(files.ending_in(name))) for name in names)
    return found >= ENOUGH * len(names)


def _other_suffix(names: Sequence[str], files: Files) -> tuple[str, str] | None:
    """The suffix of all names, and the one of the files that are called so but for theirs; None where there is none."""
    (old, *others), found = {posixpath.splitext(name)[1] for name in names}, list[str]()
    if others or not old:
        return None
    for name in names:
        ends = files.ending_in(name.removesuffix(old))
        found += {posixpath.splitext(file)[1] for file in ends.values()}
    news = set(found)
    return (old, news.pop()) if len(news) == 1 and len(found) >= ENOUGH * len(names) else None

"""Which blocks are passed over and which have changed places, as a short text: that of the link, a stranger's too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from resnet_hub.demo.text import PageError, shortened
from resnet_hub.explain import NetworkBlock, Wiring

MOST = 400
"""Blocks and pairs that a text names at most; the deepest published networks have 66 blocks."""
_PART = re.compile(r"(\d{1,3})(?:\.(\d{1,3})(?:-(\d{1,3})\.(\d{1,3}))?)?", re.ASCII)


@dataclass(frozen=True)
class Cut:
    """A wiring by places, as in "1.2,3,4.1-4.2@cifar_plain20"."""

    off: tuple[str, ...] = ()
    """Blocks by stage and number, "1.2", and whole stages, "3"."""
    swaps: tuple[tuple[str, str], ...] = ()
    """Pairs of blocks that change places, one after another."""
    network: str = ""
    """The small network that is asked; the one in use where empty."""

    @classmethod
    def read(cls, text: object) -> Cut | None:
        """The cut of a text; None where it is none."""
        if not isinstance(text, str):
            return None
        wiring, _, network = text.partition("@")
        found = [_PART.fullmatch(part) for part in wiring.split(",")] if wiring else []
        if len(found) > MOST or not all(found):
            return None
        parts = [part[0] for part in found if part]
        pairs = tuple((one, other) for one, dash, other in (part.partition("-") for part in parts) if dash)
        return cls(tuple(part for part in parts if "-" not in part), pairs, network)

    @classmethod
    def of(cls, wiring: Wiring, blocks: Sequence[NetworkBlock], network: str = "") -> Cut:
        """The shortest cut that says a wiring: a stage of which nothing is left is one word."""
        places = {block.name: block.place for block in blocks}
        off: list[str] = []
        for stage in dict.fromkeys(block.stage for block in blocks):
            can = [block for block in blocks if block.stage == stage and block.can_be_passed]
            gone = [block.place for block in can if block.name in wiring.off]
            off += [str(stage)] if len(gone) == len(can) > 1 else gone
        return cls(tuple(off), tuple((places[one], places[other]) for one, other in wiring.swaps), network)

    @property
    def text(self) -> str:
        """The cut as a text."""
        parts = [*self.off, *(f"{one}-{other}" for one, other in self.swaps)]
        return ",".join(parts) + (f"@{self.network}" if self.network else "")

    def check(self, depths: Sequence[int]) -> None:
        """Raises: PageError for a block that stages of so many blocks do not have."""
        for place in [*self.off, *(place for pair in self.swaps for place in pair)]:
            stage, _, number = place.partition(".")
            inside = 1 <= int(stage) <= len(depths) and (not number or 1 <= int(number) <= depths[int(stage) - 1])
            if not inside:
                last = f"{len(depths)}.{depths[-1]}"
                raise PageError("tabs.unknown_block", place=shortened(place), last=last)

    def wiring(self, blocks: Sequence[NetworkBlock]) -> Wiring:
        """The wiring of these blocks. Raises: PageError for a block that is not among them."""
        stages = [block.stage for block in blocks]
        self.check([stages.count(stage) for stage in dict.fromkeys(stages)])
        names = {block.place: block.name for block in blocks}
        off = {names[place] for place in self.off if "." in place}
        off |= {block.name for block in blocks if str(block.stage) in self.off and block.can_be_passed}
        return Wiring(frozenset(off), tuple((names[one], names[other]) for one, other in self.swaps))

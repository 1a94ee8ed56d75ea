"""What each visitor wants explained: one explanation for a wish, however often the browser tells of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, TypeVar

from resnet_hub.demo.tabs.explaining.explanation import Key

MOST_VISITORS = 500
"""Visitors whose last wish is remembered."""
Part = TypeVar("Part", bound=tuple[Any, ...])


@dataclass(eq=False)
class Wish:
    """One explanation that is being made, or was made and is shown."""

    choices: set[Key]
    """What the visitor has chosen, before and after the best class is known."""
    number: float
    """Which of the things that the visitor did it answers."""
    before: str
    """What the browser said that it showed then."""
    told: set[str] = field(default_factory=set, init=False)
    """What the browser may say that it shows since, whole or in part: the last value of each part."""
    is_made: bool = field(default=False, init=False)

    async def noted(self, parts: AsyncGenerator[Part, None]) -> AsyncGenerator[Part, None]:
        """The parts of the explanation, which is made once all of them are taken."""
        async with aclosing(parts):
            async for part in parts:
                if isinstance(part[-1], str):
                    self.told.add(part[-1])
                yield part
        self.is_made = True


class Wishes:
    """The last wish of each visitor, by session.

    Two events of a browser may come close together: the second then tells of what was shown before the first, and so
    asks again for what the first has been answered with meanwhile.
    """

    def __init__(self) -> None:
        """Nobody's."""
        self._wishes: dict[str | None, Wish] = {}

    def has(self, visitor: str | None, choice: Key, before: str) -> bool:
        """Whether this is just being explained, or was, for a browser that did not know it yet."""
        wish = self._wishes.get(visitor)
        known = wish is not None and (not wish.is_made or before == wish.before or before in wish.told)
        return wish is not None and known and choice in wish.choices

    def begin(self, visitor: str | None, choice: Key, number: object, before: str) -> Wish:
        """A wish that takes the place of the visitor's last one; `number` is the browser's, which may send anything."""
        self._wishes.pop(visitor, None)
        while len(self._wishes) >= MOST_VISITORS:
            del self._wishes[next(iter(self._wishes))]
        wish = self._wishes[visitor] = Wish({choice}, _number(number), before)
        return wish

    def is_over(self, visitor: str | None, choice: Key, number: object) -> bool:
        """Whether what is being explained is wanted no more, now that the visitor has chosen this."""
        wish = self._wishes.get(visitor)
        return (
            wish is not None and not wish.is_made and choice not in wish.choices and not _number(number) < wish.number
        )

    def end(self, visitor: str | None, wish: Wish) -> None:
        """Forgets a wish that was stopped or failed, so that it may be had again."""
        if not wish.is_made and self._wishes.get(visitor) is wish:
            del self._wishes[visitor]

    def forget(self, visitor: str | None) -> None:
        """Forgets what is shown no more."""
        wish = self._wishes.get(visitor)
        if wish is not None and wish.is_made:
            del self._wishes[visitor]


def _number(told: Any) -> float:
    """A browser's number; 0 where it is none."""
    return float(told) if isinstance(told, int | float) else 0.0

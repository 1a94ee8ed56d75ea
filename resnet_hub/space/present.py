"""What the owner of a Space wants of it, and what it holds already."""

from __future__ import annotations

from dataclasses import dataclass

from huggingface_hub import SpaceHardware

from resnet_hub.card import CardText
from resnet_hub.errors import ConfigError

HARDWARE = tuple(flavor.value for flavor in SpaceHardware)
MAX_TITLE = 100
"""Characters of a title."""
NO_CARD = CardText({}, "")


@dataclass(frozen=True)
class SpaceSettings:
    """What its owner wants of a Space; what is absent stays as it is."""

    title: str | None = None
    """The heading of the page and of the Space, plain text on one line."""
    hardware: str | None = None
    """What it runs on, one of `HARDWARE`."""

    def __post_init__(self) -> None:
        title, hardware = self.title, self.hardware
        if title is not None and (not title.strip() or len(title) > MAX_TITLE or not title.isprintable()):
            raise ConfigError("space.title", title=title[:MAX_TITLE], most=MAX_TITLE)
        if hardware is not None and hardware not in HARDWARE:
            raise ConfigError("space.hardware", hardware=hardware, choices=", ".join(HARDWARE))


@dataclass(frozen=True)
class PresentSpace:
    """What a Space holds already."""

    paths: frozenset[str] = frozenset()
    """All its files."""
    card: CardText = NO_CARD
    """README.md."""
    page: bytes = b"{}"
    """The content of page.json."""

"""timm's and our own names: nothing is renamed. A file in them that says no more of itself is taken for timm's."""

from __future__ import annotations

import re

from torch import Tensor

from resnet_hub.checkpoint.origins.origin import Contents, Origin

ANCHOR = re.compile(r"(?:layer1|stages\.0\.blocks)\.0\.conv1\.weight$")


def recognize(contents: Contents) -> bool:
    """Whether the first block has its name in timm."""
    return any(ANCHOR.match(name) for name in contents.tensors)


def rename(contents: Contents) -> dict[str, Tensor]:
    """The tensors as they are."""
    return dict(contents.tensors)


ORIGIN = Origin("timm", ANCHOR, recognize, rename)

"""torchvision's networks in eight bits, which only its own layers for whole numbers run: refused by name."""

from __future__ import annotations

import re

from torch import Tensor

from resnet_hub.checkpoint.origins.origin import Contents, Origin
from resnet_hub.errors import CheckpointError

ANCHOR = re.compile(r"layer1\.0\.conv1\.weight$")
SCALES = re.compile(r"(?:conv\d*|add_relu|fc)\.(?:scale|zero_point)$|_packed_params")


def recognize(contents: Contents) -> bool:
    """Whether layers have scales and zero points."""
    return any(SCALES.search(name) for name in (*contents.tensors, *contents.extras))


def rename(contents: Contents) -> dict[str, Tensor]:
    """Never returns. Raises: CheckpointError."""
    raise CheckpointError("checkpoint.quantized", file=contents.file)


ORIGIN = Origin("torchvision's quantized networks", ANCHOR, recognize, rename)

"""The CIFAR networks of akamaster and kuangliu: `linear` is the head, `shortcut` what stands where shapes differ."""

from __future__ import annotations

import re

from torch import Tensor

from resnet_hub.checkpoint.origins.origin import Contents, Origin

ANCHOR = re.compile(r"layer1\.0\.conv1\.weight$")
RENAMED = ((re.compile(r"^linear\."), "fc."), (re.compile(r"\.shortcut\."), ".downsample."))


def recognize(contents: Contents) -> bool:
    """Whether a head or a shortcut bears their names beside blocks in layers."""
    blocks = any(ANCHOR.match(name) for name in contents.tensors)
    return blocks and any(theirs.search(name) for name in contents.tensors for theirs, _ in RENAMED)


def rename(contents: Contents) -> dict[str, Tensor]:
    """The same tensors with the head as `fc` and the shortcuts as `downsample`."""
    renamed: dict[str, Tensor] = {}
    for name, tensor in contents.tensors.items():
        for theirs, ours in RENAMED:
            name = theirs.sub(ours, name)
        renamed[name] = tensor
    return renamed


ORIGIN = Origin("the CIFAR networks of akamaster and kuangliu", ANCHOR, recognize, rename)

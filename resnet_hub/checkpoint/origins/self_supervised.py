"""Encoders trained without labels (MoCo, SimCLR, SimSiam, BYOL, SwAV, DINO, VICReg, Barlow Twins): no head of classes.

What people fine-tune is the trunk; the projection heads, prototypes and queues beside it are left out.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from torch import Tensor

from resnet_hub.checkpoint.origins import residual, sequential
from resnet_hub.checkpoint.origins.libraries import TORCHVISION, torchvision_input
from resnet_hub.checkpoint.origins.origin import Contents, Origin
from resnet_hub.config import Preprocessing, ResNetConfig

ANCHOR = re.compile(r"(?:layer1|(?<![^.])[34])\.0\.conv1\.weight$")
ENCODERS = re.compile(
    r"encoder_[qk]|base_encoder|(?:momentum|online|target|query|key)_(?:encoder|network|net|backbone)"
)
"""Parts of places that only such files have."""
HEADS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?:.+\.)?queue"), "queue of keys"),
    (re.compile(r"(?:.+\.)?prototypes"), "prototypes"),
    (re.compile(r"(?:.+\.)?\w*(?:predictor|prediction)\w*"), "prediction head"),
    (re.compile(r"(?:.+\.)?\w*(?:projector|projection|proj_head|contrastive)\w*"), "projection head"),
    (re.compile(r"(?:.+\.)?head\.(?:mlp|last_layer)"), "projection head"),
)
LAYERS = re.compile(r"fc\.\d+\.weight")
DETECTOR = re.compile(r"(?:.+\.)?(?:rpn|rpn_head|roi_heads?|bbox_head|proposal_generator)\.")
"""Parts of detectors, which have predictors too."""
TRUNK = re.compile(r"(?:conv1|bn1|maxpool|layer\d+)\.")


def recognize(contents: Contents) -> bool:
    """Whether the place of the network or what lies beside it is of such a method."""
    if not (residual.recognize(contents) or sequential.recognize(contents)):
        return False
    if _is_encoder(contents):
        return True
    names = [*contents.tensors, *contents.around]
    if "fc.weight" in contents.tensors or any(map(DETECTOR.match, contents.around)):
        return False
    return any(pattern.match(name) for name in names for pattern, _ in HEADS)


def has_deep_head(contents: Contents) -> bool:
    """Whether a network of torchvision's has several linear layers for its `fc`."""
    layers = [name for name, tensor in contents.tensors.items() if LAYERS.fullmatch(name) and tensor.ndim == 2]
    return len(layers) > 1 and residual.recognize(contents)


def _is_encoder(contents: Contents) -> bool:
    return any(ENCODERS.fullmatch(part) for part in contents.place.split("."))


def rename(contents: Contents) -> dict[str, Tensor]:
    """The tensors of the trunk alone."""
    row = sequential if sequential.recognize(contents) else residual
    return {name: tensor for name, tensor in row.rename(contents).items() if TRUNK.match(name)}


def left_over(contents: Contents) -> dict[str, str]:
    """The heads and what else serves training only."""
    found = {
        part.group(): what
        for name in (*contents.tensors, *contents.around)
        for pattern, what in HEADS
        if (part := pattern.match(name))
    }
    return {"fc": "projection head", **found}


def deep_head(_: Contents) -> dict[str, str]:
    """The layers of such a head."""
    return {"fc": "head of several layers"}


def options(_: Contents) -> dict[str, Any]:
    """No classes: such an encoder gives features until somebody asks for a head."""
    return {"num_classes": 0}


def preprocessing(_: Contents, network: ResNetConfig) -> Preprocessing:
    """The input of their linear evaluations, which is that of ImageNet in torchvision."""
    return torchvision_input().with_channels(network.in_chans)


ORIGIN = Origin(
    "self-supervised training",
    ANCHOR,
    recognize,
    rename,
    left_over=left_over,
    architectures=TORCHVISION.architectures,
    options=options,
    preprocessing=preprocessing,
)

DEEP_HEAD = replace(ORIGIN, name="torchvision under another head", recognize=has_deep_head, left_over=deep_head)
"""A network with a head of several layers, of which the trunk is taken too."""

"""timm's and our own names: nothing is renamed. A file of timm's script says the network and the input itself."""

from __future__ import annotations

import logging
import re

from torch import Tensor

from resnet_hub.checkpoint.origins.notes import noted_architecture, options_of
from resnet_hub.checkpoint.origins.origin import Contents, Origin
from resnet_hub.config import Preprocessing, ResNetConfig
from resnet_hub.errors import ConfigError
from resnet_hub.registry import architecture, named_network

logger = logging.getLogger(__name__)

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos")
ANCHOR = re.compile(r"(?:layer1|stages\.0\.blocks)\.0\.conv1\.weight$")


def recognize(contents: Contents) -> bool:
    """Whether the first block has its name in timm."""
    return any(ANCHOR.match(name) for name in contents.tensors)


def rename(contents: Contents) -> dict[str, Tensor]:
    """The tensors as they are."""
    return dict(contents.tensors)


def network(contents: Contents) -> ResNetConfig | None:
    """The network that timm's script notes."""
    name = noted_architecture(contents)
    return None if name is None else architecture(name.partition(".")[0])


def preprocessing(contents: Contents, _: ResNetConfig) -> Preprocessing | None:
    """The input of the noted network, with what the options of timm's script say otherwise; None without a note."""
    name = noted_architecture(contents)
    if name is None:
        return None
    known, options = named_network(name)[1].to_json(), options_of(contents)
    size = options.get("input_size")
    if isinstance(side := options.get("img_size"), int):
        size = [known["input_size"][0], side, side]
    given = {key: options.get(key) for key in ("interpolation", "crop_pct", "crop_mode", "mean", "std")}
    given["input_size"] = size
    if given["interpolation"] not in INTERPOLATIONS:  # timm's script also notes "random", and nothing as ""
        del given["interpolation"]
    said = {key: value for key, value in given.items() if value is not None}
    try:
        return Preprocessing.from_json({**known, **said})
    except ConfigError as error:
        logger.warning("%s: the input in its notes is left out, as %s", contents.file, error)
        return Preprocessing.from_json(known)


def says_input(contents: Contents) -> bool:
    """Whether timm's script noted what it trained."""
    return noted_architecture(contents) is not None


ORIGIN = Origin("timm", ANCHOR, recognize, rename, network=network, preprocessing=preprocessing, says_input=says_input)

"""torchvision's residual networks: timm's names, with an input of their own."""

from __future__ import annotations

import math
import re
from typing import Any

from resnet_hub.checkpoint.origins import residual
from resnet_hub.checkpoint.origins.notes import noted_architecture, options_of
from resnet_hub.checkpoint.origins.origin import Contents, Origin
from resnet_hub.config import Preprocessing, ResNetConfig
from resnet_hub.registry import architecture, default_preprocessing

ANCHOR = re.compile(r"layer1\.0\.conv1\.weight$")
ARCHITECTURES = (
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "resnext*_32x*d",
    "resnext*_64x*d",
    "wide_*",
)
FIRST_RESIZE, SECOND_RESIZE = 256, 232
PUBLISHED: dict[str, tuple[float, int]] = {
    "f37072fd": (44.661, FIRST_RESIZE),
    "b627a593": (83.275, FIRST_RESIZE),
    "0676ba61": (97.781, FIRST_RESIZE),
    "11ad3fa6": (97.79, SECOND_RESIZE),
    "63fe2227": (170.511, FIRST_RESIZE),
    "cd907fc2": (170.53, SECOND_RESIZE),
    "394f9c45": (230.434, FIRST_RESIZE),
    "f82ba261": (230.474, SECOND_RESIZE),
    "7cdf4587": (95.789, FIRST_RESIZE),
    "1a0047aa": (95.833, SECOND_RESIZE),
    "8ba56ff5": (339.586, FIRST_RESIZE),
    "110c445d": (339.673, SECOND_RESIZE),
    "173b62eb": (319.318, SECOND_RESIZE),
    "95faca4d": (131.82, FIRST_RESIZE),
    "9ba9bcbe": (263.124, SECOND_RESIZE),
    "32ee1156": (242.896, FIRST_RESIZE),
    "d733dc28": (484.747, SECOND_RESIZE),
}
"""The published files: the first digits of SHA-256 -> the size in MiB, and the shortest side before the crop in pixels.

Source: the file names and metadata of torchvision's `WeightsEnum` of each network.
"""


def seen(resize: int = FIRST_RESIZE, crop: int = 224, **others: Any) -> Preprocessing:
    """The input of torchvision's evaluation: shortest side to `resize` px, bilinear, center crop of `crop` px."""
    share = min(1.0, crop / resize)
    while math.floor(crop / share) < resize:  # it is divided by again, and the quotient of floats may fall short
        share = math.nextafter(share, 0)
    return Preprocessing(**{"interpolation": "bilinear", "input_size": (3, crop, crop), "crop_pct": share, **others})


def recognize(contents: Contents) -> bool:
    """Whether it is a published file, or names its modules or its options as torchvision and its scripts do."""
    if not residual.recognize(contents):
        return False
    options, extras = options_of(contents), contents.extras
    script = "val_crop_size" in options or ("arch" in extras and "best_acc1" in extras)
    return {"layer1.0.relu", "maxpool"} <= contents.modules or script or _published_resize(contents) is not None


def network(contents: Contents) -> ResNetConfig | None:
    """The network that the options name."""
    name = noted_architecture(contents)
    return None if name is None else architecture(name.partition(".")[0])


def options(contents: Contents) -> dict[str, Any]:
    """Of the backbone of a segmentation network (FCN, DeepLab) the last two stages are dilated and do not stride."""
    return {"output_stride": 8} if _segmentation_head(contents) else {}


def left_over(contents: Contents) -> dict[str, str]:
    """The heads of a segmentation network, and what they say of its backbone."""
    told = {
        "classifier": "a segmentation head, so that the backbone is taken as dilated: output_stride=8",
        "aux_classifier": "its auxiliary head",
    }
    return {head: told[head] for head in _segmentation_head(contents)}


def _segmentation_head(contents: Contents) -> list[str]:
    """The parts that give a class to each pixel, which are convolutions; none of any other network."""
    if contents.place.rpartition(".")[2] != "backbone":
        return []
    found = {name.partition(".")[0] for name, tensor in contents.around.items() if tensor.ndim == 4}
    return sorted(found & {"classifier", "aux_classifier"}) if "classifier" in found else []


def preprocessing(contents: Contents, network: ResNetConfig) -> Preprocessing:
    """The input of published weights, that of the options of torchvision's script, else that of its tutorials."""
    options = options_of(contents)
    resize, crop = options.get("val_resize_size"), options.get("val_crop_size")
    if network.stem == "3x3":
        return default_preprocessing(network)
    if isinstance(resize, int) and isinstance(crop, int) and 0 < crop <= resize <= 4096:
        filters = {"interpolation": name} if (name := options.get("interpolation")) in ("bilinear", "bicubic") else {}
        return seen(resize, crop, **filters)
    return seen(_published_resize(contents) or FIRST_RESIZE)


def _published_resize(contents: Contents) -> int | None:
    """The resize of a published file, told by its digest, which is computed where the size is a published one's."""
    size = round(contents.size / 2**20, 3)
    if not any(size == published for published, _ in PUBLISHED.values()):
        return None
    _, resize = PUBLISHED.get(contents.digest()[:8], (0, None))
    return resize


def says_input(contents: Contents) -> bool:
    """Whether the file says what its input is, so that none is assumed."""
    return _published_resize(contents) is not None or "val_crop_size" in options_of(contents)


ORIGIN = Origin(
    "torchvision",
    ANCHOR,
    recognize,
    residual.rename,
    network=network,
    architectures=ARCHITECTURES,
    options=options,
    left_over=left_over,
    preprocessing=preprocessing,
    says_input=says_input,
)

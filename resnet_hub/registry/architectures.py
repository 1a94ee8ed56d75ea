"""The named table: "resnet50d" -> ResNetConfig. Data, not code; a row says only what differs from ResNet-50.

Sources: He et al. 2015 (no letters, plain, CIFAR), He et al. 2018 "Bag of Tricks" (-c, -d, -s), Xie et al. 2017
(ResNeXt), Zagoruyko and Komodakis 2016 (Wide), Hu et al. 2018 (SE, SENet-154), Wang et al. 2020 (ECA), Zhang 2019
(blur), Bello et al. 2021 (RS), He et al. 2016 "Identity Mappings" (v2), Kolesnikov et al. 2020 (BiT), Aflalo et al.
2020 (pruned), De and Smith 2020 (gain); the -t and -aa rows and every name of the first two tables are timm's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from resnet_hub.checks import nearest
from resnet_hub.config import Preprocessing, ResNetConfig
from resnet_hub.errors import ConfigError
from resnet_hub.registry.published import current_name, find_tag, published_architecture, published_tags

Row = dict[str, Any]

# What the letters behind a name mean.
C: Row = {"stem": "deep", "stem_width": 32}
D: Row = {**C, "shortcut": "avg_projection"}
S: Row = {"stem": "deep", "stem_width": 64}
T: Row = {"stem": "tiered", "stem_width": 32, "shortcut": "avg_projection"}
SE: Row = {"attn_layer": "se"}
ECA: Row = {"attn_layer": "eca"}
AA: Row = {"aa_layer": "avg"}
BLUR: Row = {"aa_layer": "blur"}
RS: Row = {**D, **SE, "stem_pool": "conv", "attn_ratio": 0.25}

BASIC: Row = {"block": "basic"}
DEPTHS: dict[int, tuple[int, ...]] = {
    18: (2, 2, 2, 2),
    26: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
    200: (3, 24, 36, 3),
    269: (3, 30, 48, 8),
}


def _net(depth: int, *rows: Row, **options: Any) -> Row:
    """The row of a network with this many layers; 18 and 34 have basic blocks, deeper ones bottlenecks."""
    row: Row = {"depths": DEPTHS[depth], **(BASIC if depth in (18, 34) else {})}
    for part in (*rows, options):
        row.update(part)
    return row


def _next(cardinality: int, base_width: int) -> Row:
    return {"cardinality": cardinality, "base_width": base_width}


IMAGENET: dict[str, Row] = {
    **{f"resnet{depth}": _net(depth) for depth in (18, 26, 34, 50, 101, 152, 200)},
    **{f"resnet{depth}c": _net(depth, C) for depth in (50, 101, 152)},
    **{f"resnet{depth}d": _net(depth, D) for depth in (18, 26, 34, 50, 101, 152, 200)},
    **{f"resnet{depth}s": _net(depth, S) for depth in (50, 101, 152)},
    "resnet10t": {**BASIC, **T, "depths": (1, 1, 1, 1)},
    "resnet14t": {**T, "depths": (1, 1, 1, 1)},
    "resnet26t": _net(26, T),
    "resnet50t": _net(50, T),
    "resnet50_gn": _net(50, norm_layer="groupnorm"),
    "resnext50_32x4d": _net(50, _next(32, 4)),
    "resnext50d_32x4d": _net(50, _next(32, 4), D),
    "resnext101_32x4d": _net(101, _next(32, 4)),
    "resnext101_32x8d": _net(101, _next(32, 8)),
    "resnext101_32x16d": _net(101, _next(32, 16)),
    "resnext101_32x32d": _net(101, _next(32, 32)),
    "resnext101_64x4d": _net(101, _next(64, 4)),
    "wide_resnet50_2": _net(50, base_width=128),
    "wide_resnet101_2": _net(101, base_width=128),
    **{f"seresnet{depth}": _net(depth, SE) for depth in (18, 34, 50, 101, 152)},
    "seresnet50t": _net(50, SE, T),
    **{f"seresnet{depth}d": _net(depth, SE, D) for depth in (152, 200, 269)},
    "seresnext26d_32x4d": _net(26, SE, D, _next(32, 4)),
    "seresnext26t_32x4d": _net(26, SE, T, _next(32, 4)),
    "seresnext50_32x4d": _net(50, SE, _next(32, 4)),
    "seresnext101_32x4d": _net(101, SE, _next(32, 4)),
    "seresnext101_32x8d": _net(101, SE, _next(32, 8)),
    "seresnext101_64x4d": _net(101, SE, _next(64, 4)),
    "seresnext101d_32x8d": _net(101, SE, D, _next(32, 8)),
    "senet154": _net(152, SE, S, _next(64, 4), down_kernel_size=3, reduce_first=2),
    "ecaresnet26t": _net(26, ECA, T),
    "ecaresnet50t": _net(50, ECA, T),
    **{f"ecaresnet{depth}d": _net(depth, ECA, D) for depth in (50, 101, 200, 269)},
    "ecaresnet50d_pruned": _net(50, ECA, D, pruned="ecaresnet50d"),
    "ecaresnet101d_pruned": _net(101, ECA, D, pruned="ecaresnet101d"),
    "ecaresnetlight": {**ECA, "depths": (1, 1, 11, 3), "shortcut": "avg_projection"},
    "ecaresnext26t_32x4d": _net(26, ECA, T, _next(32, 4)),
    "ecaresnext50t_32x4d": _net(50, ECA, T, _next(32, 4)),
    "resnetaa34d": _net(34, AA, D),
    "resnetaa50": _net(50, AA),
    "resnetaa50d": _net(50, AA, D),
    "resnetaa101d": _net(101, AA, D),
    "seresnetaa50d": _net(50, SE, AA, D),
    "seresnextaa101d_32x8d": _net(101, SE, AA, D, _next(32, 8)),
    "seresnextaa201d_32x8d": _net(200, SE, AA, S, _next(32, 8), shortcut="avg_projection", depths=(3, 24, 36, 4)),
    "resnetblur18": _net(18, BLUR),
    "resnetblur50": _net(50, BLUR),
    "resnetblur50d": _net(50, BLUR, D),
    "resnetblur101d": _net(101, BLUR, D),
    **{f"resnetrs{depth}": _net(depth, RS) for depth in (50, 101, 152, 200)},
    "resnetrs270": {**RS, "depths": (4, 29, 53, 4)},
    "resnetrs350": {**RS, "depths": (4, 36, 72, 4)},
    "resnetrs420": {**RS, "depths": (4, 44, 87, 4)},
    "test_resnet": {
        **D,
        "block": ("basic", "basic", "bottleneck", "basic"),
        "depths": (1, 1, 1, 1),
        "widths": (32, 48, 48, 96),
        "stem_width": 16,
    },
}


def _cifar(depth: int) -> Row:
    """He et al. 2015, section 4.2: 6n + 2 layers, n blocks at each of 16, 32 and 64 channels, option-A shortcuts."""
    blocks = (depth - 2) // 6
    small = {"stem": "3x3", "stem_width": 16, "stem_pool": "none", "widths": (16, 32, 64), "num_classes": 10}
    return {**BASIC, **small, "depths": (blocks,) * 3, "shortcut": "identity", "zero_init_last": False}


def _v2(depth: int, *rows: Row, **options: Any) -> Row:
    """He et al. 2016: activations in front of the convolutions; a new block is not its shortcut here."""
    return _net(depth, *rows, family="resnetv2", zero_init_last=False, **options)


def _bit(depth: int, factor: int) -> Row:
    """Kolesnikov et al. 2020, "Big Transfer": every layer `factor` times as wide, GroupNorm, standardized weights."""
    layers = {"norm_layer": "groupnorm", "conv_layer": "std_conv2d", "stem_pool": "zero_padded_max"}
    widths = tuple(factor * width for width in (64, 128, 256, 512))
    return _v2(depth, layers, widths=widths, stem_width=64 * factor)


PREACTIVATION: dict[str, Row] = {
    **{f"resnetv2_{depth}": _v2(depth) for depth in (18, 34, 50, 101, 152)},
    **{f"resnetv2_{depth}d": _v2(depth, D) for depth in (18, 34, 50, 101, 152)},
    "resnetv2_50t": _v2(50, T),
    "resnetv2_50d_gn": _v2(50, D, norm_layer="groupnorm"),
    "resnetv2_50d_evos": _v2(50, D, norm_layer="evonorms0"),
    "resnetv2_50d_frn": _v2(50, D, norm_layer="frntlu"),
    **{
        f"resnetv2_{depth}x{factor}_bit": _bit(depth, factor)
        for depth, factor in ((50, 1), (50, 3), (101, 1), (101, 3), (152, 2), (152, 4))
    },
}

# Networks that timm lacks: the paper's for CIFAR, its controls without shortcuts, and blocks with a learned gain.
CIFAR: dict[str, Row] = {f"cifar_resnet{depth}": _cifar(depth) for depth in (20, 32, 44, 56, 110, 1202)}
NO_SHORTCUT: Row = {"shortcut": "none", "zero_init_last": False}
PLAIN: dict[str, Row] = {
    **{f"plain{depth}": _net(depth, NO_SHORTCUT) for depth in (18, 34)},
    **{f"cifar_plain{depth}": {**_cifar(depth), **NO_SHORTCUT} for depth in (20, 32, 44, 56, 110)},
}
GAIN: dict[str, Row] = {
    "cifar_resnet20_gain": {**_cifar(20), "block": "gain_basic"},
    "resnet50_gain": _net(50, block="gain_bottleneck", zero_init_last=False),
}

ARCHITECTURES: dict[str, ResNetConfig] = {
    name: ResNetConfig(architecture=name, **row)
    for name, row in {**IMAGENET, **PREACTIVATION, **CIFAR, **PLAIN, **GAIN}.items()
}


def architecture(name: str) -> ResNetConfig:
    """The network of this name. Raises: ConfigError naming the nearest three."""
    if not isinstance(name, str) or name not in ARCHITECTURES:
        raise ConfigError("registry.no_architecture", name=name, nearest=nearest(name, ARCHITECTURES))
    return ARCHITECTURES[name]


def named_network(name: str) -> tuple[ResNetConfig, Preprocessing]:
    """The network and the input that an architecture, a published tag or an old name of one stands for.

    A tag gives the classes and the input of its weights; an architecture the input of its first ones.

    Raises:
        ConfigError: There is no such name; the nearest three are named.
    """
    current = current_name(name) if isinstance(name, str) else name
    base, dot, _ = str(current).partition(".")
    if dot and base in ARCHITECTURES:
        weights = find_tag(current)
        return architecture(base).with_options(num_classes=weights.num_classes), weights.preprocessing
    config, entry = architecture(current), published_architecture(current)
    return config, entry.preprocessing if entry else default_preprocessing(config)


def list_architectures(
    pattern: str | Sequence[str] = "*", *, exclude: str | Sequence[str] = (), pretrained: bool = False
) -> list[str]:
    """The names that match a wildcard pattern such as "seresnext*", or any of several, sorted.

    Args:
        pattern: What to list.
        exclude: Patterns of what to leave out of it.
        pretrained: Only networks with published weights.
    """
    return sorted(
        name
        for name in ARCHITECTURES
        if _matches(name, pattern) and not _matches(name, exclude) and (not pretrained or published_tags(name))
    )


def _matches(name: str, patterns: str | Sequence[str]) -> bool:
    return any(fnmatchcase(name, one) for one in ([patterns] if isinstance(patterns, str) else patterns))


def in_timm(name: str) -> bool:
    """Whether timm knows this architecture under the same name."""
    return name in IMAGENET or name in PREACTIVATION


def default_preprocessing(config: ResNetConfig) -> Preprocessing:
    """What an untrained network of this kind is usually fed: 224 px; 448 px for BiT, 32 px for the CIFAR networks."""
    if config.stem == "3x3":
        usual = Preprocessing(input_size=(3, 32, 32), crop_pct=1.0, interpolation="bilinear")
    elif config.family == "resnetv2":
        half = (0.5, 0.5, 0.5)
        usual = Preprocessing(mean=half, std=half)
        if config.conv_layer == "std_conv2d":
            usual = replace(usual, input_size=(3, 448, 448), crop_pct=1.0, interpolation="bilinear")
    else:
        usual = Preprocessing()
    return usual.with_channels(config.in_chans)

"""What a network is (`ResNetConfig`): the options that decide its shape and its arithmetic; frozen, JSON both ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from math import prod
from typing import Any

from resnet_hub.checks import check_choice, check_integer, check_range
from resnet_hub.config.families import FAMILIES
from resnet_hub.config.network_input import (
    checked_keys,
    plain,
)
from resnet_hub.errors import ConfigError

# Far above any published network, far below what would exhaust memory before an error is raised.
MAX_CHANNELS = 65_536
MAX_BLOCKS = 1_024

# Other spellings, timm's among them, of the names that a config keeps. A plain "layernorm" would normalize rows of
# pixels, which no residual network means.
NORM_NAMES = {
    "batch": "batchnorm",
    "batchnorm2d": "batchnorm",
    "frozenbatch": "frozenbatchnorm2d",
    "frozenbatchnorm": "frozenbatchnorm2d",
    "group": "groupnorm",
    "layer": "layernorm2d",
    "layernorm": "layernorm2d",
    "rmsnorm": "rmsnorm2d",
}
TASKS = ("single_label", "multi_label", "regression")


@dataclass(frozen=True)
class ResNetConfig:
    """Everything that decides the shape and the arithmetic of a network; options that timm has bear timm's name."""

    architecture: str = "resnet50"
    """The name of the row this came from in the table of architectures."""
    family: str = "resnet"
    """resnet: blocks end with an activation. resnetv2: they begin with norm and activation, and add to a bare sum."""
    block: str | tuple[str, ...] = "bottleneck"
    """The residual block, one name for all stages or one for each."""
    depths: tuple[int, ...] = (3, 4, 6, 3)
    """Blocks in each stage."""
    widths: tuple[int, ...] = (64, 128, 256, 512)
    """Base channels of each stage, before the block's expansion."""
    cardinality: int = 1
    """Groups of the 3x3 convolution (ResNeXt)."""
    base_width: int = 64
    """Channels of one group at a width of 64 (ResNeXt, Wide ResNet)."""
    reduce_first: int = 1
    """Divisor of the first convolution's output inside a block (SENet-154)."""
    stem: str = "7x7"
    """7x7: one strided convolution. 3x3: one convolution at full size (CIFAR). deep, tiered: three 3x3 convolutions."""
    stem_width: int = 64
    """Output channels of the 7x7 and 3x3 stems; half the output channels of the deep ones."""
    plain_stem_width: int = 64
    """Output channels of the 7x7 stem in the family resnet, where `stem_width` has no say, as in timm."""
    stem_pool: str = "max"
    """What halves the image after the stem: max, the same over a border of zeros (zero_padded_max: BiT), a strided
    convolution (conv: ResNet-RS), or nothing (none: CIFAR)."""
    shortcut: str = "projection"
    """Where shapes differ: 1x1 convolution (option B), that after average pooling (-d), or zero padding (option A).

    none: no shortcut anywhere, so that a block is act(F(x)); the plain networks that the paper compares with.
    """
    strides: tuple[int, ...] = ()
    """Stride of each stage; where empty, 1 for the first and 2 for the others."""
    stride_place: str = "3x3"
    """What strides in a stage: the 3x3 convolution of its first block (3x3: "v1.5"), the 1x1 in front of it (1x1: He et
    al. 2015, Caffe, Keras), or the last block, whose shortcut drops pixels (last_block: Keras's V2)."""
    down_kernel_size: int = 1
    """Kernel of the projection where it strides, in pixels."""
    attn_layer: str | None = None
    """Channel attention at the end of each block: se or eca."""
    attn_ratio: float = 1 / 16
    """Hidden channels of SE attention, as a share of its input."""
    aa_layer: str | None = None
    """Anti-aliasing in front of each stride: avg or blur."""
    act_layer: str = "relu"
    """Activation by name."""
    norm_layer: str = "batchnorm"
    """Normalization by name; evonorms0 and frntlu have an activation of their own."""
    conv_layer: str = "conv2d"
    """conv2d, or std_conv2d: each filter is standardized to mean 0 and variance 1 (BiT)."""
    conv_bias: bool = False
    """Whether the convolutions that no norm follows have a bias; in pre-activation networks only (Keras's V2)."""
    num_classes: int = 1000
    """Outputs of the head; 0 gives pooled features."""
    in_chans: int = 3
    """Channels of the input."""
    global_pool: str = "avg"
    """Pooling before the head: avg, max, avgmax, catavgmax, or none, which is kept as timm's empty text."""
    output_stride: int = 32
    """Input pixels for each pixel of the last feature map: 8, 16 or 32; less than 32 dilates instead of striding."""
    drop_rate: float = 0.0
    """Probability of zeroing a feature before the head, in training."""
    drop_path_rate: float = 0.0
    """Probability of skipping the last block's residual, in training; it grows linearly from 0 with depth."""
    drop_block_rate: float = 0.0
    """Probability that DropBlock zeroes a pixel of the last two stages, in training."""
    zero_init_last: bool = True
    """Whether a new block starts as its shortcut: the last norm's weight is zero."""
    pruned: str | None = None
    """The list of channels that pruning left, by name; no list for whole networks."""
    task: str = "single_label"
    """What the outputs are: single_label (one of the classes), multi_label (any of them) or regression (values)."""

    def __post_init__(self) -> None:
        check_choice("family", self.family, tuple(FAMILIES))
        check_choice("stem", self.stem, ("7x7", "3x3", "deep", "tiered"))
        check_choice("stem_pool", self.stem_pool, ("max", "conv", "none", "zero_padded_max"))
        check_choice("conv_layer", self.conv_layer, ("conv2d", "std_conv2d"))
        check_choice("shortcut", self.shortcut, ("projection", "avg_projection", "identity", "none"))
        check_choice("stride_place", self.stride_place, ("3x3", "1x1", "last_block"))
        check_choice("task", self.task, TASKS)
        check_choice("global_pool", self.global_pool, ("avg", "max", "avgmax", "catavgmax", "none", ""))
        check_integer("output_stride", self.output_stride, 8, 32)
        check_choice("output_stride", self.output_stride, (8, 16, 32))
        for name in ("drop_rate", "drop_path_rate", "drop_block_rate"):
            check_range(name, getattr(self, name), 0, 0.999)
        check_range("attn_ratio", self.attn_ratio, 1 / 4096, 1)
        if len(self.depths) != len(self.widths) or not self.depths:
            raise ConfigError("config.stages", depths=self.depths, widths=self.widths)
        if not isinstance(self.block, str | tuple | list) or not all(isinstance(name, str) for name in self.block):
            raise ConfigError("config.block_name", block=self.block)
        if not isinstance(self.block, str) and len(self.block) != len(self.depths):
            raise ConfigError("config.block_for_each_stage", block=self.block, stages=len(self.depths))
        for name, usual in (("act_layer", "relu"), ("norm_layer", "batchnorm")):
            if not isinstance(getattr(self, name), str):
                raise ConfigError("config.layer_name", name=name, value=getattr(self, name), usual=usual)
        if self.global_pool == "none":
            object.__setattr__(self, "global_pool", "")
        norm = self.norm_layer.lower().replace("_", "")
        object.__setattr__(self, "norm_layer", NORM_NAMES.get(norm, norm))
        for name in ("cardinality", "base_width", "reduce_first", "stem_width", "plain_stem_width", "in_chans"):
            check_integer(name, getattr(self, name), 1, MAX_CHANNELS)
        check_choice("down_kernel_size", self.down_kernel_size, (1, 3, 5, 7))
        check_integer("num_classes", self.num_classes, 0, 1_000_000)
        if not self.global_pool and self.num_classes:
            raise ConfigError("config.classes_without_pooling", classes=self.num_classes)
        for width in self.widths:
            check_integer("widths", width, 1, MAX_CHANNELS)
        for depth in self.depths:
            check_integer("depths", depth, 1, MAX_BLOCKS)
        check_integer("sum of depths", sum(self.depths), 1, MAX_BLOCKS)
        if len(self.strides) not in (0, len(self.depths)):
            raise ConfigError("config.strides", strides=self.strides, stages=len(self.depths))
        for stride in self.strides:
            check_integer("strides", stride, 1, 2)
        for name, choices in FAMILIES[self.family].items():
            if (value := getattr(self, name)) not in choices:
                known = ", ".join(map(repr, choices))
                raise ConfigError("config.other_family", name=name, value=value, family=self.family, choices=known)
        self._refuse_contradictions()

    def _refuse_contradictions(self) -> None:
        """Raises: ConfigError naming two options that are fine by themselves and cannot be together."""
        if self.shortcut == "none" and self.zero_init_last:
            raise ConfigError("config.no_shortcut_zero_init")
        if self.shortcut == "none" and self.drop_path_rate:
            raise ConfigError("config.no_shortcut_drop_path", rate=self.drop_path_rate)
        if self.stride_place == "1x1" and self.aa_layer is not None:
            raise ConfigError("config.stride_place_antialias", aa_layer=self.aa_layer)
        if self.stride_place == "last_block" and self.output_stride < 32:
            raise ConfigError("config.stride_place_dilation", stride=self.output_stride)
        if self.output_stride < 32 and self.reduction < self.output_stride:
            raise ConfigError(
                "config.output_stride",
                stride=self.output_stride,
                architecture=self.architecture,
                reduction=self.reduction,
            )

    @property
    def reduction(self) -> int:
        """Input pixels for each pixel of the last feature map where nothing is dilated."""
        return (1 if self.stem == "3x3" else 2) * (1 if self.stem_pool == "none" else 2) * prod(self.stage_strides)

    @property
    def stage_strides(self) -> tuple[int, ...]:
        """The stride of each stage where nothing is dilated."""
        return self.strides or (1, *(2,) * (len(self.depths) - 1))

    @property
    def most_reduction(self) -> int:
        """Input pixels for each pixel of a feature map from which on stages dilate instead of striding."""
        return self.output_stride if self.output_stride < 32 or not self.strides else self.reduction

    @property
    def blocks(self) -> tuple[str, ...]:
        """The name of each stage's block."""
        return (self.block,) * len(self.depths) if isinstance(self.block, str) else self.block

    @property
    def first_conv(self) -> str:
        """The name of the convolution that sees the image, in the state dict."""
        deep = self.stem in ("deep", "tiered")
        if self.family == "resnetv2":
            return "stem.conv1" if deep else "stem.conv"
        return "conv1.0" if deep else "conv1"

    @property
    def classifier(self) -> str:
        """The name of the layer that turns pooled features into logits, in the state dict."""
        return "head.fc" if self.family == "resnetv2" else "fc"

    def to_json(self) -> dict[str, Any]:
        """The fields as plain JSON values."""
        return {field.name: plain(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ResNetConfig:
        """The inverse of `to_json`; absent keys take their defaults. Raises: ConfigError."""
        return cls(**checked_keys(cls, values))

    def with_options(self, **options: Any) -> ResNetConfig:
        """The same network with other options. Raises: ConfigError for an unknown one, naming the nearest."""
        return replace(self, **checked_keys(type(self), options))

    def differences(self, other: ResNetConfig) -> dict[str, Any]:
        """The fields, as JSON values, in which this differs from `other`."""
        mine, theirs = self.to_json(), other.to_json()
        return {name: value for name, value in mine.items() if value != theirs[name]}

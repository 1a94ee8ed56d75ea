"""What all residual networks share: the stages, the head's contract, the feature levels. A family is one subclass."""

# Annotations are types here, not texts: torch.fx copies those of `forward` into the code that it writes.
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor, nn
from torch.fx import Proxy

from resnet_hub.checks import checked_label_names
from resnet_hub.config import Preprocessing, ResNetConfig
from resnet_hub.errors import ConfigError
from resnet_hub.metadata import CheckpointMetadata
from resnet_hub.nn.blocks import BlockPlace, PreActivationBlock, ResidualBlock
from resnet_hub.nn.feature_info import FeatureInfo, feature_level
from resnet_hub.nn.layers import GlobalPool, drop_block
from resnet_hub.nn.limits import check_images, check_parameters
from resnet_hub.nn.stages import Checkpointing, Stage
from resnet_hub.registry import default_preprocessing, pruned_channels


class ResidualNetwork(Checkpointing):
    """(N, in_chans, H, W) float, normalized -> (N, num_classes) logits: stem -> stages of residual blocks -> head.

    A family says how its stem, its stages and its classifier are made and what names they bear; see `ResNet`.
    """

    family: ClassVar[str] = ""
    """The `ResNetConfig.family` that this class builds."""
    if TYPE_CHECKING:  # TorchScript reads the annotations that stay
        maxpool: nn.Module
        """What halves the image between the stem and the first stage."""
    __jit_unused_properties__: ClassVar[list[str]] = [
        *Checkpointing.__jit_unused_properties__,
        "classifier",
        "details",
        "first_conv",
        "num_classes",
    ]

    def __init__(
        self,
        config: ResNetConfig,
        *,
        preprocessing: Preprocessing | None = None,
        label_names: Sequence[str] | None = None,
        metadata: CheckpointMetadata | None = None,
    ) -> None:
        super().__init__()
        if config.family != self.family:
            raise ConfigError(
                "nn.other_family", architecture=config.architecture, family=config.family, kind=type(self).__name__
            )
        check_parameters(config)
        self.config = config
        self.preprocessing = preprocessing or default_preprocessing(config)
        self.label_names = checked_label_names(label_names, config.num_classes)
        # What is known of the weights; it travels in the checkpoint.
        self.metadata = metadata or CheckpointMetadata()
        # Whether the head has random weights still: true until a checkpoint's head is loaded.
        self.head_is_new = True
        # For each feature level its channels, the input pixels for each of its pixels, and the module behind it.
        self.feature_info = FeatureInfo()
        self._add_stem()
        self._add_stages()
        self.stage_names = [level["module"] for level in self.feature_info[1:]]
        self.num_features: int = self.feature_info[-1]["num_chs"]
        self._add_head()
        if not next(self.parameters()).is_meta:  # nothing to initialize, and simulating it is slow
            self._initialize()

    @property
    def details(self) -> Mapping[str, Any]:
        """`metadata` as JSON values by key, to be read only."""
        return MappingProxyType(self.metadata.to_json())

    def _add_stem(self) -> None:
        """Adds the stem, `maxpool` and the first feature level."""
        raise NotImplementedError

    def _block_class(self, name: str) -> type[ResidualBlock] | type[PreActivationBlock]:
        """The residual block of this name. Raises: ConfigError."""
        raise NotImplementedError

    def _add_stage(self, index: int, blocks: Stage) -> str:
        """Adds a stage; returns the name of the module whose output is its feature level."""
        raise NotImplementedError

    def _add_classifier(self, features: int, classes: int) -> None:
        """Adds the layer that turns pooled features into logits; identity for no classes."""
        raise NotImplementedError

    def _initialize(self) -> None:
        """Initializes the weights."""
        raise NotImplementedError

    def _stem(self, x: Tensor) -> Tensor:
        """The first feature level of the images."""
        raise NotImplementedError

    def _stages(self, x: Tensor) -> Tensor:
        """What the last block puts out, of what `maxpool` does."""
        raise NotImplementedError

    def _blocks(self, stage: str) -> nn.Sequential:
        """The blocks of the stage whose feature level bears this name."""
        raise NotImplementedError

    def _last_map(self, x: Tensor) -> Tensor:
        """The last feature map, of what the last block puts out."""
        raise NotImplementedError

    def _classify(self, x: Tensor) -> Tensor:
        """The logits of pooled features (N, C)."""
        raise NotImplementedError

    def _add_stages(self) -> None:
        """Adds the stages: each but the first halves the image, or dilates below `output_stride`."""
        config = self.config
        in_channels: int = self.feature_info[0]["num_chs"]
        reduction: int = self.feature_info[0]["reduction"] * (1 if config.stem_pool == "none" else 2)
        dilation = first_dilation = 1
        channels = iter(pruned_channels(config))
        drop_paths = iter(torch.linspace(0, config.drop_path_rate, sum(config.depths), device="cpu").tolist())
        for index, (block_name, width, depth) in enumerate(
            zip(config.blocks, config.widths, config.depths, strict=True)
        ):
            stride = config.stage_strides[index]
            if reduction >= config.most_reduction:
                dilation, stride = dilation * stride, 1
            reduction *= stride
            blocks: list[ResidualBlock | PreActivationBlock] = []
            striding = depth - 1 if config.stride_place == "last_block" else 0
            for position in range(depth):
                drops = next(drop_paths), drop_block(config, index)
                steps = stride if position == striding else 1, dilation, first_dilation
                place = BlockPlace(in_channels, width, *steps, *drops, next(channels))
                blocks.append(self._block_class(block_name)(config, place))
                in_channels, first_dilation = blocks[-1].out_channels, dilation
            name = self._add_stage(index, Stage(*blocks))
            self.feature_info.append(feature_level(name, in_channels, reduction))

    def _add_head(self) -> None:
        """Adds global_pool, head_drop and a new classifier for the configured number of classes."""
        config = self.config
        self.global_pool = GlobalPool(config.global_pool)
        self.head_drop = nn.Dropout(config.drop_rate).train(self.training)
        self.head_hidden_size = self.num_features * self.global_pool.width_factor
        self._add_classifier(self.head_hidden_size, config.num_classes)

    @property
    def num_classes(self) -> int:
        """Outputs of the head; 0 means pooled features."""
        return self.config.num_classes

    @property
    def first_conv(self) -> str:
        """The name of the convolution that sees the image."""
        return self.config.first_conv

    @property
    def classifier(self) -> str:
        """The name of the layer that turns pooled features into logits."""
        return self.config.classifier

    def forward(self, x: Tensor) -> Tensor:
        """The logits (N, num_classes) of normalized images (N, in_chans, H, W)."""
        return self.forward_head(self.forward_features(x))

    def forward_features(self, x: Tensor) -> Tensor:
        """The last feature map: (N, in_chans, H, W) -> (N, num_features, H / stride, W / stride)."""
        if not torch.jit.is_scripting():
            check_images(self.config, x)
        return self._last_map(self._stages(self.maxpool(self._stem(x))))

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        """The logits (N, num_classes) of a feature map, or the pooled features that they are made of."""
        x = self.head_drop(self.global_pool(x))
        if pre_logits:
            return x
        if torch.jit.is_scripting():  # which compiles nothing that follows
            return self._classify(x)
        if self._classifies_in_float32(x):
            with torch.autocast(x.device.type, enabled=False):
                return self._classify(x.float())
        return self._classify(x)

    def _classifies_in_float32(self, x: Tensor) -> bool:
        """Whether autocast is kept from the head: values are in the units of their targets, and bfloat16 rounds them.

        1205.5 would become 1208.
        """
        if self.config.task != "regression" or not self.num_classes or isinstance(x, Proxy):
            return False
        return torch.is_autocast_enabled(x.device.type)

    def forward_intermediates(
        self,
        x: Tensor,
        indices: int | Sequence[int] | None = None,
        norm: bool = False,
        stop_early: bool = False,
        output_fmt: str = "NCHW",
        intermediates_only: bool = False,
    ) -> list[Tensor] | tuple[Tensor, list[Tensor]]:
        """The last feature map and the feature maps of chosen levels, from the stem (level 0) downwards.

        Args:
            x: Normalized images (N, in_chans, H, W).
            indices: Levels, negative ones counted from the end; a number takes that many last ones, None all.
            norm: Normalize the last level where the network does so behind it (ResNetV2).
            stop_early: Compute no level behind the last one chosen, whose feature map is then the last.
            output_fmt: "NCHW", the order of dimensions; there is no other.
            intermediates_only: Return the list alone.

        Raises:
            ConfigError: There is no such level or order.
        """
        if output_fmt != "NCHW":
            raise ConfigError("nn.output_format", output_fmt=output_fmt)
        chosen, last = self._chosen_levels(indices), len(self.feature_info) - 1
        check_images(self.config, x)
        x = self._stem(x)
        kept = [x] if 0 in chosen else []
        end = max(chosen, default=0) if stop_early else last
        if end:
            x = self.maxpool(x)
        for index, name in enumerate(self.stage_names[:end], start=1):
            x = self.get_submodule(name)(x)
            if index in chosen:
                kept.append(self._last_map(x) if norm and index == last else x)
        if intermediates_only:
            return kept
        return self._last_map(x) if end == last else x, kept

    def _chosen_levels(self, indices: int | Sequence[int] | None) -> set[int]:
        """The levels as numbers from 0. Raises: ConfigError."""
        count = len(self.feature_info)
        if isinstance(indices, int) and not 1 <= indices <= count:
            raise ConfigError("nn.no_last_levels", wanted=indices, architecture=self.config.architecture, count=count)
        wanted = range(count)[-indices:] if isinstance(indices, int) else range(count) if indices is None else indices
        for index in wanted:
            if not -count <= index < count:
                raise ConfigError("nn.no_level", index=index, architecture=self.config.architecture, last=count - 1)
        return {index % count for index in wanted}

    def walk(self, x: Tensor, step: Callable[[str, nn.Module, Tensor], Tensor]) -> Tensor:
        """The last feature map, as from `forward_features`, but each block is run by `step`.

        Args:
            x: Normalized images (N, in_chans, H, W).
            step: Gets a block's name ("layer1.0"), the block and its input; returns what the next block takes.
        """
        check_images(self.config, x)
        names = {module: name for name, module in self.named_modules()}
        x = self.maxpool(self._stem(x))
        for stage in self.stage_names:
            for block in self._blocks(stage):
                x = step(names[block], block, x)
        return self._last_map(x)

    def get_classifier(self, name_only: bool = False) -> Any:
        """The layer that turns pooled features into logits, or its name."""
        return self.classifier if name_only else self.get_submodule(self.classifier)

    def reset_classifier(
        self, num_classes: int, global_pool: str | None = None, *, label_names: Sequence[str] | None = None
    ) -> None:
        """Replaces the head by a new, random one; the old class names go with it, the pooling stays unless named."""
        weight = self.get_parameter(f"{self.first_conv}.weight")
        pooling = self.config.global_pool if global_pool is None else global_pool
        config = self.config.with_options(num_classes=num_classes, global_pool=pooling)
        check_parameters(config)
        self.label_names = checked_label_names(label_names, num_classes)
        self.config, self.head_is_new = config, True
        self._add_head()
        self.get_classifier().to(weight.device, weight.dtype)

"""The pre-activation residual network (v2): stem -> stages -> norm -> head.

Read `resnet.py` first. Modules that hold weights bear the names of timm's state dict (stem.conv,
stages.0.blocks.0.norm1, norm, head.fc), so that weights go both ways.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, cast

from torch import Tensor, nn

from resnet_hub.models.pretrained import PretrainedNetwork
from resnet_hub.nn import (
    PooledConvolution,
    PreActivationBlock,
    Stage,
    block_class_v2,
    feature_level,
    norm_act,
    preactivation_stem,
    stem_pool,
)


class ResNetV2(PretrainedNetwork, family="resnetv2"):
    """(N, in_chans, H, W) float, normalized -> (N, num_classes) logits.

    Source: He et al. 2016, "Identity Mappings in Deep Residual Networks", figure 1b; with GroupNorm and standardized
    weights, Kolesnikov et al. 2020, "Big Transfer (BiT)", section 3.
    """

    def _add_stem(self) -> None:
        """Adds stem, which ends with a bare convolution, and maxpool."""
        self.stem = preactivation_stem(self.config)
        self.maxpool = stem_pool(self.config)
        name, last = list(self.stem.named_children())[-1]
        channels = cast(nn.Conv2d, last).out_channels
        reduction = 1 if self.config.stem == "3x3" else 2
        self.feature_info.append(feature_level(f"stem.{name}", channels, reduction))
        self.stages = nn.Sequential()

    def _block_class(self, name: str) -> type[PreActivationBlock]:
        return block_class_v2(name)

    def _add_stages(self) -> None:
        """Adds the stages, and norm: the last block's sum is not normalized yet."""
        super()._add_stages()
        self.norm = norm_act(self.config, self.feature_info[-1]["num_chs"])

    def _add_stage(self, index: int, blocks: Stage) -> str:
        """Adds stages.0, stages.1, ..."""
        self.stages.append(nn.Sequential(OrderedDict(blocks=blocks)))
        return f"stages.{index}"

    def _add_classifier(self, features: int, classes: int) -> None:
        """Adds head.fc, a 1x1 convolution as in BiT."""
        fc = nn.Conv2d(features, classes, 1) if classes else nn.Identity()
        self.head = PooledConvolution(fc, pooled=bool(self.config.global_pool))

    def _initialize(self) -> None:
        """Kaiming initialization, fan-out. Source: He et al. 2015, "Delving Deep into Rectifiers", section 2.2."""
        for module in (*self.stem.modules(), *self.stages.modules()):
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        for module in self.stages.modules():
            if isinstance(module, PreActivationBlock) and self.config.zero_init_last:
                nn.init.zeros_(module.last_convolution().weight)
        if isinstance(fc := self.get_classifier(), nn.Conv2d) and fc.bias is not None:
            nn.init.normal_(fc.weight, std=0.01)
            nn.init.zeros_(fc.bias)

    def _stem(self, x: Tensor) -> Tensor:
        return self.stem(x)

    def _stages(self, x: Tensor) -> Tensor:
        return self.stages(x)

    def _blocks(self, stage: str) -> nn.Sequential:
        return cast(nn.Sequential, self.get_submodule(f"{stage}.blocks"))

    def _remove_last_norm(self) -> None:
        self.norm = nn.Identity()

    def _last_map(self, x: Tensor) -> Tensor:
        return self.norm(x)

    def _classify(self, x: Tensor) -> Tensor:
        return self.head(x)

    def group_matcher(self, coarse: bool = False) -> dict[str, Any]:
        """Patterns that sort parameters into the stem and the blocks (or the stages), for layer-wise learning rates."""
        fine = [(r"^stages\.(\d+)\.blocks\.(\d+)", None), (r"^norm", (99999,))]
        return {"stem": r"^stem", "blocks": r"^stages\.(\d+)" if coarse else fine}

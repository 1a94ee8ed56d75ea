"""The residual network: stem -> stages of residual blocks -> head. Read this first.

Modules that hold weights bear the names of timm's state dict (conv1, bn1, layer1, fc), so that weights go both ways.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from resnet_hub.models.pretrained import PretrainedNetwork
from resnet_hub.nn import (
    ResidualBlock,
    Stage,
    activation,
    block_class,
    feature_level,
    norm,
    stem_convolution,
    stem_pool,
    stem_width,
)


class ResNet(PretrainedNetwork, family="resnet"):
    """(N, in_chans, H, W) float, normalized -> (N, num_classes) logits.

    Source: He et al. 2015, "Deep Residual Learning for Image Recognition", figure 3 and table 1.
    """

    def _add_stem(self) -> None:
        """Adds conv1, bn1, act1 and maxpool."""
        config, channels = self.config, stem_width(self.config)
        self.conv1 = stem_convolution(config)
        self.bn1 = norm(config, channels)
        self.act1 = activation(config)
        self.maxpool = stem_pool(config)
        self.feature_info.append(feature_level("act1", channels, reduction=1 if config.stem == "3x3" else 2))

    def _block_class(self, name: str) -> type[ResidualBlock]:
        return block_class(name)

    def _add_stage(self, index: int, blocks: Stage) -> str:
        """Adds layer1, layer2, ..."""
        name = f"layer{index + 1}"
        self.add_module(name, blocks)
        return name

    def _add_classifier(self, features: int, classes: int) -> None:
        """Adds fc."""
        self.fc = nn.Linear(features, classes) if classes else nn.Identity()

    def _initialize(self) -> None:
        """Kaiming initialization, fan-out. Source: He et al. 2015, "Delving Deep into Rectifiers", section 2.2."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if isinstance(module, ResidualBlock) and self.config.zero_init_last:
                for parameter in module.last_norm().parameters():  # none if frozen: it would stay zero
                    nn.init.zeros_(parameter)

    def _stem(self, x: Tensor) -> Tensor:
        return self.act1(self.bn1(self.conv1(x)))

    def _stages(self, x: Tensor) -> Tensor:
        if torch.jit.is_scripting():  # which knows no module by a name made at run time, but unrolls the children
            for name, part in self.named_children():
                if name in self.stage_names:
                    x = part(x)
            return x
        for name in self.stage_names:
            x = self.get_submodule(name)(x)
        return x

    def _blocks(self, stage: str) -> nn.Sequential:
        return cast(nn.Sequential, self.get_submodule(stage))

    def _last_map(self, x: Tensor) -> Tensor:
        return x

    def _classify(self, x: Tensor) -> Tensor:
        return self.fc(x)

    def group_matcher(self, coarse: bool = False) -> dict[str, str]:
        """Patterns that sort parameters into the stem and the blocks (or the stages), for layer-wise learning rates."""
        return {"stem": r"^conv1|bn1|maxpool", "blocks": r"^layer(\d+)" if coarse else r"^layer(\d+)\.(\d+)"}

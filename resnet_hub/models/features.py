"""A network without its head that returns feature maps of several sizes, for detection and segmentation."""

# Annotations are types here, not texts: torch.fx copies those of `forward` into the code that it writes.
from collections.abc import Iterator, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from resnet_hub.config import ResNetConfig
from resnet_hub.errors import ConfigError
from resnet_hub.models.timm_api import feature_facts
from resnet_hub.nn import Checkpointing, FeatureInfo, Level, check_images


class FeatureNetwork(Checkpointing):
    """(N, in_chans, H, W) normalized images -> a list of feature maps (N, C, H / r, W / r), finest first.

    Its tensors are the network's own, as far as the coarsest map needs them, under the names that timm gives:
    those of the network, but for `stages_0` in place of `stages.0` where levels stand one module deeper.
    """

    def __init__(self, model: nn.Module, out_indices: int | Sequence[int] | None = None) -> None:
        """Takes the network's layers over, with their weights.

        Args:
            model: A network with `feature_info`, whose parts stand in execution order.
            out_indices: Levels from 0 (the stem) on, negative ones counted from the end; a number takes that many
                last ones, None all.

        Raises:
            ConfigError: There is no such level.
        """
        super().__init__()
        levels = cast(list[Level], model.feature_info)
        self.config = cast(ResNetConfig, model.config)
        self.feature_info = FeatureInfo(levels, _level_indices(out_indices, len(levels), self.config.architecture))
        # A copy of what the network says now; there is no head whose facts it could hold.
        self.pretrained_cfg = self.default_cfg = feature_facts(model)
        self.in_chans = self.config.in_chans
        names = [level["module"].replace(".", "_") for level in levels]
        self.returned = [names[index] for index in self.feature_info.out_indices]
        for name, part in _parts(model, levels):
            self.add_module(name, part)
            if name == self.returned[-1]:
                break

    def forward(self, x: Tensor) -> list[Tensor]:
        """Returns the chosen feature maps."""
        return self.maps(x)

    def maps(self, x: Tensor) -> list[Tensor]:
        """The chosen feature maps, finest first."""
        if not torch.jit.is_scripting():
            check_images(self.config, x)
        maps = []
        for name, part in self.named_children():
            x = part(x)
            if name in self.returned:
                maps.append(x)
        return maps


class FeatureDictNetwork(FeatureNetwork):
    """The same, but the feature maps come by the number of their level as text: {"1": ..., "4": ...}."""

    def __init__(self, model: nn.Module, out_indices: int | Sequence[int] | None = None) -> None:
        """As of `FeatureNetwork`."""
        super().__init__(model, out_indices)
        self.keys = [str(index) for index in self.feature_info.out_indices]

    def forward(self, x: Tensor) -> dict[str, Tensor]:  # type: ignore[override]
        """Returns the chosen feature maps by their level."""
        found: dict[str, Tensor] = {}
        for index, level in enumerate(self.maps(x)):
            found[self.keys[index]] = level
        return found


def _parts(model: nn.Module, levels: Sequence[Level]) -> Iterator[tuple[str, nn.Module]]:
    """The network's parts in execution order; one that holds levels is split up."""
    holders = {level["module"].partition(".")[0] for level in levels if "." in level["module"]}
    for name, part in model.named_children():
        if name in holders:
            yield from ((f"{name}_{inner}", layer) for inner, layer in part.named_children())
        else:
            yield name, part


def _level_indices(wanted: int | Sequence[int] | None, count: int, architecture: str) -> list[int]:
    """The levels as numbers from 0, in order. Raises: ConfigError."""
    indices = range(count)[-wanted:] if isinstance(wanted, int) and 1 <= wanted <= count else wanted
    if indices is None:
        return list(range(count))
    if isinstance(indices, int) or not indices:
        raise ConfigError("models.no_levels", indices=wanted, architecture=architecture, last=count - 1)
    for index in indices:
        if isinstance(index, bool) or not isinstance(index, int) or not -count <= index < count:
            raise ConfigError("models.no_level", indices=wanted, index=index, architecture=architecture, last=count - 1)
    return sorted({index % count for index in indices})

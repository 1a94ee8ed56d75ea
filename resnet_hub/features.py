"""A network without its head that returns feature maps of several sizes, for detection and segmentation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from torch import Tensor, nn

from resnet_hub.config import ResNetConfig
from resnet_hub.errors import ConfigError
from resnet_hub.limits import check_images

Level = dict[str, Any]


class FeatureInfo:
    """What the levels of a network are; without an index each method speaks of the returned ones, finest first."""

    def __init__(self, levels: Sequence[Level], out_indices: Sequence[int]) -> None:
        self.levels = [{**level, "index": index} for index, level in enumerate(levels)]
        self.out_indices = tuple(out_indices)

    def channels(self, index: int | None = None) -> Any:
        """Channels of each feature map, or of the one at a level."""
        return self._get("num_chs", index)

    def reduction(self, index: int | None = None) -> Any:
        """Input pixels for each pixel of a feature map, in each direction."""
        return self._get("reduction", index)

    def module_name(self, index: int | None = None) -> Any:
        """Names of the modules that put the feature maps out."""
        return self._get("module", index)

    def get_dicts(self, keys: Sequence[str] | None = None) -> list[Level]:
        """num_chs, reduction, module and index of each returned level, or the chosen ones of these."""
        return [
            {key: value for key, value in self.levels[index].items() if keys is None or key in keys}
            for index in self.out_indices
        ]

    def __len__(self) -> int:
        return len(self.out_indices)

    def _get(self, key: str, index: int | None) -> Any:
        if index is None:
            return [self.levels[level][key] for level in self.out_indices]
        return self.levels[index][key]


class FeatureNetwork(nn.Module):
    """(N, in_chans, H, W) normalised images -> a list of feature maps (N, C, H / r, W / r), finest first.

    Its tensors are the network's own under the same names, as far as the coarsest map needs them.
    """

    def __init__(self, model: nn.Module, out_indices: int | Sequence[int] | None = None) -> None:
        """Takes the network's layers over, with their weights.

        Args:
            model: A network with `feature_info`, whose parts stand in the order in which they compute.
            out_indices: Levels from 0 (the stem) on, negative ones counted from the end; a number takes that many
                last ones, None all.

        Raises:
            ConfigError: There is no such level.
        """
        super().__init__()
        levels = cast(list[Level], model.feature_info)
        self.config = cast(ResNetConfig, model.config)
        if self.config.family != "resnet":
            raise ConfigError(
                f"features_only=True is not for {self.config.architecture}, whose stages end in a norm; "
                "take the maps of forward_intermediates"
            )
        self.feature_info = FeatureInfo(levels, _level_indices(out_indices, len(levels), self.config.architecture))
        self._returned = frozenset(self.feature_info.module_name())
        last = self.feature_info.module_name()[-1]
        for name, part in model.named_children():
            self.add_module(name, part)
            if name == last:
                break

    def forward(self, x: Tensor) -> list[Tensor]:
        """Returns the chosen feature maps."""
        check_images(self.config, x)
        maps = []
        for name, part in self.named_children():
            x = part(x)
            if name in self._returned:
                maps.append(x)
        return maps


def _level_indices(wanted: int | Sequence[int] | None, count: int, architecture: str) -> list[int]:
    """The levels as numbers from 0, in order. Raises: ConfigError."""
    indices = range(count)[-wanted:] if isinstance(wanted, int) and 1 <= wanted <= count else wanted
    if indices is None:
        return list(range(count))
    if isinstance(indices, int) or not indices:
        raise ConfigError(f"out_indices={wanted!r} chooses no feature level; {architecture} has 0 to {count - 1}")
    for index in indices:
        if isinstance(index, bool) or not isinstance(index, int) or not -count <= index < count:
            raise ConfigError(
                f"out_indices={wanted!r}: there is no level {index!r}; {architecture} has 0 to {count - 1}"
            )
    return sorted({index % count for index in indices})

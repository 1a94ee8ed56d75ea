"""A network without its head that returns feature maps of several sizes, for detection and segmentation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from resnet_hub.config import ResNetConfig
from resnet_hub.errors import ConfigError
from resnet_hub.nn import check_images, recomputed

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
        self.grad_checkpointing = False
        names = [level["module"].replace(".", "_") for level in levels]
        self._returned = frozenset(names[index] for index in self.feature_info.out_indices)
        self._stages = frozenset(names[1:])
        last = names[self.feature_info.out_indices[-1]]
        for name, part in _parts(model, levels):
            self.add_module(name, part)
            if name == last:
                break

    def set_grad_checkpointing(self, enable: bool = True) -> None:
        """Trades time for memory in training: stages recompute their activations in the backward pass."""
        self.grad_checkpointing = enable

    def forward(self, x: Tensor) -> list[Tensor]:
        """Returns the chosen feature maps."""
        check_images(self.config, x)
        recompute = self.grad_checkpointing and torch.is_grad_enabled()
        maps = []
        for name, part in self.named_children():
            x = recomputed(part, x) if recompute and name in self._stages else part(x)
            if name in self._returned:
                maps.append(x)
        return maps


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

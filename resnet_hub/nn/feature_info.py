"""What the feature levels of a network are: a list of timm's dictionaries that answers timm's questions as well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Level = dict[str, Any]


class FeatureInfo(list[Level]):
    """All levels of a network, the stem first; without an index each method speaks of the returned ones."""

    def __init__(self, levels: Sequence[Level] = (), out_indices: Sequence[int] | None = None) -> None:
        """Takes the levels as they are.

        Args:
            levels: `num_chs`, `reduction` and `module` of each.
            out_indices: Which of them are returned; all where absent.
        """
        super().__init__(levels)
        self._returned = None if out_indices is None else tuple(out_indices)

    @property
    def out_indices(self) -> tuple[int, ...]:
        """The levels that are returned."""
        return tuple(range(len(self))) if self._returned is None else self._returned

    @property
    def info(self) -> list[Level]:
        """All levels, each with its index."""
        return [{**level, "index": index} for index, level in enumerate(self)]

    def from_other(self, out_indices: int | Sequence[int]) -> FeatureInfo:
        """The same levels, of which others are returned; a number means that many last ones."""
        chosen = range(-out_indices, 0) if isinstance(out_indices, int) else out_indices
        return FeatureInfo([dict(level) for level in self], tuple(chosen))

    def channels(self, idx: int | Sequence[int] | None = None) -> Any:
        """Channels of each feature map, or of those at a level or at several."""
        return self.get("num_chs", idx)

    def reduction(self, idx: int | Sequence[int] | None = None) -> Any:
        """Input pixels for each pixel of a feature map, in each direction."""
        return self.get("reduction", idx)

    def module_name(self, idx: int | Sequence[int] | None = None) -> Any:
        """Names of the modules that put the feature maps out."""
        return self.get("module", idx)

    def get(self, key: str, idx: int | Sequence[int] | None = None) -> Any:
        """One fact of each returned level, of the level `idx`, or of each in the list `idx`."""
        info = self.info
        if isinstance(idx, int):
            return info[idx][key]
        return [info[level][key] for level in (self.out_indices if idx is None else idx)]

    def get_dicts(self, keys: Sequence[str] | None = None, idx: int | Sequence[int] | None = None) -> Any:
        """num_chs, reduction, module and index of each returned level, or the chosen ones of these."""
        info = [{key: value for key, value in level.items() if keys is None or key in keys} for level in self.info]
        if isinstance(idx, int):
            return info[idx]
        return [info[level] for level in (self.out_indices if idx is None else idx)]


def feature_level(module: str, channels: int, reduction: int) -> Level:
    """What a network says of one of its feature maps, under timm's keys."""
    return {"num_chs": channels, "reduction": reduction, "module": module}

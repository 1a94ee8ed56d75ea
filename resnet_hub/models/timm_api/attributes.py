"""What timm's tools ask a network for, beside `forward`: `pretrained_cfg`, `in_chans`, `drop_rate`, fewer levels."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NoReturn

from torch import nn

from resnet_hub.config import Preprocessing
from resnet_hub.errors import ConfigError
from resnet_hub.nn import FeatureInfo, ResidualNetwork, Stage
from resnet_hub.registry import PublishedTag, find_tag, is_published_name

HEAD_FACTS = ("num_classes", "classifier")
"""What a network of feature maps has no more."""


class DerivedConfig(dict[str, Any]):
    """What a network says of itself under timm's keys; a copy may be changed, this may not.

    It is made anew at each question, so that a change would be lost without a word.
    """

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        """Raises: ConfigError."""
        raise ConfigError("models.pretrained_cfg_is_derived")

    __setitem__ = __delitem__ = __ior__ = update = pop = popitem = setdefault = clear = _refuse

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        return copy.deepcopy(dict(self), memo)

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)


def pretrained_config(values: Mapping[str, Any], preprocessing: Preprocessing) -> DerivedConfig:
    """Timm's `pretrained_cfg` of a network whose config.json holds these values.

    Where they are weights of the catalog, with their input, the input that their publisher tests with is in it too.
    """
    facts = {key: tuple(item) if isinstance(item, list) else item for key, item in values["pretrained_cfg"].items()}
    tag = f"{values['architecture']}.{facts.get('tag')}"
    published = find_tag(tag) if "tag" in facts and is_published_name(tag) else None
    tested = _tested_with(published) if published and published.preprocessing == preprocessing else {}
    named = {key: values[key] for key in ("label_names", "label_descriptions") if key in values}
    usual = {"custom_load": False, "fixed_input_size": False}
    return DerivedConfig({"architecture": values["architecture"], **facts, **usual, **tested, **named})


def _tested_with(published: PublishedTag) -> dict[str, Any]:
    """What timm calls the test size and crop, where they differ from those of training."""
    tested, usual = published.test_preprocessing, published.preprocessing
    found: dict[str, Any] = {}
    if tested.input_size != usual.input_size:
        found["test_input_size"] = tested.input_size
    if tested.crop_pct != usual.crop_pct:
        found["test_crop_pct"] = tested.crop_pct
    return found


class TimmAttributes(ResidualNetwork):
    """A residual network that answers to what timm's networks have; each answer is made of `config` and the like."""

    __jit_unused_properties__: ClassVar[list[str]] = [
        *ResidualNetwork.__jit_unused_properties__,
        "_model_args",
        "default_cfg",
        "drop_rate",
        "in_chans",
        "pretrained_cfg",
    ]

    def _values(self) -> dict[str, Any]:
        """The content of config.json."""
        raise NotImplementedError

    def _remove_last_norm(self) -> None:
        """Removes what normalizes the last level, where anything does."""

    @property
    def pretrained_cfg(self) -> dict[str, Any]:
        """What timm's `resolve_model_data_config` and `save_for_hf` read: the input, names of the head and the stem."""
        return pretrained_config(self._values(), self.preprocessing)

    @pretrained_cfg.setter
    def pretrained_cfg(self, value: object) -> None:
        raise ConfigError("models.pretrained_cfg_is_derived")

    @property
    def default_cfg(self) -> dict[str, Any]:
        """`pretrained_cfg` under the name it had."""
        return self.pretrained_cfg

    @default_cfg.setter
    def default_cfg(self, value: object) -> None:
        raise ConfigError("models.pretrained_cfg_is_derived")

    @property
    def _model_args(self) -> dict[str, Any]:
        """What timm's `save_for_hf` writes for its `create_model` to build the network from."""
        return dict(self._values().get("model_args", {}))

    @property
    def in_chans(self) -> int:
        """Channels of the input."""
        return self.config.in_chans

    @property
    def drop_rate(self) -> float:
        """Probability of zeroing a feature before the head, in training; it may be changed at any time."""
        return self.config.drop_rate

    @drop_rate.setter
    def drop_rate(self, rate: float) -> None:
        self.config = self.config.with_options(drop_rate=rate)
        self.head_drop.p = rate

    def prune_intermediate_layers(
        self, indices: int | Sequence[int] = 1, prune_norm: bool = False, prune_head: bool = True
    ) -> list[int]:
        """Removes what no chosen level needs, for good: such a network gives feature maps and cannot be saved.

        Args:
            indices: Levels, as `forward_intermediates` takes them.
            prune_norm: Remove what normalizes the last level too.
            prune_head: Remove the head; where stages go, it goes in any case.

        Returns:
            The levels, counted from 0.

        Raises:
            ConfigError: There is no such level.
        """
        kept = sorted(self._chosen_levels(indices))
        count = len(self.stage_names)
        if not kept:
            architecture = self.config.architecture
            raise ConfigError("models.no_levels", indices=indices, architecture=architecture, last=count)
        last = kept[-1]
        for name in self.stage_names[last:]:
            holder, _, child = name.rpartition(".")
            setattr(self.get_submodule(holder), child, Stage())
        if not last:
            self.maxpool = nn.Identity()
        if prune_norm or last < count:
            self._remove_last_norm()
        if last < count:
            self.stage_names = self.stage_names[:last]
            self.feature_info = FeatureInfo(self.feature_info[: last + 1])
            self.num_features = self.feature_info[-1]["num_chs"]
        if prune_head or last < count:
            self.reset_classifier(0, "")
        return kept


def feature_facts(model: nn.Module) -> dict[str, Any]:
    """The `pretrained_cfg` of a network without its head; of a network that has none, nothing."""
    facts = getattr(model, "pretrained_cfg", {})
    return {key: value for key, value in facts.items() if key not in HEAD_FACTS}

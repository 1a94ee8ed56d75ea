"""A name -> a network with random weights, or one that returns feature maps: `create_model`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, overload

from resnet_hub.errors import ConfigError
from resnet_hub.models.features import FeatureNetwork
from resnet_hub.models.pretrained import PretrainedNetwork, build


@overload
def create_model(
    name: str, *, label_names: Sequence[str] | None = ..., features_only: Literal[False] = ..., **options: Any
) -> PretrainedNetwork: ...


@overload
def create_model(
    name: str, *, features_only: Literal[True], out_indices: int | Sequence[int] | None = ..., **options: Any
) -> FeatureNetwork: ...


def create_model(
    name: str,
    *,
    label_names: Sequence[str] | None = None,
    features_only: bool = False,
    out_indices: int | Sequence[int] | None = None,
    **options: Any,
) -> PretrainedNetwork | FeatureNetwork:
    """A network of this name with random weights.

    Args:
        name: An architecture, such as "resnet50d".
        label_names: Names of the classes in index order.
        features_only: Return the feature maps of chosen levels instead of logits, as timm does.
        out_indices: The levels then, as `FeatureNetwork` takes them; all where absent.
        options: Options of `ResNetConfig`.

    Raises:
        ConfigError: There is no such name, option or level, or options contradict each other.
    """
    if out_indices is not None and not features_only:
        raise ConfigError("models.levels_of_logits", indices=out_indices)
    model = build(name, label_names=label_names, **options)
    return FeatureNetwork(model, out_indices) if features_only else model

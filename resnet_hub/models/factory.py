"""A name -> a network with random or published weights, or one that returns feature maps: `create_model`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, overload

from resnet_hub.errors import ConfigError
from resnet_hub.hub import repo_address
from resnet_hub.models.features import FeatureNetwork
from resnet_hub.models.pretrained import PretrainedNetwork, build


@overload
def create_model(
    name: str,
    *,
    pretrained: bool = ...,
    label_names: Sequence[str] | None = ...,
    features_only: Literal[False] = ...,
    **options: Any,
) -> PretrainedNetwork: ...


@overload
def create_model(
    name: str,
    *,
    pretrained: bool = ...,
    features_only: Literal[True],
    out_indices: int | Sequence[int] | None = ...,
    **options: Any,
) -> FeatureNetwork: ...


def create_model(
    name: str,
    *,
    pretrained: bool = False,
    label_names: Sequence[str] | None = None,
    features_only: bool = False,
    out_indices: int | Sequence[int] | None = None,
    **options: Any,
) -> PretrainedNetwork | FeatureNetwork:
    """A network of this name, in training mode as in timm.

    Args:
        name: An architecture, such as "resnet50d", or a published tag, such as "resnet50d.ra2_in1k"; with `pretrained`
            also "hf-hub:owner/name".
        pretrained: Load the published weights that the name stands for, as `AutoResNet.from_pretrained` does, where
            random ones are drawn otherwise. A head of other classes and an input of other channels are adapted.
        label_names: Names of the classes in index order.
        features_only: Return the feature maps of chosen levels instead of logits, as timm does.
        out_indices: The levels then, as `FeatureNetwork` takes them; all where absent.
        options: Options of `ResNetConfig`; with `pretrained`, also those of `from_pretrained`, such as `cache_dir`.

    Raises:
        ConfigError: There is no such name, option or level, no published weights of this name, or options contradict
            each other.
        CheckpointError: The published weights cannot be opened.
        HubError: The Hub refused or could not be reached.
    """
    if out_indices is not None and not features_only:
        raise ConfigError("models.levels_of_logits", indices=out_indices)
    if pretrained:
        # By their whole id, as a folder of this name is not what was asked for.
        weights = f"hf-hub:{repo_address(str(name))}"
        model = PretrainedNetwork.from_pretrained(weights, label_names=label_names, **options).train()
    else:
        model = build(name, label_names=label_names, **options)
    return FeatureNetwork(model, out_indices) if features_only else model

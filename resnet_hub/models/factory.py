"""A name -> a network with random or published weights, or one that returns feature maps: `create_model`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, overload

from resnet_hub.errors import ConfigError
from resnet_hub.models.features import FeatureDictNetwork, FeatureNetwork
from resnet_hub.models.pretrained import PretrainedNetwork, build
from resnet_hub.models.timm_api import Source, feature_options, named_source, network_options

LOADING = ("cache_dir", "revision", "token", "local_files_only")
"""Options of `from_pretrained` that say nothing of a network whose weights are drawn."""


@overload
def create_model(
    name: str,
    pretrained: bool = ...,
    *,
    label_names: Sequence[str] | None = ...,
    features_only: Literal[False] = ...,
    **options: Any,
) -> PretrainedNetwork: ...


@overload
def create_model(
    name: str,
    pretrained: bool = ...,
    *,
    features_only: Literal[True],
    out_indices: int | Sequence[int] | None = ...,
    **options: Any,
) -> FeatureNetwork: ...


def create_model(
    name: str = "",
    pretrained: bool = False,
    *,
    label_names: Sequence[str] | None = None,
    features_only: bool = False,
    out_indices: int | Sequence[int] | None = None,
    pretrained_cfg: str | Mapping[str, Any] | None = None,
    pretrained_cfg_overlay: Mapping[str, Any] | None = None,
    checkpoint_path: str | Path | None = None,
    **options: Any,
) -> PretrainedNetwork | FeatureNetwork:
    """A network of this name, in training mode as in timm, of whose words for it none is passed over.

    Args:
        name: An architecture, such as "resnet50d", or a published tag, such as "resnet50d.ra2_in1k"; with `pretrained`
            also "hf-hub:owner/name" and "local-dir:folder".
        pretrained: Load the published weights that the name stands for, as `AutoResNet.from_pretrained` does, where
            random ones are drawn otherwise. A head of other classes and an input of other channels are adapted.
        label_names: Names of the classes in index order.
        features_only: Return the feature maps of chosen levels instead of logits, as timm does.
        out_indices: The levels then, as `FeatureNetwork` takes them; all where absent.
        pretrained_cfg: A tag, or what timm's `pretrained_cfg` says of the input and of where the weights are.
        pretrained_cfg_overlay: What of it is to be different: the input (`mean`, `input_size`, ...), or `file` or
            `hf_hub_id`, from which `pretrained` then loads.
        checkpoint_path: A file with the weights, or a checkpoint folder.
        options: Options of `ResNetConfig`, `device` and `dtype`; with `pretrained`, also those of `from_pretrained`,
            such as `cache_dir`; with `features_only`, `feature_cls` ("list", or "dict" for maps by their level).

    Raises:
        ConfigError: There is no such name, option or level, no published weights of this name, or options contradict
            each other.
        CheckpointError: The published weights cannot be opened.
        HubError: The Hub refused or could not be reached.
    """
    wanted, levels, by_level = dict(options), out_indices, False
    name = name or wanted.pop("model_name", "")  # as timm calls it
    if features_only:
        levels, by_level = feature_options(wanted, out_indices)
    elif out_indices is not None:
        raise ConfigError("models.levels_of_logits", indices=out_indices)
    source = named_source(name, pretrained_cfg, pretrained_cfg_overlay, checkpoint_path)
    wanted = network_options(wanted)
    opened = pretrained or checkpoint_path is not None
    model = _opened(source, label_names, wanted) if opened else _drawn(source, label_names, wanted)
    if source.preprocessing:
        _set_input(model, source.preprocessing)
    if not features_only:
        return model
    return (FeatureDictNetwork if by_level else FeatureNetwork)(model, levels)


def _opened(source: Source, label_names: Sequence[str] | None, options: Mapping[str, Any]) -> PretrainedNetwork:
    """The network with the weights of its source."""
    if source.is_path:
        place: str | Path = Path(source.name)
    else:  # by their whole id, as a folder of this name is not what was asked for
        from resnet_hub.hub import repo_address

        place = f"hf-hub:{repo_address(source.name)}"
    named: dict[str, Any] = {} if source.architecture is None else {"architecture": source.architecture}
    return PretrainedNetwork.from_pretrained(place, label_names=label_names, **named, **options).train()


def _drawn(source: Source, label_names: Sequence[str] | None, options: Mapping[str, Any]) -> PretrainedNetwork:
    """The network with random weights. Raises: ConfigError where the name is the address of weights."""
    if ":" in source.name or (source.is_path and source.architecture is None):
        raise ConfigError("models.address_without_weights", name=source.name)
    wanted = {key: value for key, value in options.items() if key not in LOADING}
    device, dtype = wanted.pop("device", None), wanted.pop("dtype", None)
    model = build(source.architecture or source.name, label_names=label_names, **wanted)
    return model.to(device=device, dtype=dtype)


def _set_input(model: PretrainedNetwork, facts: Mapping[str, Any]) -> None:
    """Gives the network the input that `pretrained_cfg` says, with the network's own channels."""
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in facts.items()}
    channels = model.config.in_chans
    size = tuple(given.get("input_size", model.preprocessing.input_size))
    usual = model.preprocessing.with_channels(size[0])
    model.preprocessing = replace(usual, **given).with_channels(channels)

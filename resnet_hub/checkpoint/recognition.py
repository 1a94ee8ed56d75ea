"""A folder or file of any known origin -> what network it holds: its config, or what its tensors say of themselves."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import Any

from torch import Tensor

from resnet_hub.checkpoint.config import (
    CONFIG_FILE,
    MODEL_TYPE,
    PROCESSOR,
    PROCESSOR_FILE,
    CheckpointConfig,
    read_json,
    says_classes,
    timm_form,
)
from resnet_hub.checkpoint.origins import (
    Contents,
    Origin,
    has_statistics,
    noted_classes,
    noted_normalization,
    with_statistics,
)
from resnet_hub.checkpoint.reading import read
from resnet_hub.checkpoint.weights import holds_training_state, holds_weights, read_contents, read_weights
from resnet_hub.config import Preprocessing, ResNetConfig
from resnet_hub.errors import CheckpointError, ConfigError, Phrase
from resnet_hub.registry import architecture as architecture_named
from resnet_hub.registry import (
    default_preprocessing,
    fitting_architectures,
    named_network,
    published_architecture,
    published_tags,
    stage_depths,
)
from resnet_hub.terminal import shown_name

logger = logging.getLogger(__name__)

NETWORK = re.compile(r"conv1\.|bn1\.|layer\d+\.|stem\.|stages\.|norm\.|fc\.|head\.")
"""What the names of a network's tensors begin with."""
SHOWN = 3
"""How many tensors an error names."""


def read_config(
    path: Path,
    *,
    architecture: str | None = None,
    choice: str | None = None,
    preprocessing: Preprocessing | Mapping[str, Any] | None = None,
) -> CheckpointConfig:
    """What the folder's config.json says; where nothing names the network, what its tensors say of themselves.

    Args:
        path: A checkpoint folder or a weights file of any known origin.
        architecture: The network, for a file that does not say it.
        choice: Which network, where a file has several: the place it lies at.
        preprocessing: The input, or some fields of it by name, in place of what the checkpoint says.

    Raises:
        CheckpointError: There is no config and no weights, or they cannot be read, or the config is another
            architecture's, or the tensors fit several networks or none.
        ConfigError: The architecture is not known.
    """
    file = path / CONFIG_FILE
    values = _timm_form(read_json(file), path) if file.is_file() else {}
    if path.is_dir() and not file.is_file() and architecture is None and not holds_training_state(path):
        raise CheckpointError("checkpoint.no_config", path=str(path))
    if not values or (architecture is None and not isinstance(values.get("architecture"), str)):
        return _foreign_config(path, values, architecture, choice, preprocessing)
    if architecture is not None:
        # A class of somebody's own that was saved with the mixin says its arguments, which may not name its network.
        values.setdefault("architecture", architecture)
    saved = CheckpointConfig.from_json(values)
    if not says_classes(values) and holds_weights(path):
        network = _as_in_file(saved.network, read_weights(path))
        saved = replace(saved, network=network, preprocessing=saved.preprocessing.with_channels(network.in_chans))
    if architecture not in (None, values["architecture"], saved.network.architecture):
        raise ConfigError(
            "checkpoint.other_architecture", wanted=architecture, path=str(path), found=saved.network.architecture
        )
    return replace(saved, preprocessing=_asked(preprocessing, saved.preprocessing))


def _timm_form(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The config of a folder; that of transformers' own networks with the input that a file beside it says."""
    if values.get("model_type") != MODEL_TYPE:
        return values
    processor = folder / PROCESSOR_FILE
    return timm_form({**values, PROCESSOR: read_json(processor) if processor.is_file() else None})


def _asked(given: Preprocessing | Mapping[str, Any] | None, known: Preprocessing) -> Preprocessing:
    """What the caller says of the input, over what is known of it. Raises: ConfigError."""
    if given is not None and not isinstance(given, Preprocessing | Mapping):
        raise ConfigError("checkpoint.no_preprocessing", value=given)
    if isinstance(given, Preprocessing):
        return given.with_channels(known.input_size[0])
    return Preprocessing.from_json({**known.to_json(), **(given or {})}).with_channels(known.input_size[0])


def _foreign_config(
    path: Path,
    values: Mapping[str, Any],
    architecture: str | None,
    choice: str | None,
    given: Preprocessing | Mapping[str, Any] | None,
) -> CheckpointConfig:
    """The same of a file or folder whose writer names no architecture of ours."""
    if path.is_dir() and not holds_weights(path):
        contents = Contents({}, config=values, file=path.name)
    else:
        contents = read_contents(path, choice=choice, only_shapes=True)
    reading = read(contents)
    origin, state = reading.origin, reading.state
    network, preprocessing = _named(contents, origin, architecture)
    if network is None and (values or not contents.tensors):
        raise CheckpointError("checkpoint.no_architecture")
    network = network or _inferred(contents, origin, state)
    options = origin.options(contents)
    if network.norm_layer == "groupnorm":  # whose networks stride at the 3x3, whatever others of their writer do
        options = {name: value for name, value in options.items() if name != "stride_place"}
    network = _as_in_file(network.with_options(**options), state)
    first = state.get(f"{network.first_conv}.weight")
    if architecture is None and network.stem == "7x7" and first is not None and first.shape[-1] == 3:
        raise CheckpointError("checkpoint.small_stem", name=path.name, architecture=network.architecture)
    if architecture is None and network.num_classes == 0:
        logger.warning(
            "%s: it holds no head that can be taken, and gives features until num_classes= asks for one", path.name
        )
    preprocessing = (preprocessing or _assumed(contents, origin, network, given is None)).with_channels(
        network.in_chans
    )
    preprocessing = _normalized_inside(contents, preprocessing)
    saved = CheckpointConfig(network, _asked(given, preprocessing), _label_names(contents, origin, network))
    return replace(saved, has_head=any(name.startswith(f"{network.classifier}.") for name in state))


def _named(
    contents: Contents, origin: Origin, architecture: str | None
) -> tuple[ResNetConfig | None, Preprocessing | None]:
    """The network as the caller or the origin names it, and its input where the caller gave the tag of weights."""
    if architecture is None:
        return origin.network(contents), None
    network, preprocessing = named_network(architecture)
    return network, preprocessing if "." in architecture else None


def _inferred(contents: Contents, origin: Origin, state: Mapping[str, Tensor]) -> ResNetConfig:
    """The one network whose tensors have these shapes. Raises: CheckpointError where there are several, or none."""
    if origin.folds_norms and not has_statistics(state):
        raise _ambiguous_norms(contents, state)
    found = _fitting(state)
    theirs = [name for name in found if any(fnmatchcase(name, pattern) for pattern in origin.architectures)]
    names = theirs or list(found)
    if not names:
        raise _no_network(contents, state)
    if len(names) > 1:
        candidates = ", ".join(names)
        raise CheckpointError("checkpoint.several_architectures", name=contents.file, candidates=candidates)
    logger.info("%s: its tensors are those of a %s, by the names of %s", contents.file, names[0], origin.name)
    network = architecture_named(names[0])
    # A head of another form is no missing one: it is refused by its names when the weights are loaded.
    has_head = any(name.startswith(f"{network.classifier}.") for name in state)
    return network if has_head else network.with_options(num_classes=0)


def _fitting(state: Mapping[str, Tensor]) -> tuple[str, ...]:
    return fitting_architectures({name: tuple(tensor.shape) for name, tensor in state.items()})


def _ambiguous_norms(contents: Contents, state: Mapping[str, Tensor]) -> CheckpointError:
    """What is said of norms with a scale and a bias alone: only the caller knows what they are."""
    batch, group = _fitting(with_statistics(state)), _fitting(state)
    if not batch and not group:
        return _no_network(contents, state)
    shown = [", ".join(names) or Phrase("checkpoint.none_here") for names in (batch, group)]
    return CheckpointError("checkpoint.norms_of_which_kind", name=contents.file, batch=shown[0], group=shown[1])


def _no_network(contents: Contents, state: Mapping[str, Tensor]) -> CheckpointError:
    """What is said of tensors that are those of no architecture."""
    if volume := next(((name, tensor) for name, tensor in state.items() if tensor.ndim == 5), None):
        told = {"tensor": shown_name(volume[0]), "shape": list(volume[1].shape)}
        return CheckpointError("checkpoint.three_dimensional", name=contents.file, **told)
    depths = stage_depths(state)
    if not depths:
        first = ", ".join(map(shown_name, islice(state, SHOWN)))
        return CheckpointError("checkpoint.no_residual_network", name=contents.file, names=first)
    more = [name for name in state if not NETWORK.match(name)]
    if more and (found := _fitting({name: tensor for name, tensor in state.items() if NETWORK.match(name)})):
        names = ", ".join([*map(shown_name, more[:SHOWN]), *(["..."] if len(more) > SHOWN else [])])
        return CheckpointError(
            "checkpoint.network_and_more", name=contents.file, candidates=", ".join(found), names=names
        )
    return CheckpointError("checkpoint.weights_of_which_network", name=contents.file, depths=depths)


def _as_in_file(network: ResNetConfig, state: Mapping[str, Tensor]) -> ResNetConfig:
    """The network with as many classes and channels as the weights have."""
    head, first = state.get(f"{network.classifier}.weight"), state.get(f"{network.first_conv}.weight")
    if head is not None and head.ndim in (2, 4):  # a 1x1 convolution in some families
        network = network.with_options(num_classes=head.shape[0])
    if first is not None and first.ndim == 4:
        network = network.with_options(in_chans=first.shape[1])
    return network


def _assumed(contents: Contents, origin: Origin, network: ResNetConfig, said: bool) -> Preprocessing:
    """The input that the origin's networks take, else that of the architecture's first weights; said where guessed."""
    name, known = network.architecture, origin.preprocessing(contents, network)
    entry = published_architecture(name)
    usual = known or (entry.preprocessing if entry else default_preprocessing(network))
    if said and not (known and origin.says_input(contents)):
        theirs = [] if known else [tag.name for tag in published_tags(name) if tag.tag.startswith("tv")]
        logger.warning(
            "%s: its input is assumed to be the usual one of %s (%s %d px, crop %.3f); %s",
            contents.file,
            origin.name if known else f"timm's {name}" if entry else name,
            usual.interpolation,
            usual.input_size[1],
            usual.crop_pct,
            f"architecture={theirs[0]!r} takes torchvision's, preprocessing= any other"
            if theirs
            else "preprocessing= takes another",
        )
    return usual


def _normalized_inside(contents: Contents, preprocessing: Preprocessing) -> Preprocessing:
    """The input with the mean and std of a layer that stands in front of the network, which is said."""
    names, found = noted_normalization(contents)
    channels = preprocessing.input_size[0]
    if not names or {len(values) for values in found.values()} != {channels}:
        return preprocessing
    shown = ", ".join(map(shown_name, names[:2]))
    logger.warning(
        "%s: a layer in front of the network normalizes its input (%s); its mean and std are taken",
        contents.file,
        shown,
    )
    return Preprocessing.from_json(
        {**preprocessing.to_json(), **{name: list(values) for name, values in found.items()}}
    )


def _label_names(contents: Contents, origin: Origin, network: ResNetConfig) -> tuple[str, ...] | None:
    """Names of the classes where the file has one for each."""
    names = origin.label_names(contents)
    noted = noted_classes(contents)
    if names is None and noted is None:
        return None
    names = names or (noted[1] if noted else ())
    if len(names) != network.num_classes:
        logger.warning(
            "%s: %d class names for %d classes are left out; give label_names=",
            contents.file,
            len(names),
            network.num_classes,
        )
        return None
    if any("\ud800" <= letter <= "\udfff" for name in names for letter in name):
        logger.warning("%s: its class names are left out, as one of them is no text; give label_names=", contents.file)
        return None
    return names

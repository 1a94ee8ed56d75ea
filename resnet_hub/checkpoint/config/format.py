"""`CheckpointConfig` <-> config.json, in timm's vocabulary, so that timm and transformers read it too.

What only this package knows stands under one extra root key, "resnet_hub".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from resnet_hub.checkpoint.config.foreign import today_form
from resnet_hub.checks import checked_label_names
from resnet_hub.config import Preprocessing, ResNetConfig
from resnet_hub.errors import CheckpointError, ConfigError
from resnet_hub.metadata import CheckpointMetadata
from resnet_hub.registry import architecture, default_preprocessing, in_timm

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
OLDER_WEIGHTS_FILE = "pytorch_model.bin"
CARD_FILE = "README.md"
SPLIT_FILE = "split.parquet"
"""Which images the run trained on and held out; the trainer writes and reads it."""
DESCRIPTIONS = "label_descriptions"
"""Where timm keeps a sentence for each class name, beside the names."""
MAX_CONFIG_BYTES = 16 * 2**20
"""A larger config.json is refused unread."""
MAX_WEIGHTS_BYTES = 32 * 10**9
"""Twice the largest network that is built (`limits.MAX_PARAMETERS`) in float32, for what training scripts add."""
MAX_SPLIT_BYTES = 10**9
"""Sixteen bytes for each of sixty million images; a larger one is refused unread."""

SECTION = "resnet_hub"
VALUE_RANGE = "value_range"
"""A field of the preprocessing that timm does not know, so that it stands in our section."""
FORMAT = 1
"""Version of our section; a reader refuses a newer one."""
# Options that timm's ResNet takes under the same name with the same values; the rest goes into our section.
TIMM_OPTIONS = ("in_chans", "output_stride", "act_layer", "norm_layer", "global_pool")
# Written at the root, as timm does.
ROOT_OPTIONS = ("num_classes", "global_pool")
# They steer training only: a network reads the same with or without them.
TRAINING_OPTIONS = ("drop_rate", "drop_path_rate", "drop_block_rate", "zero_init_last")
# What the outputs are, at the root under the name that transformers and its pipeline read; absent for single-label.
PROBLEM_TYPES = {
    "single_label": "single_label_classification",
    "multi_label": "multi_label_classification",
    "regression": "regression",
}
# timm cannot build this norm, but loads its tensors into batch normalization, with the same outputs.
FROZEN = "frozenbatchnorm2d"


@dataclass(frozen=True)
class CheckpointConfig:
    """All that a checkpoint says besides its weights."""

    network: ResNetConfig
    """The shape of the network."""
    preprocessing: Preprocessing
    """What its input is."""
    label_names: tuple[str, ...] | None = None
    """Names of the classes in index order."""
    metadata: CheckpointMetadata = field(default_factory=CheckpointMetadata)
    """What is known of the weights."""
    has_head: bool = True
    """Whether the weights have a head, or the caller asked for one."""

    def adapted(
        self,
        *,
        num_classes: int | None,
        label_names: Sequence[str] | None,
        in_chans: int | None,
        options: Mapping[str, Any],
    ) -> CheckpointConfig:
        """The same with a caller's options. Raises: ConfigError when names and number of classes contradict."""
        if label_names is not None and num_classes not in (None, len(label_names)):
            raise ConfigError("checkpoint.two_head_sizes", classes=num_classes, names=len(label_names))
        classes = len(label_names) if label_names is not None else num_classes
        wanted = dict(options)
        if classes is not None:
            wanted["num_classes"] = classes
        if in_chans is not None:
            wanted["in_chans"] = in_chans
        network = self.network.with_options(**wanted)
        kept = self.label_names if network.num_classes == self.network.num_classes else None
        adapted = replace(
            self,
            has_head=self.has_head or classes is not None,
            network=network,
            preprocessing=self.preprocessing.with_channels(network.in_chans),
            label_names=checked_label_names(label_names, network.num_classes) or kept,
        )
        if not self.needs_new_head(adapted):
            return adapted
        return replace(adapted, metadata=self.metadata.lineage())

    def needs_new_head(self, wanted: CheckpointConfig) -> bool:
        """Whether this checkpoint's head cannot serve `wanted`: none, another size, or classes of other names."""
        if wanted.network.num_classes == 0 or wanted.has_head != self.has_head:
            return True
        if wanted.network.num_classes != self.network.num_classes:
            return True
        return self.label_names is not None and wanted.label_names != self.label_names

    @property
    def opens_in_timm(self) -> bool:
        """Whether timm can build this network: its name is timm's and so is every option."""
        return in_timm(self.network.architecture) and not self.options_beyond_timm

    @property
    def options_beyond_timm(self) -> dict[str, Any]:
        """The options, other than those of training, that differ from the architecture and that timm cannot say."""
        return self._own_options(drop=(*TRAINING_OPTIONS, "norm_layer"))

    def _own_options(self, drop: Sequence[str] = ()) -> dict[str, Any]:
        """Options that differ from the named architecture and that timm's vocabulary cannot say."""
        changed = self.network.differences(architecture(self.network.architecture))
        shared = [*TIMM_OPTIONS, *ROOT_OPTIONS, "task"]
        if self.network.norm_layer == FROZEN:
            shared.remove("norm_layer")
        return {name: value for name, value in changed.items() if name not in (*shared, *drop)}

    def to_json(self, num_features: int) -> dict[str, Any]:
        """The content of config.json of a network whose last feature map has `num_features` channels."""
        network, size = self.network, self.preprocessing.input_size
        read_by_timm = replace(network, norm_layer="batchnorm") if network.norm_layer == FROZEN else network
        changed = read_by_timm.differences(architecture(network.architecture))
        values: dict[str, Any] = {
            "architecture": network.architecture,
            "num_classes": network.num_classes,
            "num_features": num_features,
            "global_pool": network.global_pool,
        }
        if self.label_names is not None:
            values["label_names"] = list(self.label_names)
            described = self.metadata.label_descriptions or {}
            if known := {name: described[name] for name in self.label_names if name in described}:
                values[DESCRIPTIONS] = known
        if network.task != "single_label":
            values["problem_type"] = PROBLEM_TYPES[network.task]
        model_args = {name: changed[name] for name in TIMM_OPTIONS if name in changed}
        if model_args:
            values["model_args"] = model_args
        seen = self.preprocessing.to_json()
        value_range = seen.pop(VALUE_RANGE, None)
        values["pretrained_cfg"] = {
            **({"tag": self.metadata.tag} if self.metadata.tag is not None else {}),
            **({"license": self.metadata.license} if self.metadata.license is not None else {}),
            **seen,
            "num_classes": network.num_classes,
            "pool_size": [-(-side // min(network.most_reduction, network.reduction)) for side in size[1:]],
            "first_conv": network.first_conv,
            "classifier": network.classifier,
        }
        own: dict[str, Any] = {**self.metadata.to_json(), "version": _package_version(), "format": FORMAT}
        own.pop(DESCRIPTIONS, None)
        options = self._own_options()
        if options:
            own["options"] = options
        if value_range is not None:
            own[VALUE_RANGE] = value_range
        values[SECTION] = own
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> CheckpointConfig:
        """Reads what we or others wrote. Raises: CheckpointError, ConfigError."""
        values = today_form(values)
        name = values.get("architecture")
        if not isinstance(name, str):
            raise CheckpointError("checkpoint.no_architecture")
        own = dict(_mapping(values, SECTION))
        if own.get("format", FORMAT) != FORMAT:
            raise CheckpointError("checkpoint.newer_format", found=own["format"], known=FORMAT)
        # Old exports of timm are flat: the pretrained configuration stands at the root.
        pretrained = _mapping(values, "pretrained_cfg") or values
        options = _network_options(values, pretrained, own)
        network = architecture(name).with_options(**options)
        classes = network.num_classes
        labels = _label_names(values.get("label_names"), classes)
        inherited = _label_names(pretrained.get("label_names"), None)
        # An export may still hold the names of the network it was tuned from.
        if labels is None and inherited is not None and len(inherited) == classes:
            labels = inherited
        if labels is not None and len(labels) != classes:
            raise CheckpointError("checkpoint.label_names_for_each_class", names=len(labels), classes=classes)
        kept = {key: value for key, value in own.items() if key not in ("version", "format", "options", VALUE_RANGE)}
        for key in ("tag", "license"):
            if isinstance(pretrained.get(key), str):
                kept.setdefault(key, pretrained[key])
        described = values.get(DESCRIPTIONS) or pretrained.get(DESCRIPTIONS)
        if labels is not None and isinstance(described, Mapping):
            kept[DESCRIPTIONS] = {name: described[name] for name in labels if isinstance(described.get(name), str)}
        ranged = {VALUE_RANGE: own[VALUE_RANGE]} if VALUE_RANGE in own else {}
        preprocessing = _preprocessing({**pretrained, **ranged}, network, strict=SECTION in values)
        return cls(network, preprocessing, labels, CheckpointMetadata.from_json(kept))


def _network_options(
    values: Mapping[str, Any], pretrained: Mapping[str, Any], own: Mapping[str, Any]
) -> dict[str, Any]:
    """What config.json says of the network, under the names of `ResNetConfig`."""
    options: dict[str, Any] = {}
    # A file without "in_chans" says it by the size of the input alone.
    size = pretrained.get("input_size")
    if isinstance(size, list) and size:
        options["in_chans"] = size[0]
    if values.get("global_pool") is not None:
        options["global_pool"] = values["global_pool"]
    tasks = {problem: task for task, problem in PROBLEM_TYPES.items()}
    problem = values.get("problem_type")
    if problem is not None and not isinstance(problem, str):
        raise CheckpointError("checkpoint.problem_type", value=problem, known=", ".join(map(repr, tasks)))
    if problem in tasks:
        options["task"] = tasks[problem]
    options.update(_mapping(values, "model_args"))
    options.update(_mapping(own, "options"))
    if values.get("num_classes") is not None:
        options["num_classes"] = values["num_classes"]
    options.setdefault("num_classes", pretrained.get("num_classes", 1000))
    if "architecture" in options:
        raise CheckpointError("checkpoint.second_architecture", name=options["architecture"])
    return options


def _preprocessing(pretrained: Mapping[str, Any], network: ResNetConfig, *, strict: bool) -> Preprocessing:
    """What config.json says of the input; absent keys take the architecture's usual values.

    Other writers may keep the input of the network they tuned: without `strict` it takes the network's channels.
    """
    known = {item.name for item in fields(Preprocessing)}
    given = {key: value for key, value in pretrained.items() if key in known and value is not None}
    usual = default_preprocessing(network).to_json()
    preprocessing = Preprocessing.from_json({**usual, **given})
    if strict and preprocessing.input_size[0] != network.in_chans:
        channels = preprocessing.input_size[0]
        raise CheckpointError("checkpoint.input_channels", channels=channels, expected=network.in_chans)
    return preprocessing.with_channels(network.in_chans)


def _label_names(names: object, classes: int | None) -> tuple[str, ...] | None:
    """Names in index order from a list, or from a dictionary of index -> name, which may have gaps below `classes`."""
    if names is None:
        return None
    if isinstance(names, Mapping):
        try:
            named = {int(key): name for key, name in names.items()}
            count = classes if classes is not None and max(named, default=-1) < classes else len(named)
            names = [named[index] if count == len(named) else named.get(index, str(index)) for index in range(count)]
        except (KeyError, ValueError) as error:
            raise CheckpointError("checkpoint.label_names_not_numbered") from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise CheckpointError("checkpoint.label_names_no_list")
    for name in names:
        if not name.isprintable() and _is_no_text(name):
            raise CheckpointError("checkpoint.label_name_no_text", name=name)
    return tuple(names)


def _is_no_text(name: str) -> bool:
    """Whether it holds a lone surrogate, which cannot be encoded as UTF-8."""
    return any("\ud800" <= letter <= "\udfff" for letter in name)


def _mapping(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = values.get(key) or {}
    if not isinstance(found, Mapping):
        raise CheckpointError("checkpoint.no_named_values", key=key, value=found)
    return found


def _package_version() -> str:
    try:
        return version("resnet_hub")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "unknown"

"""What `resnet-hub list` and `info` know of networks, as plain JSON values; `terminal.py` makes text of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from resnet_hub.checkpoint import CheckpointConfig, local_path, read_config
from resnet_hub.checks import alternatives, nearest
from resnet_hub.config import Preprocessing, ResNetConfig
from resnet_hub.errors import ConfigError
from resnet_hub.hub import download_checkpoint
from resnet_hub.models import complexity, meta_network
from resnet_hub.registry import (
    ARCHITECTURES,
    OWNER,
    PublishedTag,
    architecture,
    is_published_name,
    list_architectures,
    named_network,
    published_architecture,
    published_tags,
    published_weights,
)

Values = dict[str, Any]


def architecture_rows(
    patterns: Sequence[str], *, exclude: Sequence[str] = (), pretrained: bool = False
) -> list[Values]:
    """One row for each architecture that a pattern matches and none of `exclude` does. Raises: ConfigError."""
    names = list_architectures(patterns or "*", exclude=exclude, pretrained=pretrained)
    if not names:
        raise _nothing_matches(patterns, exclude, ARCHITECTURES)
    return [_architecture_row(name) for name in names]


def tag_rows(patterns: Sequence[str], *, exclude: Sequence[str] = ()) -> list[Values]:
    """One row for each published tag whose full name, or whose architecture, a pattern matches and none of `exclude`.

    Raises:
        ConfigError: There is none.
    """
    tags = [tag for name in list_architectures() for tag in published_tags(name)]
    chosen = [tag for tag in tags if _tag_matches(tag, patterns or "*") and not _tag_matches(tag, exclude)]
    if not chosen:
        raise _nothing_matches(patterns, exclude, [tag.name for tag in tags])
    return [_tag_values(tag) for tag in chosen]


def network_facts(source: str) -> Values:
    """All that is known of an architecture, a published tag, a checkpoint folder or a model on the Hub.

    Raises:
        CheckpointError: The folder holds no network's config.
        ConfigError: `source` is none of these.
        HubError: The Hub refused or could not be reached.
    """
    path = local_path(source)
    if path is None and source in ARCHITECTURES:
        return {"source": source, **_published_facts(source, _default(source))}
    tag = _published_tag(source) if path is None else None
    if tag is not None:
        return {"source": source, **_published_facts(tag.architecture, tag)}
    saved = read_config(path or download_checkpoint(source, config_only=True))
    return {"source": source, **_checkpoint_facts(saved)}


def _architecture_row(name: str) -> Values:
    entry, tag = published_architecture(name), _default(name)
    if entry is None or not entry.complexity:
        usual = named_network(name)[1].input_size
        counted = _size_and_cost(architecture(name), [usual])
        parameters, layers = counted["parameters"], counted["layers"]
        size, cost = usual[1], counted["complexity"][0]
        gmacs, activations = cost["gmacs"], cost["mega_activations"]
    else:
        parameters, layers = entry.parameters, entry.layers
        size = tag.preprocessing.input_size[1] if tag else next(iter(entry.complexity))
        gmacs, activations = entry.complexity[size]
    tags = published_tags(name)
    return {
        "architecture": name,
        "parameters": parameters,
        "gmacs": gmacs,
        "mega_activations": activations,
        "size": size,
        "layers": layers,
        "tags": len(tags),
        "default_tag": tag.tag if tag else None,
        "license": tag.license if tag else None,
        "terms": tag.terms if tag else f"only {tags[0].terms}" if tags else "no published weights",
        "top1": tag.top1 if tag else None,
    }


def _published_facts(name: str, tag: PublishedTag | None) -> Values:
    """The facts of an architecture, with the input and the head of these published weights."""
    config, tags = architecture(name), published_tags(name)
    inputs = [tag.preprocessing, tag.test_preprocessing] if tag else [named_network(name)[1]]
    config = config.with_options(num_classes=tag.num_classes) if tag else config
    if tag:
        weights = {"weights": tag.repo_id, "license": tag.terms, "accuracy": _accuracy(tag)}
    elif tags:
        weights = {"weights": f"all are {tags[0].terms}; the bare name stands for none of them"}
    else:
        weights = {"weights": "none published"}
    return {**_network_values(config, inputs), "weights": weights, "tags": [_tag_values(one) for one in tags]}


def _accuracy(tag: PublishedTag) -> str | None:
    """The published accuracies in words."""
    if tag.top1 is None:
        return None
    words = f"ImageNet top-1 {tag.top1:.2f} % at {tag.preprocessing.input_size[1]} px"
    if tag.test_top1 is not None and tag.test_preprocessing != tag.preprocessing:
        words += f", {tag.test_top1:.2f} % at {tag.test_preprocessing.input_size[1]} px with the publisher's test crop"
    return words


def _checkpoint_facts(saved: CheckpointConfig) -> Values:
    """The facts of a checkpoint; its metadata is untrusted text, so not to be used as markup."""
    details = {key: saved.details.get(key) for key in ("license", "tag", "base_model", "dataset", "metrics")}
    license = details.pop("license")
    terms = f"{license}: non-commercial" if license and "-nc" in str(license).lower() else license
    labels = list(saved.label_names) if saved.label_names else None
    weights = {"license": terms, **details}
    return {**_network_values(saved.network, [saved.preprocessing], labels), "weights": weights, "tags": []}


def _network_values(config: ResNetConfig, inputs: Sequence[Preprocessing], labels: list[str] | None = None) -> Values:
    sizes = list(dict.fromkeys(one.input_size for one in inputs))
    return {
        "architecture": config.architecture,
        **_size_and_cost(config, sizes),
        "stages": list(config.depths),
        "preprocessing": inputs[0].to_json(),
        "preprocessing_in_words": inputs[0].in_words(),
        "test_preprocessing": inputs[-1].to_json(),
        "num_classes": config.num_classes,
        "label_names": labels,
    }


def _size_and_cost(config: ResNetConfig, sizes: Sequence[tuple[int, int, int]]) -> Values:
    """Parameters, layers, feature levels and the cost at each size, counted."""
    network = meta_network(config)
    counted = [complexity(network, size) for size in sizes]
    return {
        "parameters": counted[0].parameters,
        "layers": counted[0].layers,
        "complexity": [
            {"input_size": list(size), "gmacs": cost.macs / 1e9, "mega_activations": cost.activations / 1e6}
            for size, cost in zip(sizes, counted, strict=True)
        ],
        "features": [
            {"module": level["module"], "channels": level["num_chs"], "reduction": level["reduction"]}
            for level in network.feature_info
        ],
    }


def _tag_values(tag: PublishedTag) -> Values:
    return {
        "name": tag.name,
        "repo_id": tag.repo_id,
        "size": tag.preprocessing.input_size[1],
        "top1": tag.top1,
        "test_size": tag.test_preprocessing.input_size[1],
        "test_top1": tag.test_top1,
        "num_classes": tag.num_classes,
        "license": tag.license,
        "terms": tag.terms,
        "non_commercial": tag.non_commercial,
        "preprocessing": tag.preprocessing.to_json(),
        "test_preprocessing": tag.test_preprocessing.to_json(),
    }


def _default(name: str) -> PublishedTag | None:
    entry = published_architecture(name)
    return entry.default if entry else None


def _published_tag(source: str) -> PublishedTag | None:
    """The published weights that `source` names, by a published name or by their whole id. Raises: ConfigError."""
    owner, slash, name = source.removeprefix("hf-hub:").partition("/")
    if slash and owner == OWNER:
        return next((tag for tag in published_tags(name.partition(".")[0]) if tag.name == name), None)
    return published_weights(source) if is_published_name(source) else None


def _tag_matches(tag: PublishedTag, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, one) for name in (tag.architecture, tag.name) for one in patterns)


def _nothing_matches(patterns: Sequence[str], exclude: Sequence[str], known: Iterable[str]) -> ConfigError:
    wanted = " ".join(map(repr, patterns or ["*"]))
    if exclude:
        return ConfigError("cli.nothing_left", patterns=wanted, exclude=alternatives(exclude))
    return ConfigError("cli.nothing_matches", patterns=wanted, nearest=nearest(patterns[0], known))

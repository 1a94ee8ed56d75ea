"""What `resnet-hub info` knows of a network, as plain JSON values; `terminal.py` makes text of them."""

from __future__ import annotations

from collections.abc import Sequence

from resnet_hub.card import weights_license
from resnet_hub.checkpoint import CheckpointConfig, local_path, read_config
from resnet_hub.cli.catalog import Values, default_tag, tag_values
from resnet_hub.config import Preprocessing, ResNetConfig
from resnet_hub.errors import ConfigError
from resnet_hub.hub import download_checkpoint
from resnet_hub.models import complexity, meta_network
from resnet_hub.registry import (
    ARCHITECTURES,
    OWNER,
    PublishedTag,
    architecture,
    is_non_commercial,
    is_published_name,
    named_network,
    published_tags,
    published_weights,
)


def network_facts(source: str, *, architecture: str | None = None, num_classes: int | None = None) -> Values:
    """All that is known of an architecture, a published tag, a checkpoint folder or file, or a model on the Hub.

    Args:
        source: Any of these.
        architecture: The network of a weights file that fits several.
        num_classes: Classes of another head than the source has.

    Raises:
        CheckpointError: The folder holds no network's config.
        ConfigError: `source` is none of these.
        HubError: The Hub refused or could not be reached.
    """
    path = local_path(source)
    plain = architecture is None and num_classes is None
    if path is None and plain and source in ARCHITECTURES:
        return {"source": source, **_published_facts(source, default_tag(source))}
    tag = _catalogd(source) if path is None and plain else None
    if tag is not None:
        return {"source": source, **_published_facts(tag.architecture, tag)}
    if path is None and not plain and source in ARCHITECTURES:
        raise ConfigError("cli.no_bare_file", source=source)
    saved = read_config(path or download_checkpoint(source, config_only=True), architecture=architecture)
    saved = saved.adapted(num_classes=num_classes, label_names=None, in_chans=None, options={})
    return {"source": source, **_checkpoint_facts(saved)}


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
    return {**_network_values(config, inputs), "weights": weights, "tags": [tag_values(one) for one in tags]}


def _accuracy(tag: PublishedTag) -> str | None:
    """The published accuracies in words."""
    if tag.top1 is None:
        return None
    words = f"ImageNet top-1 {tag.top1:.2f} % at {tag.preprocessing.input_size[1]} px"
    if tag.test_top1 is not None and tag.test_preprocessing != tag.preprocessing:
        words += f", {tag.test_top1:.2f} % at {tag.test_preprocessing.input_size[1]} px with the publisher's test crop"
    return words


def _checkpoint_facts(saved: CheckpointConfig) -> Values:
    """The facts of a checkpoint; its metadata are what somebody wrote, so not to be trusted as markup."""
    known = saved.metadata
    license = weights_license(known.license)
    terms = f"{license}: non-commercial" if is_non_commercial(license) else license
    labels = list(saved.label_names) if saved.label_names else None
    weights: Values = {"license": terms, "tag": known.tag, "base_model": known.base_model}
    weights |= {"dataset": known.dataset, "metrics": known.metrics}
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


def _catalogd(source: str) -> PublishedTag | None:
    """The published weights that `source` names, by a published name or by their whole id. Raises: ConfigError."""
    owner, slash, name = source.removeprefix("hf-hub:").partition("/")
    if slash and owner == OWNER:
        return next((tag for tag in published_tags(name.partition(".")[0]) if tag.name == name), None)
    return published_weights(source) if is_published_name(source) else None

"""What `resnet-hub list` knows of networks, as plain JSON values; all of it stands in tables, so no torch is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from resnet_hub.checks import alternatives, nearest
from resnet_hub.errors import ConfigError
from resnet_hub.registry import (
    ARCHITECTURES,
    CountedCost,
    PublishedTag,
    architecture,
    counted_cost,
    list_architectures,
    named_network,
    published_architecture,
    published_tags,
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
    return [tag_values(tag) for tag in chosen]


def tag_values(tag: PublishedTag) -> Values:
    """The facts of one set of published weights."""
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


def default_tag(name: str) -> PublishedTag | None:
    """The weights that the bare name stands for."""
    entry = published_architecture(name)
    return entry.default if entry else None


def _architecture_row(name: str) -> Values:
    entry, tag = published_architecture(name), default_tag(name)
    if entry is not None and entry.complexity:
        parameters, layers = entry.parameters, entry.layers
        size = tag.preprocessing.input_size[1] if tag else next(iter(entry.complexity))
        gmacs, activations = entry.complexity[size]
    else:
        usual = named_network(name)[1].input_size
        counted = counted_cost(name) or _count(name, usual)
        parameters, layers, size = counted.parameters, counted.layers, usual[1]
        gmacs, activations = counted.macs / 1e9, counted.activations / 1e6
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


def _count(name: str, input_size: tuple[int, int, int]) -> CountedCost:
    """The cost of a network that is in no table."""
    from resnet_hub.models import complexity, meta_network  # loads torch

    found = complexity(meta_network(architecture(name)), input_size)
    return CountedCost(found.parameters, found.layers, found.macs, found.activations)


def _tag_matches(tag: PublishedTag, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, one) for name in (tag.architecture, tag.name) for one in patterns)


def _nothing_matches(patterns: Sequence[str], exclude: Sequence[str], known: Iterable[str]) -> ConfigError:
    wanted = " ".join(map(repr, patterns or ["*"]))
    if exclude:
        return ConfigError("cli.nothing_left", patterns=wanted, exclude=alternatives(exclude))
    return ConfigError("cli.nothing_matches", patterns=wanted, nearest=nearest(patterns[0], known))

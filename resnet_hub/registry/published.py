"""The catalogue of published weights: an architecture's tags with their preprocessing, license and accuracy.

`published.json` beside this file holds the facts; names that people write become addresses on the Hub here.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from resnet_hub.checks import alternatives, nearest
from resnet_hub.config import Preprocessing
from resnet_hub.errors import ConfigError

CATALOGUE = Path(__file__).with_name("published.json")
OWNER = "timm"
# Where timm answers to an old name with the weights of another, narrower network: what may have been meant.
NARROWER = "resnext101_32x8d.fb_wsl_ig1b_ft_in1k"
MISLEADING = {
    "ig_resnext101_32x16d": ("resnext101_32x16d.fb_wsl_ig1b_ft_in1k", NARROWER),
    "ig_resnext101_32x32d": ("resnext101_32x32d.fb_wsl_ig1b_ft_in1k", NARROWER),
    "ig_resnext101_32x48d": (NARROWER,),
}

_NAME = re.compile(r"[\w-]+(\.\w+)?", re.ASCII)


@dataclass(frozen=True)
class PublishedTag:
    """One set of published weights."""

    architecture: str
    """The network they are for."""
    tag: str
    """What tells them from the others of this network: the recipe and the data."""
    preprocessing: Preprocessing
    """Their input as in training; what `from_pretrained` gives."""
    test_preprocessing: Preprocessing
    """The input that their publisher tests with: often larger, and a little more accurate."""
    num_classes: int
    """Outputs of the head; 0 where the weights have none."""
    license: str | None
    """SPDX name in small letters; None where the publisher names none."""
    top1: float | None
    """ImageNet top-1 with `preprocessing`, in percent; None where none is published."""
    test_top1: float | None
    """ImageNet top-1 with `test_preprocessing`, in percent."""
    first_conv: str
    """The name of the convolution that sees the image."""
    classifier: str
    """The name of the layer that gives the logits."""

    @property
    def name(self) -> str:
        """What a user writes: architecture.tag."""
        return f"{self.architecture}.{self.tag}"

    @property
    def repo_id(self) -> str:
        """Where the weights are on the Hub."""
        return f"{OWNER}/{self.name}"

    @property
    def non_commercial(self) -> bool:
        """Whether the license forbids commercial use."""
        return is_non_commercial(self.license)

    @property
    def terms(self) -> str:
        """The license in words that cannot be misread."""
        if self.license is None:
            return "no license stated"
        return "CC-BY-NC-4.0: non-commercial" if self.license == "cc-by-nc-4.0" else self.license


@dataclass(frozen=True)
class PublishedArchitecture:
    """What is known of a network with published preprocessing, trained or not."""

    name: str
    """Its name in timm."""
    parameters: int
    """Numbers that training changes, with the usual head."""
    layers: int
    """Convolutions and linear layers on the longest path."""
    complexity: Mapping[int, tuple[float, float]]
    """Side of the input in pixels -> (GMACs, activations in millions)."""
    tags: Mapping[str, PublishedTag]
    """The weights by tag in the publisher's order; empty where none were published."""
    preprocessing: Preprocessing
    """The input of the first weights; where there are none, the one it was made for."""

    @property
    def default(self) -> PublishedTag | None:
        """The first weights whose license is stated and allows commercial use: what the bare name stands for."""
        free = (tag for tag in self.tags.values() if tag.license is not None and not tag.non_commercial)
        return next(free, None)


def is_non_commercial(license: str | None) -> bool:
    """Whether a license forbids commercial use; one that nobody states does not."""
    return license is not None and "-nc" in license.lower()


def published_architectures() -> list[str]:
    """The names of all networks in the catalogue, with weights or without, sorted."""
    return sorted(_catalogue())


def published_architecture(name: str) -> PublishedArchitecture | None:
    """The catalogue's entry of this network; None where it has none."""
    return _catalogue().get(name)


def published_tags(architecture: str) -> list[PublishedTag]:
    """All published weights of a network in the publisher's order; none for a network that is not in the catalogue."""
    entry = _catalogue().get(architecture)
    return list(entry.tags.values()) if entry else []


def is_published_name(text: str) -> bool:
    """Whether `text` has the form of an architecture or a tag; it need not be in the catalogue."""
    return _NAME.fullmatch(text) is not None


def published_weights(name: str) -> PublishedTag:
    """The weights that "resnet50", "resnet50.a1_in1k" or an old name of timm's stands for. Raises: ConfigError."""
    return find_tag(name) if "." in name else default_tag(name)


def find_tag(name: str) -> PublishedTag:
    """The weights of this full name, such as "resnet50.a1_in1k". Raises: ConfigError naming the nearest three."""
    current = current_name(name)
    architecture, _, tag = current.partition(".")
    entry = _catalogue().get(architecture)
    if entry is None or tag not in entry.tags:
        raise ConfigError("registry.no_tag", name=name, nearest=_nearest_tags(current), owner=OWNER)
    return entry.tags[tag]


def default_tag(architecture: str) -> PublishedTag:
    """The weights that a bare name stands for; never ones that are for non-commercial use only.

    Raises:
        ConfigError: No such network is known, it has no weights, or none that a bare name may stand for.
    """
    current = current_name(architecture)
    if "." in current:
        return find_tag(current)
    entry = _catalogue().get(current)
    if entry is None:
        trained = [name for name, other in _catalogue().items() if other.tags]
        raise ConfigError("registry.no_published_weights", name=architecture, nearest=nearest(current.lower(), trained))
    if not entry.tags:
        raise ConfigError("registry.untrained", name=current)
    if entry.default is None:
        names = alternatives(tag.name for tag in entry.tags.values())
        raise ConfigError("registry.non_commercial", name=current, names=names)
    return entry.default


def near_published(repo_id: str) -> str:
    """The nearest published names, for a message about an id of the publisher's that leads nowhere; else empty."""
    owner, _, name = repo_id.partition("/")
    return _nearest_tags(name) if owner == OWNER else ""


def renamed_architecture(name: str) -> str:
    """What timm calls today the architecture that it once called `name`; `name` itself where it is no old one."""
    if name in MISLEADING:  # the old name's own network, whatever timm gives for it
        return name.removeprefix("ig_")
    return _aliases().get(name, name)


def current_name(name: str) -> str:
    """What timm calls today what it once called `name`, with a warning; `name` itself where it is no old one."""
    if name in MISLEADING:
        raise ConfigError("registry.misleading_name", name=name, names=alternatives(MISLEADING[name]))
    current = _aliases().get(name)
    if current is None:
        return name
    weights = find_tag(current) if "." in current else None
    terms = f" ({weights.terms})" if weights and weights.non_commercial else ""
    warnings.warn(f"{name!r} is an old name; write {current!r}{terms}", FutureWarning, stacklevel=3)
    return current


def _nearest_tags(name: str) -> str:
    """The published names closest to `name`, of its own architecture where that is known."""
    known = published_tags(name.partition(".")[0]) or [
        tag for entry in _catalogue().values() for tag in entry.tags.values()
    ]
    return nearest(name.lower(), [tag.name for tag in known])


@cache
def _file() -> Mapping[str, Any]:
    return json.loads(CATALOGUE.read_text("utf-8"))


@cache
def _aliases() -> Mapping[str, str]:
    return _file()["aliases"]


@cache
def _catalogue() -> Mapping[str, PublishedArchitecture]:
    return {name: _entry(name, values) for name, values in _file()["architectures"].items()}


def _entry(name: str, values: Mapping[str, Any]) -> PublishedArchitecture:
    tags = {tag: _tag(name, tag, row) for tag, row in values["tags"].items()}
    return PublishedArchitecture(
        name=name,
        parameters=values["parameters"],
        layers=values["layers"],
        complexity={int(size): (gmacs, mega) for size, (gmacs, mega) in values["complexity"].items()},
        tags={tag: weights for tag, weights in tags.items() if values["tags"][tag]["has_weights"]},
        preprocessing=next(iter(tags.values())).preprocessing,
    )


def _tag(architecture: str, tag: str, row: Mapping[str, Any]) -> PublishedTag:
    shared = {key: row[key] for key in ("interpolation", "crop_mode", "mean", "std")}
    trained = {"input_size": row["input_size"], "crop_pct": row["crop_pct"]}
    tested = {"input_size": row.get("test_input_size"), "crop_pct": row.get("test_crop_pct")}
    tested = {key: trained[key] if value is None else value for key, value in tested.items()}
    kept = {key: row[key] for key in ("num_classes", "license", "top1", "test_top1", "first_conv", "classifier")}
    return PublishedTag(
        architecture=architecture,
        tag=tag,
        preprocessing=Preprocessing.from_json(shared | trained),
        test_preprocessing=Preprocessing.from_json(shared | tested),
        **kept,
    )

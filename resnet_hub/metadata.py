"""What a checkpoint says of its weights: where they come from, how they were trained, how good they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


def _text(value: object) -> bool:
    return isinstance(value, str)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _mapping(value: object) -> bool:
    return isinstance(value, Mapping)


@dataclass(frozen=True)
class CheckpointMetadata:
    """What is known of the weights; it travels with them in config.json. None stands for what nobody says.

    `dataclasses.replace` makes another one: `model.metadata = replace(model.metadata, license="mit")`.
    """

    dataset: str | None = None
    """What they were trained on: a Hub id, or the name of a folder."""
    recipe: Mapping[str, Any] | None = None
    """The settings of the run."""
    changed: Mapping[str, Any] | None = None
    """Those of them that differ from their defaults."""
    versions: Mapping[str, str] | None = None
    """Package -> version."""
    hardware: str | None = None
    """What the run computed on."""
    dataset_revision: str | None = None
    """The commit of the dataset on the Hub."""
    left_out: str | None = None
    """How many files and rows of the dataset were not used, in words; None where all were."""
    base_model: str | None = None
    """The weights that training started from."""
    license: str | None = None
    """The license of the weights."""
    split: str | None = None
    """What `metrics` were measured on."""
    metrics: Mapping[str, Any] | None = None
    """Name -> number."""
    intervals: Mapping[str, Any] | None = None
    """Name -> the two ends of the confidence interval of a number of `metrics`; `level` says how sure, 0 to 1."""
    num_images: int | None = None
    """Images that `metrics` were measured on."""
    per_class: Mapping[str, Any] | None = None
    """The figures of the worst classes as `rows`, how many were `measured`, and the pairs most often `confused`."""
    temperature: float | None = None
    """Temperature scaling: the logits are divided by it, above 0, which calibrates the confidence."""
    seconds: float | None = None
    """How long the run took."""
    tag: str | None = None
    """What tells the weights from others of their architecture, as in timm."""
    label_descriptions: Mapping[str, str] | None = None
    """Name of a class -> a sentence about it."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """What others wrote: keys that are none of the above, and values that the fields do not take."""
    order: tuple[str, ...] = field(default=(), repr=False, compare=False)
    """The keys as a file had them, so that writing it again changes no byte."""

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The metadata with these keys; what no field takes is kept in `extra`."""
        known = {key: value for key, value in values.items() if key in CHECKS and CHECKS[key](value)}
        extra = {key: value for key, value in values.items() if key not in known}
        return cls(**known, extra=extra, order=tuple(values))

    def to_json(self) -> dict[str, Any]:
        """The inverse of `from_json`: absent fields are left out, what was read comes in its order, then the rest."""
        values = {name: value for name in CHECKS if (value := getattr(self, name)) is not None} | dict(self.extra)
        return {name: values[name] for name in dict.fromkeys((*self.order, *values)) if name in values}

    def lineage(self) -> Self:
        """What stays true of a network with a new head; results and data are the old one's."""
        return type(self)(license=self.license, base_model=self.base_model, order=("license", "base_model"))


CHECKS = {
    "dataset": _text,
    "recipe": _mapping,
    "changed": _mapping,
    "versions": _mapping,
    "hardware": _text,
    "dataset_revision": _text,
    "left_out": _text,
    "base_model": _text,
    "license": _text,
    "split": _text,
    "metrics": _mapping,
    "intervals": _mapping,
    "num_images": _number,
    "per_class": _mapping,
    "temperature": _number,
    "seconds": _number,
    "tag": _text,
    "label_descriptions": _mapping,
}
"""Field, in their order -> whether a value can be its."""

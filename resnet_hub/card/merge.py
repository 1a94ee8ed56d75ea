"""Two cards of one repository -> one: ours is brought up to date in it, and what other people wrote stays."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from resnet_hub.card.metadata import mapping
from resnet_hub.card.parse import CardText

logger = logging.getLogger(__name__)

INDEX = "model-index"
LISTS = ("tags", "datasets", "metrics")
"""Keys to which several may add."""
TERMS = ("license", "license_name", "license_link")
"""They only mean something together."""


def merged_card(theirs: CardText, ours: CardText, before: Mapping[str, Any]) -> CardText:
    """Their card with our sections and our metadata in it.

    Args:
        theirs: The card that is there, perhaps written by hand.
        ours: The new one. Where only it has words outside our sections, those are kept.
        before: The metadata that an earlier one of ours left in theirs: entries of it that no longer hold are removed.
    """
    metadata = merged_metadata(theirs.metadata, ours.metadata, before)
    if ours.own_words and theirs.body.strip() and not theirs.own_words:
        body = ours.body
    else:
        body = theirs.with_sections_of(ours)
    return CardText(metadata, body, theirs.front if metadata == theirs.metadata else "")


def merged_metadata(theirs: Mapping[str, Any], ours: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Their keys in their order with ours up to date, without those that only we had set and no longer set."""
    merged: dict[str, Any] = {}
    for key in (*theirs, *(key for key in ours if key not in theirs)):
        if key in LISTS:
            value: Any = _merged_list(theirs.get(key), ours.get(key), before.get(key))
        elif key == INDEX:
            value = _merged_index(theirs.get(key), ours.get(key), before.get(key))
        elif key in ours:
            value = ours[key]
        else:
            gone = key in before and before[key] == theirs[key] and key not in TERMS
            value = None if gone else theirs[key]
        if value is not None or (key in theirs and theirs[key] is None):
            merged[key] = value
    return _with_terms(merged, theirs, ours, before)


def _with_terms(
    merged: dict[str, Any], theirs: Mapping[str, Any], ours: Mapping[str, Any], before: Mapping[str, Any]
) -> dict[str, Any]:
    """The license that came with the weights, and only where none is known the one that others wrote."""
    if "license" not in ours:
        if "license" in before and before["license"] == theirs.get("license"):
            return {key: value for key, value in merged.items() if key not in TERMS}
        return merged
    old, new = theirs.get("license"), ours["license"]
    if old == new and theirs.get("license_name", ours.get("license_name")) == ours.get("license_name"):
        return merged
    if old is not None and old != before.get("license"):
        logger.warning("the card said license: %s; the weights come under %s, so it now says that", old, new)
    return {key: value for key, value in merged.items() if key not in TERMS or key in ours}


def _merged_list(theirs: Any, ours: Any, before: Any) -> list[Any] | None:
    """Their entries but for those that only we had put there, then ours; nothing where none is left."""
    new, old = _listed(ours), _listed(before)
    kept = [entry for entry in _listed(theirs) if entry not in old or entry in new]
    return kept + [entry for entry in new if entry not in kept] or None


def _listed(value: Any) -> list[Any]:
    """The entries of a key that may hold one or several."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _merged_index(theirs: Any, ours: Any, before: Any) -> Any:
    """The results of both; for the same dataset and metric only ours, and none that we no longer report."""
    if not isinstance(theirs, list):
        return theirs if ours is None else ours
    known = {key for index in (ours, before) for key in _measured(index)}
    models = [model for model in (_without(found, known) for found in theirs) if model]
    for model in _listed(ours):
        # A repository that was given another name has its one model under the old one.
        same = next((found for found in models if len(models) == 1 or found.get("name") == model["name"]), None)
        if same is None:
            models.append(model)
        else:
            same |= {"name": model["name"], "results": [*model["results"], *_listed(same.get("results"))]}
    return models or None


def _without(model: Any, known: set[tuple[str, ...]]) -> dict[str, Any]:
    """An entry of a `model-index` without the results in `known`; empty where it held nothing else."""
    results = []
    for result in map(mapping, _listed(mapping(model).get("results"))):
        kept = [value for value in _metrics(result) if _key(result, value) not in known]
        if kept or not _metrics(result):
            results.append({**result, "metrics": kept} if kept else dict(result))
    return {**model, "results": results} if results else {}


def _measured(index: Any) -> Iterator[tuple[str, ...]]:
    """What the results of a `model-index` are about."""
    for model in _listed(index):
        for result in map(mapping, _listed(mapping(model).get("results"))):
            yield from (_key(result, value) for value in _metrics(result))


def _metrics(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [value for value in _listed(result.get("metrics")) if isinstance(value, Mapping)]


def _key(result: Mapping[str, Any], metric: Mapping[str, Any]) -> tuple[str, ...]:
    """The dataset and the metric of a result; its revision may differ between two pushes of the same result."""
    dataset = mapping(result.get("dataset"))
    told = [mapping(result.get("task")).get("type"), *(dataset.get(key) for key in ("type", "config", "split"))]
    return tuple(map(str, [*told, metric.get("type")]))

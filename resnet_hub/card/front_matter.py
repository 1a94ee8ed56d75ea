"""Edits single keys of a README's YAML front matter; all else in it is kept as typed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import yaml

from resnet_hub.card.parse import BoundedLoader, CardText
from resnet_hub.errors import CheckpointError


def update_front_matter(card: CardText, values: Mapping[str, Any], *, drop: Collection[str] = ()) -> str:
    """The README with these front matter values; other keys, their comments and style, and the body are kept as typed.

    Args:
        card: A whole README; it gets a block where it has none.
        values: Keys that are set, new ones at the end.
        drop: Keys to remove, unless `values` sets them.
    """
    kept = {key: value for key, value in card.metadata.items() if key not in drop or key in values}
    wanted = {**kept, **values}
    if wanted == card.metadata:
        return str(card)
    return _edited(card, wanted) or str(CardText(wanted, card.body))


def _edited(card: CardText, wanted: Mapping[str, Any]) -> str | None:
    """The README with the changed keys put in place of the old ones; None where its YAML does not allow it."""
    if card.fenced is None:
        return None
    opening, block, closing = card.fenced
    root = yaml.compose(block, Loader=BoundedLoader)
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        return None
    pieces, at = [], 0
    for key, value in root.value:
        name = key.value
        if name in wanted and wanted[name] == card.metadata.get(name):
            continue
        pieces += [block[at : key.start_mark.index], _dumped({name: wanted[name]}) if name in wanted else ""]
        at = _end_of_value(block, key.start_mark.index, value.end_mark.index)
    left = "".join([*pieces, block[at:]]).rstrip()
    added = {name: value for name, value in wanted.items() if name not in card.metadata}
    lines = "\n".join(filter(str.strip, [left, _dumped(added) if added else ""])).splitlines()
    new = opening + ("\r\n" if "\r\n" in opening else "\n").join(lines) + closing + card.body
    try:
        # An alias may point at what was replaced, and unusual YAML may be cut at a wrong place.
        return new if CardText.parse(new.encode(), "README.md").metadata == dict(wanted) else None
    except CheckpointError:
        return None


def _end_of_value(block: str, start: int, end: int) -> int:
    """Where the value ends, without the blank lines and comments after it, which belong to the next key."""
    lines = block[start:end].splitlines(keepends=True)
    while len(lines) > 1 and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines.pop()
    return start + len("".join(lines).rstrip())


def _dumped(values: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True, width=10**6).rstrip("\n")

"""README.md of a Space: what the Hub reads at its top, and a text of ours that its owner may write beside."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from resnet_hub.card import CardText, license_keys, marked, update_front_matter
from resnet_hub.space.model import ServedModel
from resnet_hub.space.present import SpaceSettings

APPEARANCE = {
    "emoji": "🪜",
    "colorFrom": "green",
    "colorTo": "indigo",
    "short_description": "Try a residual network, and see what it saw",
}
"""Front matter that a Space gets where its owner has written none."""
# The sentence that the Hub writes into a new Space.
TEMPLATE_TEXT = "Check out the configuration reference at https://huggingface.co/docs/hub/spaces-config-reference"
SECTION = "space"
"""The name of our text in README.md, which stands between marks."""
OF_MODEL = ("models", "datasets", "preload_from_hub")
"""Front matter that another network may not have."""


def readme(
    repo_id: str,
    card: CardText,
    settings: SpaceSettings,
    values: Mapping[str, Any],
    said: str,
    *,
    usual: Mapping[str, Any] | None = None,
    drop: Sequence[str] = (),
) -> str:
    """The file, in which what its owner wrote stays.

    Args:
        repo_id: owner/name of the Space.
        card: What is there.
        settings: What the owner wants.
        values: Front matter that follows from the network and from what the page runs on.
        said: Our text.
        usual: Front matter that is added where the owner has written none.
        drop: Front matter of ours that goes where it is not among the values.
    """
    fallback = {"title": title_of(repo_id), **APPEARANCE, **(usual or {})}
    values = {**{key: value for key, value in fallback.items() if key not in card.metadata}, **values}
    if settings.title is not None:
        values["title"] = settings.title
    if settings.hardware is not None:
        values["suggested_hardware"] = settings.hardware
    written = CardText({}, "" if card.body.strip() == TEMPLATE_TEXT else card.body)
    body = written.with_sections_of(CardText({}, f"\n{marked(SECTION, said)}\n"))
    ours = *OF_MODEL, *drop, *(["license_name"] if "license" in values else [])
    return update_front_matter(CardText(card.metadata, body, card.front), values, drop=ours)


def keys_of_model(model: ServedModel) -> dict[str, Any]:
    """The front matter that follows from the network alone."""
    values: dict[str, Any] = {**license_keys(model.license)}
    if model.repo_id is not None:
        values["models"] = [model.repo_id]
    if model.datasets:
        values["datasets"] = list(model.datasets)
    return values


def title_of(repo_id: str) -> str:
    """The title of a Space that nobody gave one."""
    words = re.sub(r"[-_.]+", " ", repo_id.rpartition("/")[2]).strip()
    return words[:1].upper() + words[1:]

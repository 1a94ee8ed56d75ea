"""The card of a checkpoint folder: written from its config, around the words that somebody wrote into README.md."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor

from resnet_hub.card.contents import IMAGES, SAMPLES_FILE, model_card
from resnet_hub.card.merge import merged_card
from resnet_hub.card.metadata import card_metadata
from resnet_hub.card.parse import MAX_CARD_BYTES, CardText
from resnet_hub.checkpoint import CARD_FILE, CONFIG_FILE, SECTION, CheckpointConfig, forms_in, read_json, weights_digest
from resnet_hub.errors import CheckpointError, Phrase, ResNetHubError


def generated_card(
    values: Mapping[str, Any], folder: Path, repo_id: str | None = None, state: Mapping[str, Tensor] | None = None
) -> CardText:
    """The card generated from `values`, the content of config.json, and from the images and forms in the folder."""
    images = [name for name in (*IMAGES, SAMPLES_FILE) if (folder / name).is_file()]
    forms = [
        form
        for form in forms_in(folder, None if state is None else partial(weights_digest, state))
        if not form.is_stale
    ]
    card = model_card(values, repo_id=repo_id, timm_compatible=opens_in_timm(values), images=images, forms=forms)
    return CardText.parse(card.encode(), CARD_FILE)


def updated_card(
    values: Mapping[str, Any], folder: Path, repo_id: str | None = None, state: Mapping[str, Tensor] | None = None
) -> CardText:
    """The generated card, merged with the hand-written text of the folder's README.md.

    Args:
        values: The content of config.json.
        folder: Where the card, the images and the forms lie.
        repo_id: "owner/name" that it will have on the Hub.
        state: The weights that the folder will have; those in it, where absent.

    Raises:
        CheckpointError: There is a README.md that cannot be read.
    """
    ours, theirs = generated_card(values, folder, repo_id, state), read_card(folder)
    if theirs is None:
        return ours
    try:
        before = metadata_of(read_json(folder / CONFIG_FILE), repo_id)
    except (CheckpointError, OSError):
        before = {}
    return merged_card(theirs, ours, before)


def read_card(folder: Path) -> CardText | None:
    """The folder's README.md, if it has one. Raises: CheckpointError when it cannot be read."""
    file = folder / CARD_FILE
    if not file.is_file():
        return None
    where = Phrase("card.card_in_folder", file=str(file))
    check_card_size(file.stat().st_size, where)
    return CardText.parse(file.read_bytes(), where)


def metadata_of(values: Mapping[str, Any], repo_id: str | None) -> Mapping[str, Any]:
    """The metadata of a card of ours for the config.json with this content; nothing if we did not write that."""
    if not isinstance(values.get(SECTION), dict):
        return {}
    return card_metadata(values, repo_id=repo_id, timm_compatible=opens_in_timm(values))


def opens_in_timm(values: Mapping[str, Any]) -> bool:
    """Whether timm can build the network of this config.json; False where it is not a config of ours."""
    try:
        return CheckpointConfig.from_json(values).opens_in_timm
    except (ResNetHubError, TypeError, ValueError):
        return False


def check_card_size(size: int, where: str | Phrase) -> None:
    """Raises: CheckpointError for a card of more bytes than are read."""
    if size > MAX_CARD_BYTES:
        raise CheckpointError("card.too_large", where=where, size=size, most=MAX_CARD_BYTES)

"""The license of the weights that training starts from, which the fine-tuned weights inherit."""

from __future__ import annotations

import logging

from huggingface_hub import HfApi

from resnet_hub.card import weights_license
from resnet_hub.errors import ConfigError
from resnet_hub.hub import HTTP_ERROR, RepoAddress
from resnet_hub.models import PretrainedNetwork
from resnet_hub.registry import OWNER, find_tag

logger = logging.getLogger("training")


def parent_license(model: PretrainedNetwork, address: RepoAddress | None) -> str | None:
    """The license that the checkpoint names, else the catalog, else its card on the Hub; None where none does.

    Args:
        model: As it was loaded.
        address: Where on the Hub it came from; None for a folder.
    """
    recorded = weights_license(model.metadata.license)
    if recorded or address is None:
        return recorded
    owner, _, name = address.repo_id.partition("/")
    if owner == OWNER:
        try:
            return find_tag(name).license
        except ConfigError:  # newer than the catalog
            pass
    try:
        card = HfApi().model_info(address.repo_id, revision=address.revision).card_data
    except (OSError, ValueError, HTTP_ERROR) as error:
        logger.warning("the license of %s could not be asked for (%s)", address, type(error).__name__)
        return None
    return weights_license(None, card.to_dict() if card else None)  # type: ignore[no-untyped-call]  # the client's

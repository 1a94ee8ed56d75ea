"""Hubs that are not the public one: without Xet, and with addresses of commits that lack their host."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urljoin

from huggingface_hub import constants

Result = TypeVar("Result")

_NO_XET = re.compile(r"\b(?:404|405|501)\b[^\n]{0,500}/xet-write-token/")
"""What Xet's client says of a server that gives out no token for it, in the text of a plain ConnectionError."""

logger = logging.getLogger(__name__)


def with_or_without_xet(upload: Callable[[], Result]) -> Result:
    """What `upload` returns; it is called again without Xet where the Hub turns out to have none.

    The client sends large files by Xet wherever its package is installed, and does not fall back by itself. Nothing of
    this process is sent by Xet from then on.

    Raises:
        ConnectionError: Xet failed in another way; whatever else `upload` raises.
    """
    try:
        return upload()
    except ConnectionError as error:
        if constants.HF_HUB_DISABLE_XET or not _NO_XET.search(str(error)):
            raise
    logger.warning("the Hub at %s has no Xet; large files are sent there by LFS", constants.ENDPOINT)
    constants.HF_HUB_DISABLE_XET = True
    return upload()


def with_host(address: str) -> str:
    """The address of a commit or pull request; some Hubs give its path only."""
    return urljoin(f"{constants.ENDPOINT}/", address)

"""Files of a field in gradio's cache: which come there, and that they are cleared away as uploads are.

Bends `Block.async_move_resource_to_block_cache`, because gradio fetches whatever address stands in place of a file, of
any size and from any host; and adds to `Block.temp_files`, because only what is in there is ever cleared away.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.processing_utils import save_bytes_to_cache

ADDRESSES = ("http://", "https://")


def keep_file(content: bytes, name: str, field: gr.components.Component) -> str:
    """The path of a file of this name with these bytes in the cache of a field; it is cleared away as uploads are."""
    path = save_bytes_to_cache(content, name, cache_dir=field.GRADIO_CACHE)
    field.temp_files.add(path)
    return path


def bring_addresses(field: gr.components.Component, bring: Callable[[str], Awaitable[str]]) -> None:
    """Lets `bring` make an address that is sent in place of the field's file a path in the cache, or refuse it."""
    move = field.async_move_resource_to_block_cache

    async def move_or_bring(url_or_file_path: str | Path | None) -> str | None:
        if str(url_or_file_path).lower().startswith(ADDRESSES):
            return await bring(str(url_or_file_path))
        return await move(url_or_file_path)

    field.async_move_resource_to_block_cache = move_or_bring
    field.takes_addresses = True


def takes_addresses(field: Any) -> bool:
    """Whether something of ours decides about the addresses that a field is sent."""
    return getattr(field, "takes_addresses", False)

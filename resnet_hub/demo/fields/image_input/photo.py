"""The fields for one image and for many: the uploaded bytes reach the classifier unchanged.

Its events need `preprocess=False`, for gradio would decode the file. A subclass of `gr.Image` would be the usual way,
but gradio writes a stub file beside the source of every subclass.
"""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from typing import Any

import gradio as gr
from PIL import Image

from resnet_hub.demo.intake import check_disk
from resnet_hub.demo.overrides import bring_addresses, describe_in_api, keep_file
from resnet_hub.demo.text import PageError, label, refusal_of
from resnet_hub.preprocessing import open_image

# Gradio's own description of a list of files has references in it, which its MCP tools do not resolve.
_FILES: dict[str, Any] = {
    "type": "array",
    "items": {
        "title": "File",
        "type": "object",
        "properties": {
            "path": {"type": "string"},
            "meta": {"type": "object", "properties": {"_type": {"const": "gradio.FileData", "type": "string"}}},
        },
    },
}

# The example value in the snippets of the API documentation.
_EXAMPLE = {"path": "photo.jpg", "meta": {"_type": "gradio.FileData"}, "orig_name": "photo.jpg"}


def photo_field(fetch: Callable[[str], Awaitable[bytes]] | None = None, **options: Any) -> gr.Image:
    """A field for one image, from a file, a camera or the clipboard.

    Args:
        fetch: What brings an image whose address a program sends in place of a file; refused where absent.
        options: Gradio's, such as a label.
    """
    image = gr.Image(sources=["upload", "webcam", "clipboard"], **options)
    bring_addresses(image, _fetching(image, fetch))
    describe_in_api(image, example=_EXAMPLE)
    return image


def upload_button(photo: gr.Image, noted: str) -> Any:
    """A button for another image than the one in `photo`; the field itself takes one by a click only while it is empty.

    It takes files of any kind, for what is no image is refused where its answer would stand. Returns its event, before
    which the browser does what is `noted`, in JavaScript.
    """
    button = gr.UploadButton(label("inputs.choose"), variant="primary", elem_id="choose")
    js = f"image => {{ {noted}; return [[image].flat()[0]] }}"
    return button.upload(None, button, photo, js=js, api_visibility="private")


def files_field(**options: Any) -> gr.File:
    """A field for many files; `options` are gradio's, such as a label."""
    files = gr.File(file_count="multiple", **options)
    describe_in_api(files, _FILES, [_EXAMPLE])
    return files


def kept_image(content: bytes, field: gr.Image) -> str:
    """The path of a file with these bytes among the uploads, for an image field; it is cleared away as they are.

    Raises:
        ImageError: They are no image.
        PageError: The disk is nearly full.
    """
    open_image(content)
    with Image.open(io.BytesIO(content)) as opened:
        suffix = (opened.format or "png").lower()
    check_disk(len(content))
    return keep_file(content, f"image.{suffix}", field)


def _fetching(field: gr.Image, fetch: Callable[[str], Awaitable[bytes]] | None) -> Callable[[str], Awaitable[str]]:
    """A function that downloads a public URL to a file among the uploads, within the limits of size."""

    async def bring(address: str) -> str:
        try:
            if fetch is None:
                raise PageError("page.nothing_from_the_web")
            return kept_image(await fetch(address), field)
        except Exception as error:
            raise refusal_of(error) from error

    return bring

"""The fields for one and for many pictures: what was uploaded reaches the classifier as the very bytes that were sent.

Its events need `preprocess=False`, for gradio would decode the file. A subclass of `gr.Image` would be the usual way,
but gradio writes a stub file beside the source of every subclass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from resnet_hub.demo.refusal import Refusal


def photo_field(**options: Any) -> gr.Image:
    """A field for one picture, from a file, a camera or the clipboard; `options` are gradio's, such as a label."""
    image = gr.Image(sources=["upload", "webcam", "clipboard"], **options)
    image.async_move_resource_to_block_cache = _refuse_addresses(image.async_move_resource_to_block_cache)
    image.example_payload = _example_payload
    return image


def files_field(**options: Any) -> gr.File:
    """A field for many files; `options` are gradio's, such as a label."""
    files = gr.File(file_count="multiple", **options)
    files.async_move_resource_to_block_cache = _refuse_addresses(files.async_move_resource_to_block_cache)
    files.example_payload = lambda: [_example_payload()]
    return files


def uploaded_bytes(file: Mapping[str, Any] | None) -> bytes | None:
    """The bytes of the file in a picture field, or None where there is none.

    Raises:
        Refusal: the file was not uploaded to this page, or has been cleared away since.
    """
    return None if file is None else _uploaded_path(file).read_bytes()


def uploaded_files(files: object) -> list[tuple[str, Path]]:
    """What visitors call the files of a field for many, and where they lie; empty where there are none.

    Raises:
        Refusal: One was not uploaded to this page, or has been cleared away since; or it is no list of files.
    """
    if files is None:
        return []
    if not isinstance(files, list) or not all(isinstance(file, Mapping) for file in files):
        raise Refusal("the pictures came as something else than files; please send a list of files")
    return [(str(file.get("orig_name") or "no name"), _uploaded_path(file)) for file in files]


def _uploaded_path(file: Mapping[str, Any]) -> Path:
    path = Path(str(file.get("path"))).resolve()
    # A client of the API may name any file of the server here.
    if not path.is_relative_to(Path(get_upload_folder()).resolve()) or not path.is_file():
        raise Refusal("this picture is not, or no longer, on the server; please choose it again")
    return path


def picture_choice(paths: Sequence[Path], image: gr.Image, label: Any) -> None:
    """A row of pictures; a click puts one into the field `image`."""
    choice = gr.Dataset(
        components=[gr.Image(render=False)],
        samples=[[str(path)] for path in paths],
        type="index",
        label=label,
        elem_id="examples",
    )
    choice.click(
        lambda index: paths[index], choice, image, queue=False, show_progress="hidden", api_visibility="private"
    )


def _refuse_addresses(move: Any) -> Any:
    """`move`, which brings a file into gradio's cache, but for addresses: their size would have no limit."""

    async def move_files_only(url_or_file_path: str | Path | None) -> str | None:
        if str(url_or_file_path).lower().startswith(("http://", "https://")):
            raise Refusal("this page fetches nothing from the web; please send the picture itself")
        return await move(url_or_file_path)

    return move_files_only


def _example_payload() -> dict[str, Any]:
    """The value in the snippets on the page of the API."""
    return {"path": "photo.jpg", "meta": {"_type": "gradio.FileData"}, "orig_name": "photo.jpg"}

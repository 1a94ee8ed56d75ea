"""The page's API as tools for agents, by the Model Context Protocol (MCP): gradio's server, with our images and JSON.

Bends the class of `Blocks.mcp_server_obj` once it is made, because gradio has no way to choose it. Left alone, it
stores images of any size for ever, answers with Python's repr in place of JSON, and never closes its own client.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import re
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import gradio as gr
from gradio.mcp import GradioMCPServer
from gradio.utils import get_upload_folder

from resnet_hub.demo.intake import check_disk
from resnet_hub.demo.settings import PageSettings
from resnet_hub.demo.text import PageError, sentence_of

log = logging.getLogger(__name__)

HOW_IMAGES_COME = (
    "Pictures are data URIs, data:image/jpeg;base64,…; a single one may be an address, https://…, that anyone may read."
)
UPLOADED = re.compile(r"https?://[^?#]+/gradio_api/file=(?P<path>[^?#]+)")
IMAGE_URI = re.compile(r"data:(?P<type>image/(?:png|jpeg|webp));base64,(?P<content>[A-Za-z0-9+/=]+)")
SENDABLE = 4 / 3
"""Bytes that one byte of a file takes in base64."""


def why_no_tools(settings: PageSettings) -> str | None:
    """Why the page cannot be used as tools, in a sentence; None where it can."""
    if settings.mcp == "off":
        return "RESNET_HUB_MCP=off"
    try:
        installed = version("mcp")
    except PackageNotFoundError:
        return "the package mcp is not installed; `pip install 'gradio[mcp]'` brings it"
    if installed.partition(".")[0] != "1":
        return f"gradio cannot use mcp {installed}; `pip install 'mcp>=1.21,<2'` brings one that it can"
    return None


def set_up_tools(page: gr.Blocks, settings: PageSettings) -> None:
    """Changes how the server of a launched page takes images and answers; logs why where there is no server."""
    server = page.mcp_server_obj
    if server is None:
        log.warning("agents cannot use this page as tools: %s", page.mcp_error)
        return
    # Gradio makes its server while it launches, and gives no way to choose the class.
    server.__class__ = ToolServer
    server.max_file_mb = settings.max_file_mb
    server.manager.asgi_app.max_body_size = int(SENDABLE * settings.max_file_mb * 1_000_000) + 1_000_000
    page.close = _closing(page.close, server)


def _closing(close: Callable[..., None], server: GradioMCPServer) -> Callable[..., None]:
    """`close`, which ends a page, and then what its server calls it with."""

    def close_both(*arguments: Any, **named: Any) -> None:
        close(*arguments, **named)
        if server._client_instance is not None:
            server._client_instance.close()

    return close_both


class ToolServer(GradioMCPServer):  # type: ignore[misc]  # gradio has no types
    """Gradio's server, whose endpoints are tools; `set_up_tools` puts it in place."""

    max_file_mb: int
    """Largest file that an agent may send, in megabytes."""

    def convert_strings_to_filedata(self, value: dict[str, Any], filedata_positions: list[list[Any]]) -> dict[str, Any]:
        """The arguments of a call, with what stands for an image as a file that was uploaded.

        Raises:
            ValueError: It is no image, or one above the page's limit; the message is for the agent.
        """
        images = {position[0] for position in filedata_positions}
        # The client that gradio calls itself with would upload whatever file of the server such an object names.
        if any("gradio.FileData" in json.dumps(given) for given in value.values()):
            raise ValueError(f"A picture must be a text. {HOW_IMAGES_COME}")
        return {name: self._files(given) if name in images else given for name, given in value.items()}

    def postprocess_output_data(self, data: Any, root_url: str) -> list[Any]:
        """An answer as JSON; images in it follow as images."""
        content = []
        for output in data:
            images: list[Any] = []
            words = json.dumps(self._without_images(output, images), ensure_ascii=False)
            content += [self.types.TextContent(type="text", text=words), *images]
        return content

    def simplify_filedata_schema(self, schema: dict[str, Any]) -> tuple[dict[str, Any], list[list[Any]]]:
        """The schema of a tool in which an image is a text, and where in it images are."""
        simple, positions = super().simplify_filedata_schema(schema)
        for name, *further in positions:
            # Gradio leaves references in here that lead nowhere, and every call would fail at them.
            image = {"type": "string", "format": "uri"}
            described = {"description": simple["properties"][name].get("description", "")}
            simple["properties"][name] = {**({"type": "array", "items": image} if further else image), **described}
        return simple, positions

    @property
    def _file_data_tool_description(self) -> str:
        """What gradio puts behind the description of a tool that takes a file."""
        return f" {HOW_IMAGES_COME}"

    def _files(self, given: object) -> Any:
        if isinstance(given, list):
            return [self._files(one) for one in given]
        if given is None:
            return None
        if not isinstance(given, str):
            raise ValueError(f"A picture must be a text. {HOW_IMAGES_COME}")
        uploaded = UPLOADED.fullmatch(given)
        if uploaded:
            path = _uploaded_path(unquote(uploaded["path"]))
        elif given.lower().startswith(("http://", "https://")):
            return {"path": given, "meta": {"_type": "gradio.FileData"}}
        else:
            path = self._stored(given)
        return {"path": str(path), "meta": {"_type": "gradio.FileData"}, "orig_name": path.name}

    def _stored(self, text: str) -> Path:
        """Where the image of a data URI lies now, among uploaded files, which are cleared away after a while."""
        content = text.partition(",")[2] if text.startswith("data:") else text
        if len(content) > SENDABLE * self.max_file_mb * 1_000_000 + 4:
            raise ValueError(f"The picture is larger than {self.max_file_mb} MB; make it smaller.")
        try:
            image = base64.b64decode(content, validate=True)
        except ValueError as error:
            raise ValueError(f"This is no picture in base64. {HOW_IMAGES_COME}") from error
        try:
            check_disk(len(image))
        except PageError as error:
            raise ValueError(sentence_of(error)) from error
        path = Path(get_upload_folder(), hashlib.sha256(image).hexdigest(), "image")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(image)
        self.blocks.upload_file_set.add(str(path))
        return path

    def _without_images(self, value: Any, images: list[Any]) -> Any:
        """`value` with a note where an image was; the images are added to the list."""
        if isinstance(value, dict):
            return {name: self._without_images(one, images) for name, one in value.items()}
        if isinstance(value, list):
            return [self._without_images(one, images) for one in value]
        found = IMAGE_URI.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            return value
        images.append(self.types.ImageContent(type="image", data=found["content"], mimeType=found["type"]))
        return f"picture {len(images)} of this answer"


def _uploaded_path(name: str) -> Path:
    """The file of this name, if it was uploaded to the page. Raises: ValueError."""
    path = Path(name.replace("\0", "")).resolve()
    if not path.is_relative_to(Path(get_upload_folder()).resolve()) or not path.is_file():
        raise ValueError("This picture is not, or no longer, on the server; please upload it again.")
    return path

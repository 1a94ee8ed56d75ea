"""What the owner of a page may choose, read from the environment once at start."""

from __future__ import annotations

import ast
import errno
import inspect
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path

from resnet_hub.checks import check_choice, check_integer
from resnet_hub.errors import ConfigError

PREFIX = "RESNET_HUB_"
RENAMED = {"MAX_PICTURES": "MAX_IMAGES"}
"""Settings under the names of earlier versions."""
VARIABLES = {
    "model": f"{PREFIX}MODEL",
    "models": f"{PREFIX}MODELS",
    "device": f"{PREFIX}DEVICE",
    "precision": f"{PREFIX}PRECISION",
    "backend": f"{PREFIX}BACKEND",
    "calibration": f"{PREFIX}CALIBRATION",
    "title": f"{PREFIX}TITLE",
    "preview": f"{PREFIX}PREVIEW",
    "max_file_mb": f"{PREFIX}MAX_FILE_MB",
    "max_zip_mb": f"{PREFIX}MAX_ZIP_MB",
    "max_images": f"{PREFIX}MAX_IMAGES",
    "max_queue": f"{PREFIX}MAX_QUEUE",
    "max_models": f"{PREFIX}MAX_MODELS",
    "max_model_mb": f"{PREFIX}MAX_MODEL_MB",
    "visitor_disk_mb": f"{PREFIX}VISITOR_DISK_MB",
    "visitor_hours": f"{PREFIX}VISITOR_HOURS",
    "visitor_token": f"{PREFIX}VISITOR_TOKEN",
    "answer_seconds": f"{PREFIX}ANSWER_SECONDS",
    "load_seconds": f"{PREFIX}LOAD_SECONDS",
    "run": f"{PREFIX}RUN",
    "mcp": f"{PREFIX}MCP",
    "host": "HOST",
    "port": "PORT",
}
# What other programs call the same; ours go before them.
FALLBACKS = {"host": "GRADIO_SERVER_NAME", "port": "GRADIO_SERVER_PORT"}
CHOICES = {"run": ("images", "figures", "off"), "mcp": ("on", "off"), "visitor_token": ("on", "off")}
# The least and the most that each number may be.
NUMBERS = {
    "max_file_mb": (1, 1024),
    "max_zip_mb": (1, 4096),
    "max_images": (1, 10_000),
    "max_queue": (1, 10_000),
    "max_models": (1, 1000),
    "max_model_mb": (1, 32_000),
    "visitor_disk_mb": (1, 1_000_000),
    "visitor_hours": (1, 8760),
    "answer_seconds": (1, 3600),
    "load_seconds": (1, 3600),
    "port": (1, 65_535),
}
PAGE_FILE = "page.json"
"""A file beside app.py that sets variables; those of the environment go before it."""
MAX_PAGE_BYTES = 100_000


@dataclass(frozen=True)
class PageSettings:
    """The settings of one page; messages name the environment variable in which a wrong value stands."""

    model: str = "resnet50.a1_in1k"
    """Where the network comes from: a folder, a Hub id or a published tag."""
    models: str = "*"
    """What visitors may choose besides: names with wildcards and folders, with commas between; empty for nothing."""
    device: str = "auto"
    """Where the network runs: auto, cpu, cuda, mps."""
    precision: str = "auto"
    """What the network computes in: fp32, bf16, int8 (your network alone), or auto: bf16 where the device has it."""
    backend: str = "auto"
    """What computes the page's own network: eager or fused (PyTorch), onnx, openvino, or auto."""
    calibration: str = ""
    """A folder of at least 100 images that int8 is calibrated and compared on; empty for those of the package."""
    title: str = "What is in this picture?"
    """The heading of the page, plain text."""
    preview: str = ""
    """The address of an image that is shown where somebody shares the page, https://…; empty for none."""
    max_file_mb: int = 20
    """Largest image, in megabytes."""
    max_zip_mb: int = 200
    """Largest zip of images, in megabytes; each image in it is held to `max_file_mb`."""
    max_images: int = 200
    """Images that one visitor may send together."""
    max_queue: int = 64
    """Requests that may wait; further visitors are asked to come back later."""
    max_models: int = 3
    """Networks that are kept in memory; the one that was asked longest ago makes room."""
    max_model_mb: int = 1000
    """Largest weights that visitors may have downloaded, in megabytes."""
    visitor_disk_mb: int = 5000
    """Disk that all networks of visitors may take together, in megabytes; the one asked longest ago makes room."""
    visitor_hours: int = 24
    """How long a network of visitors stays on the disk after somebody asked for it, in hours."""
    visitor_token: str = "off"
    """Whether networks that visitors choose are read with your token, your private and gated ones too: on or off."""
    answer_seconds: int = 60
    """How long an answer may take from when it is its turn; `max_queue` bounds the wait before that."""
    load_seconds: int = 120
    """How long a visitor, or the start of the page, waits for a network to be loaded; it goes on loading afterwards."""
    run: str = "images"
    """What is shown of a run folder: its figures and the images that it kept, the figures alone, or nothing: off."""
    mcp: str = "on"
    """Whether agents may use the page's API as tools, by the Model Context Protocol: on or off."""
    host: str = "127.0.0.1"
    """The address to listen on; 0.0.0.0 lets other machines in."""
    port: int = 7860
    """The TCP port to listen on."""

    def __post_init__(self) -> None:
        for name in ("model", "device", "precision", "backend", "title", "host"):
            if not getattr(self, name).strip():
                raise ConfigError("page_settings.empty", variable=VARIABLES[name])
        if self.preview and not self.preview.startswith("https://"):
            raise ConfigError("page_settings.preview", variable=VARIABLES["preview"], address=self.preview)
        for name, known in CHOICES.items():
            check_choice(VARIABLES[name], getattr(self, name), known)
        for name, (least, most) in NUMBERS.items():
            check_integer(VARIABLES[name], getattr(self, name), least, most)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], model: str | None = None) -> PageSettings:
        """The settings that `environment` holds; `model`, where given, goes before its RESNET_HUB_MODEL.

        A Space gets the host 0.0.0.0, because its visitors come from another machine.

        Raises:
            ConfigError: for an invalid value, or a misspelt RESNET_HUB_ name.
        """
        _refuse_misspelt(environment)
        values: dict[str, str | int] = {"host": "0.0.0.0"} if "SPACE_ID" in environment else {}
        for name, variable in VARIABLES.items():
            text = environment.get(variable, environment.get(FALLBACKS.get(name, variable)))
            if text is not None:
                values[name] = int(text) if name in NUMBERS and text.isascii() and text.isdigit() else text
        return cls(**{**values, **({"model": model} if model is not None else {})})  # type: ignore[arg-type]

    @property
    def address(self) -> str:
        """Where the owner's own browser finds the page."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)
        return f"http://{host}:{self.port}"

    def check_port_is_free(self) -> None:
        """Raises: ConfigError when the page could not listen on its host and port."""
        host = self.host.strip("[]")
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, self.port))
            except OSError as error:
                raise self._refusal(error) from error

    def _refusal(self, error: OSError) -> ConfigError:
        other = self.port + 1 if self.port < 65_535 else 7860
        if error.errno == errno.EADDRINUSE:
            return ConfigError("page_settings.port_in_use", port=self.port, other=other)
        if error.errno == errno.EACCES:
            return ConfigError("page_settings.port_reserved", port=self.port, other=other)
        return ConfigError("page_settings.host", host=self.host)


def meanings() -> dict[str, str]:
    """What each setting means, in the sentence below its field in `PageSettings`."""
    (described,) = ast.parse(inspect.getsource(PageSettings)).body
    fields = described.body  # type: ignore[attr-defined]  # a class has one
    return {
        ast.unparse(field.target): text.value.value
        for field, text in pairwise(fields)
        if isinstance(field, ast.AnnAssign)
    }


def page_variables(folder: Path) -> dict[str, str]:
    """The variables that page.json in `folder` sets, none where it is absent; a model in `folder` gets its whole path.

    Raises:
        ConfigError: The file is no JSON object of texts.
    """
    file = folder / PAGE_FILE
    if not file.is_file():
        return {}
    variables = parse_page_variables(file.read_bytes())
    model = variables.get(VARIABLES["model"])
    if model and (folder / model).is_dir():
        variables[VARIABLES["model"]] = str((folder / model).resolve())
    return variables


def parse_page_variables(content: bytes) -> dict[str, str]:
    """The variables in the content of a page.json. Raises: ConfigError when it is no JSON object of texts."""
    try:
        variables = json.loads(content) if len(content) <= MAX_PAGE_BYTES else None
    except (ValueError, RecursionError):
        variables = None
    if not isinstance(variables, dict) or not all(isinstance(value, str) for value in variables.values()):
        raise ConfigError("page_settings.page_file", file=PAGE_FILE)
    return variables


def _refuse_misspelt(environment: Mapping[str, str]) -> None:
    """Other programs may own names with this prefix too, so only what is nearly one of ours is an error."""
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in VARIABLES.values():
            known = [variable.removeprefix(PREFIX) for variable in VARIABLES.values() if variable.startswith(PREFIX)]
            old = RENAMED.get(name.removeprefix(PREFIX))
            near = [old] if old else get_close_matches(name.removeprefix(PREFIX), known, n=1, cutoff=0.7)
            if near:
                raise ConfigError("page_settings.no_such_setting", name=name, nearest=f"{PREFIX}{near[0]}")

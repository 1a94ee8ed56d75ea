"""What the owner of a page offers to its visitors: folders of this machine, and names on the Hub."""

from __future__ import annotations

import os
from collections.abc import Collection
from fnmatch import fnmatchcase
from pathlib import Path

from resnet_hub.demo.settings import VARIABLES, PageSettings
from resnet_hub.errors import ConfigError
from resnet_hub.registry import OWNER


def owner_folders(settings: PageSettings) -> dict[str, Path]:
    """The folders that the owner named, by the name that visitors read. Raises: ConfigError."""
    named = [settings.model, *(part.strip() for part in settings.models.split(","))]
    folders: dict[str, Path] = {}
    for text in named:
        if text and "*" not in text and os.path.isdir(text):  # noqa: PTH112  # "" and odd texts are no error here
            path = Path(text).resolve()
            if folders.setdefault(path.name, path) != path:
                raise ConfigError("serving.two_folders", variable=VARIABLES["models"], name=path.name)
        elif text and text != settings.model and (text[0] in "./~" or text.count("/") > 1):
            raise ConfigError("serving.no_such_folder", variable=VARIABLES["models"], name=text)
    return folders


def is_offered(name: str, settings: PageSettings) -> bool:
    """Whether a name on the Hub is among those that the owner wrote, with wildcards."""
    short = name.partition("@")[0]
    patterns = [pattern.strip() for pattern in settings.models.split(",") if pattern.strip()]
    return any(fnmatchcase(short, pattern) or fnmatchcase(short, f"{OWNER}/{pattern}") for pattern in patterns)


def free_name(name: str, taken: Collection[str]) -> str:
    """The name, or one like it that no other network has: two of one name could not be told apart."""
    number = 2
    free = name
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    return free

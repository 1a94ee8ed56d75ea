"""Which folders of this machine the owner of a page offers to its visitors."""

from __future__ import annotations

import os
from pathlib import Path

from resnet_hub.demo.settings import VARIABLES, PageSettings
from resnet_hub.errors import ConfigError


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

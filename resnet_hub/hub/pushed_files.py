"""A checkpoint or run folder -> what of it goes to the Hub: no secrets, and no folders of this machine."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

from resnet_hub.card import SAMPLES_FILE, without_folders, without_paths
from resnet_hub.checkpoint import CARD_FILE, CONFIG_FILE, FORMS, SPLIT_FILE, WEIGHTS_FILE, Form, forms_in
from resnet_hub.errors import CheckpointError, Phrase

# What a repository receives of a checkpoint or run folder; never `state/` (the optimizer's) nor `examples/` (images).
# `samples.png` is there only where a run was told to share images.
PUSHED_FILES = (
    CONFIG_FILE,
    WEIGHTS_FILE,
    CARD_FILE,
    "recipe.toml",
    "metrics.jsonl",
    "results.json",
    "curves.png",
    "confusion.png",
    "confusion.csv",
    SPLIT_FILE,
    SAMPLES_FILE,
)
FORM_FILES = tuple(file for name in FORMS for file in Form(name, {}, is_stale=False).files)
"""All that a repository may have of the network's forms for other runtimes; those of its weights are sent as well."""
logger = logging.getLogger(__name__)
TEXTS = (".csv", ".json", ".jsonl", ".md", ".toml")

_TOKEN = re.compile(rb"\bhf_[A-Za-z0-9]{30,}")
# A text in double quotes, as TOML writes it.
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


def pushed_files(folder: Path) -> dict[str, Path | bytes]:
    """The files of a folder that are sent, by name: as they are, or with other content. The card is none of them.

    Raises:
        CheckpointError: There are no weights or no config, or a file holds a Hub token.
    """
    for name in (CONFIG_FILE, WEIGHTS_FILE):
        if not (folder / name).is_file():
            raise CheckpointError("hub.nothing_to_push", name=name, folder=str(folder))
    files: dict[str, Path | bytes] = {}
    for name in PUSHED_FILES:
        if name != CARD_FILE and (folder / name).is_file():
            files[name] = shareable(folder, name)
    for form in forms_in(folder):
        if form.is_stale:
            logger.warning(
                "%s is not sent: it was exported from other weights than %s holds now; export it again",
                folder / form.name,
                folder / WEIGHTS_FILE,
            )
        else:
            files |= {name: shareable(folder, name) for name in form.files if (folder / name).is_file()}
    return files


def shareable(folder: Path, name: str) -> Path | bytes:
    """A file of a folder as others may see it: as it is, or with other content. Raises: CheckpointError for a token."""
    file = folder / name
    if file.suffix not in TEXTS:
        return file
    content = file.read_bytes()
    refuse_token(content, Phrase("hub.file_in_folder", name=name, folder=str(folder)))
    cleaned = _without_folders_in(name, content)
    return file if cleaned == content else cleaned


def refuse_token(content: bytes, where: Phrase) -> None:
    """Raises: CheckpointError for a text with a Hub token in it; the message does not repeat it."""
    found = _TOKEN.search(content)
    if found:
        line = content.count(b"\n", 0, found.start()) + 1
        raise CheckpointError("hub.token_in_file", where=where, line=line)


def _without_folders_in(name: str, content: bytes) -> bytes:
    """The content of a run's file with the last name only of every absolute path; as it is where it is no such file."""
    try:
        if name == "recipe.toml":
            return _QUOTED.sub(lambda quoted: _shortened(quoted[0]), content.decode()).encode()
        if name == "results.json":
            values = json.loads(content)
            told = values["bad_images"]
            values["bad_images"] = without_paths(told)
            if values["bad_images"] != told:
                return (json.dumps(values, indent=2, ensure_ascii=False) + "\n").encode()
    except (ValueError, KeyError, TypeError):
        pass
    return content


def _shortened(quoted: str) -> str:
    value = json.loads(quoted)
    short = without_folders(value)
    return quoted if short == value else json.dumps(short, ensure_ascii=False)

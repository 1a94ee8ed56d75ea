"""The files of a repository of the Hub -> the ledger: what was read of them, and why not of the others."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Mapping
from fnmatch import fnmatch
from typing import Any

from huggingface_hub import DatasetInfo, HfApi

from resnet_hub.errors import Phrase
from resnet_hub.hub import HTTP_ERROR
from resnet_hub.images import SUFFIXES

from ..layouts import METADATA, Ledger, quoted

CARDS = (".gitattributes", ".huggingface.yaml", "dataset_infos.json", "README.md")
"""Files that say how the others are to be read."""


def list_repository(name: str, commit: str | None, ledger: Ledger) -> DatasetInfo | None:
    """What the Hub says of a dataset at a commit; None, which the ledger is told, where it cannot be asked."""
    try:
        return HfApi().dataset_info(name, revision=commit)
    except (OSError, HTTP_ERROR):
        ledger.decide(Phrase("datasets.files_unlisted", name=name))
        return None


def account_for_repository(
    listing: DatasetInfo | None,
    builder: Any,
    files: Mapping[str, list[str]],
    named: Collection[str] | None,
    ledger: Ledger,
) -> None:
    """Tells the ledger of every file of a repository.

    Args:
        listing: What the Hub says of it; without it nothing is told.
        builder: That of `datasets`, with the config that is read and the others.
        files: Of each split, as the config or their names say.
        named: The files that rows name; None where rows come later, as they are asked for.
        ledger: Is told.
    """
    if listing is None:
        return
    own = {path for paths in files.values() for path in paths}
    metadata = {path for path in own if posixpath.basename(path).lower() in METADATA}
    folder_of_images = builder.name == "imagefolder"
    tables = metadata if folder_of_images else own
    images = own - metadata if folder_of_images and (named is None or not metadata) else set(named or ())
    others = _patterns(builder)
    for path in (sibling.rfilename for sibling in listing.siblings or ()):
        ledger.see("files")
        if path in tables:
            ledger.use_files("table")
        elif path in images:
            ledger.use_files("image")
        elif path in CARDS:
            ledger.use_files("card")
        elif named is None and not folder_of_images and path.lower().endswith(SUFFIXES):
            ledger.use_files("image, if a row names it")
        else:
            ledger.leave_out("files", _reason(path, own, tables, others), [path])


def _reason(path: str, own: set[str], tables: set[str], others: Mapping[str, list[str]]) -> Phrase:
    configs = [config for config, patterns in others.items() if any(fnmatch(path, pattern) for pattern in patterns)]
    if configs:
        return Phrase("ledger.other_config", configs=quoted(configs))
    if path in own or (tables and path.lower().endswith(SUFFIXES)):
        return Phrase("tables.not_named", tables=quoted(sorted(tables)))
    return Phrase("ledger.no_config")


def _patterns(builder: Any) -> dict[str, list[str]]:
    """Config -> the patterns of its files, of those that are not read."""
    found = {}
    for name, config in builder.builder_configs.items():
        if name != builder.config.name:
            texts = [str(pattern) for patterns in (config.data_files or {}).values() for pattern in patterns]
            found[name] = [posixpath.join(config.data_dir or "", text) for text in texts]
    return found

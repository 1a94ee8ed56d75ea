"""A folder or a model on the Hub -> what a page needs to serve it; a model that it cannot serve is refused here."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi

from resnet_hub.card import CardText, weights_license
from resnet_hub.checkpoint import (
    CARD_FILE,
    CONFIG_FILE,
    INDICES,
    OLDER_WEIGHTS_FILE,
    PROCESSOR_FILE,
    WEIGHTS_FILE,
    CheckpointConfig,
    local_path,
    read_config,
    shard_names,
)
from resnet_hub.classifier import ImageClassifier
from resnet_hub.demo.examples import find_examples
from resnet_hub.demo.run_report import is_run, shared_files
from resnet_hub.errors import CheckpointError, ConfigError, HubError
from resnet_hub.hub import (
    RepoAddress,
    download_beside,
    download_checkpoint,
    hub_errors,
    is_repo_id,
    repo_address,
    shareable,
)

CHECKPOINT_FOLDER = "checkpoint"
"""Where a Space keeps a checkpoint that came from a folder."""
EXAMPLES_FOLDER = "examples"
IMAGE_SUFFIX = ".webp"
"""Of the images that a run keeps."""
RUN_SHOWN = ("figures", "images", "none")
"""What a Space may show of a run folder: figures, held-out images as well, or nothing."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServedModel:
    """What a Space serves."""

    source: str
    """What the page loads: "owner/name", "owner/name@commit", or `CHECKPOINT_FOLDER`."""
    config: CheckpointConfig
    """What its config.json says."""
    classifier: ImageClassifier | None = field(default=None, repr=False, compare=False)
    """Its network, where the weights are here; those on the Hub are not fetched."""
    repo_id: str | None = None
    """owner/name on the Hub; None where the checkpoint travels with the Space."""
    preload: str | None = None
    """What the Hub fetches while it builds the Space, in the words of `preload_from_hub`."""
    files: Mapping[str, Path | bytes] = field(default_factory=dict)
    """What travels with the Space, by its path in it: a file, or its content."""
    run: str | None = None
    """What is shown of a run, as in `RUN_SHOWN`; None where the folder is not that of a run."""
    license: str | None = None
    """The license of the weights."""
    datasets: Sequence[str] = ()
    """Hub ids of what it was trained on."""
    needs_token: bool = False
    """Whether the Space can read it only with a token of its own."""


def served_model(source: str, *, examples: bool = False, run: str | None = None) -> ServedModel:
    """What a Space needs to serve `source`: a checkpoint or run folder, a model on the Hub, or a published tag.

    A folder's checkpoint travels with the Space, so that page and weights are one commit and never drift apart; with
    `examples`, the images of its folder `examples` as well. A model of the Hub stays there: without a revision the
    page follows its main branch, with one it is pinned to that commit.

    Of a run folder its figures travel too, for a tab that shows the run: `run` is one of `RUN_SHOWN`, and figures where
    nobody says. Its held-out images, which are somebody's data, travel only where that is asked for.

    Raises:
        CheckpointError: The folder does not hold a network that loads.
        ConfigError: `source` is no such name, or a page cannot show what the network answers.
        HubError: The Hub refused or could not be reached, or the repository holds no weights.
    """
    path = local_path(source)
    if path is None:
        if examples:
            raise ConfigError("space.examples_on_hub", source=source)
        if run is not None:
            raise ConfigError("space.run_on_hub", source=source)
        return _from_hub(repo_address(source))
    return _from_folder(path, examples, run)


def _from_folder(folder: Path, examples: bool, run: str | None) -> ServedModel:
    index = next((name for name in INDICES if (folder / name).is_file()), None)
    whole = index is None or (folder / WEIGHTS_FILE).is_file()
    for name in (CONFIG_FILE, *([WEIGHTS_FILE] if whole else [])):
        if not (folder / name).is_file():
            raise CheckpointError("space.nothing_to_serve_in_folder", folder=str(folder), name=name)
    config = read_config(folder)
    _check_shown(config, str(folder))
    classifier = ImageClassifier.from_pretrained(folder, device="cpu")  # what does not load here would not load there
    weights = [WEIGHTS_FILE] if whole or index is None else [index, *shard_names(folder / index)]
    kept = (CONFIG_FILE, *weights, CARD_FILE, PROCESSOR_FILE)
    names = [name for name in kept if (folder / name).is_file()]
    files: dict[str, Path | bytes] = {f"{CHECKPOINT_FOLDER}/{name}": folder / name for name in names}
    if examples:
        images = [path for path in find_examples(str(folder)).paths if path.parent == folder / EXAMPLES_FOLDER]
        if not images:
            raise ConfigError("space.no_examples", folder=str(folder), name=EXAMPLES_FOLDER)
        files |= {f"{CHECKPOINT_FOLDER}/{EXAMPLES_FOLDER}/{path.name}": path for path in images}
    shown, run_files = _run_files(folder, run)
    files |= run_files
    card = folder / CARD_FILE
    said = CardText.parse(card.read_bytes(), str(card)).metadata if card.is_file() else {}
    license = weights_license(config.metadata.license, said)
    datasets = _datasets(said)
    return ServedModel(
        CHECKPOINT_FOLDER, config, classifier, files=files, run=shown, license=license, datasets=datasets
    )


def _run_files(folder: Path, run: str | None) -> tuple[str | None, dict[str, Path | bytes]]:
    """What is shown of a run, and what of it travels; it is said in a line.

    Raises:
        CheckpointError: A file of it holds a Hub token.
        ConfigError: The folder is not that of a run, or has no images, and they were asked for.
    """
    if not is_run(folder):
        if run is not None:
            raise ConfigError("space.no_run", folder=str(folder))
        return None, {}
    if run == "none":
        logger.info("the Space shows nothing of the run")
        return run, {}
    names = shared_files(folder, images=run == "images")
    images = [name for name in names if name.endswith(IMAGE_SUFFIX)]
    if run == "images" and not images:
        raise ConfigError("space.no_held_out", folder=str(folder))
    figures = ", ".join(name for name in names if "/" not in name) or "nothing"
    if images:
        logger.info("the Space shows of the run: %s, and %d held-out images, to everybody", figures, len(images))
    else:
        logger.info("the Space shows of the run: %s; no images of it (--run images shows them to everybody)", figures)
    return run or "figures", {f"{CHECKPOINT_FOLDER}/{name}": shareable(folder, name) for name in names}


def _from_hub(address: RepoAddress) -> ServedModel:
    with hub_errors(address, "read", None):
        info = HfApi().model_info(address.repo_id, revision=address.revision)
    names = {file.rfilename for file in info.siblings or ()}
    weights = next((name for name in (WEIGHTS_FILE, OLDER_WEIGHTS_FILE, *INDICES) if name in names), None)
    if weights is None:
        raise HubError("space.nothing_to_serve", name=str(address))
    config = read_config(download_checkpoint(address.repo_id, revision=info.sha, config_only=True))
    if weights in INDICES and (index := download_beside(f"{address.repo_id}@{info.sha}", weights)) is not None:
        weights = ",".join((weights, *shard_names(index)))
    _check_shown(config, address.repo_id)
    said = info.card_data.to_dict() if info.card_data else {}  # type: ignore[no-untyped-call]  # the client's
    held = address.revision is not None
    needs_token = bool(info.private or info.gated)
    preload = f"{address.repo_id} {CONFIG_FILE},{weights}" + (f" {info.sha}" if held else "")
    return ServedModel(
        source=f"{address.repo_id}@{info.sha}" if held else address.repo_id,
        config=config,
        repo_id=address.repo_id,
        preload=None if needs_token else preload,  # a Space is built without its owner's token
        license=weights_license(config.metadata.license, said),
        datasets=_datasets(said),
        needs_token=needs_token,
    )


def _check_shown(config: CheckpointConfig, where: str) -> None:
    """Raises: ConfigError when the page could not show what the network answers."""
    if config.network.task == "regression":
        raise ConfigError("space.regression", where=where)
    if config.network.num_classes == 0:
        raise ConfigError("space.no_head", where=where)


def _datasets(said: Mapping[str, Any]) -> list[str]:
    found = said.get("datasets") or []
    names = [found] if isinstance(found, str) else found if isinstance(found, list) else []
    return [name for name in names if isinstance(name, str) and "/" in name and is_repo_id(name)]

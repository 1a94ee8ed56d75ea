"""`--resume`: which run goes on, with which settings, and whether the flags given beside it contradict them."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from resnet_hub.card import without_paths
from resnet_hub.errors import ConfigError, TrainingError

from ...settings import AUTO, RENAMED, FinetuneRecipe, flag_of, parse_flags
from ..serialization import Snapshot
from .portable_state import PATHS
from .shared_snapshot import state_of

logger = logging.getLogger("training")


def parse_run(arguments: Sequence[str]) -> tuple[FinetuneRecipe, Snapshot | None]:
    """The recipe of a command line, and the state to go on from, where `--resume` asks for it.

    A run that goes on may have other `--epochs` than it was begun with, and another number of processes.

    Raises:
        ConfigError: Settings that cannot be, or that contradict those of the run.
        TrainingError: There is no state to go on from.
    """
    given, resumed = parse_flags(arguments)
    if resumed is None:
        return FinetuneRecipe(**given), None
    folder = _folder(given, resumed)
    if given.pop("overwrite", False):
        raise ConfigError("run.resumed_and_replaced", folder=str(folder))
    snapshot = state_of(folder)
    state = snapshot.read("run")
    saved = state["recipe"]
    _check_names(saved, folder)
    if given.get("batch_size") == AUTO:  # what was found to fit is saved
        del given["batch_size"]
    saved |= _shared_out(saved, state.get("processes", 1), int(os.environ.get("WORLD_SIZE", "1")), folder)
    saved |= _same_updates(given, saved)
    _check_epochs(given, state, folder)
    _refuse_contradictions(given, saved, folder)
    return FinetuneRecipe(**{**saved, **given, "output": str(folder)}), snapshot


def _shared_out(saved: Mapping[str, Any], before: int, now: int, folder: Path) -> dict[str, int]:
    """Batch size and accumulation with which another number of processes makes the same updates from the same images.

    Batches stay as large as they were where they can, so that BatchNorm sees as many images, and the order of images.

    Raises:
        TrainingError: The images of an update cannot be shared out evenly, or come as a stream.
    """
    if before == now:
        return {}
    size, steps = saved["batch_size"], saved.get("grad_accum_steps", 1)
    images = size * steps * before
    if saved.get("streaming") or images % now:
        raise TrainingError("run.other_processes", folder=str(folder), before=before, processes=now, images=images)
    if (before * steps) % now == 0:
        steps = before * steps // now
    else:
        size, steps = images // now, 1
    logger.warning(
        "resume with %d process(es) in place of %d: each update still takes %d images (%d x batch %d x accumulate %d); "
        "the weights will differ by rounding, by dropout's draws%s",
        now,
        before,
        images,
        now,
        size,
        steps,
        "" if size == saved["batch_size"] else ", and by BatchNorm's batches",
    )
    return {"batch_size": size, "grad_accum_steps": steps}


def _same_updates(given: Mapping[str, Any], saved: Mapping[str, Any]) -> dict[str, int]:
    """Another batch size and accumulation, where each update still takes the same images; none else."""
    if not {"batch_size", "grad_accum_steps"} & given.keys() or saved.get("streaming") or "batch_size" not in saved:
        return {}
    size, steps = (given.get(name, saved.get(name, 1)) for name in ("batch_size", "grad_accum_steps"))
    same = size * steps == saved["batch_size"] * saved.get("grad_accum_steps", 1)
    return {"batch_size": size, "grad_accum_steps": steps} if same else {}


def _check_epochs(given: Mapping[str, Any], state: Mapping[str, Any], folder: Path) -> None:
    """Says how the schedule goes on with another number of epochs. Raises: ConfigError for fewer than are done."""
    before = state["recipe"].get("epochs")
    if "epochs" not in given or before is None or given["epochs"] == before:
        return
    done = len(state.get("rows", ()))
    if given["epochs"] <= done:
        raise ConfigError("run.fewer_epochs", epochs=given["epochs"], done=done, folder=str(folder))
    logger.warning(
        "resume to %d epochs in place of %d: from here on the learning rate is that of a run of %d epochs at this step",
        given["epochs"],
        before,
        given["epochs"],
    )


def _folder(given: Mapping[str, Any], resumed: str) -> Path:
    """The folder of the run that is meant."""
    if not resumed:
        if not given.get("output") and not given.get("dataset"):
            raise ConfigError("run.unnamed")
        return Path(given["output"]) if given.get("output") else FinetuneRecipe(**given).folder
    if given.get("output") and Path(given["output"]).resolve() != Path(resumed).resolve():
        raise ConfigError("run.two_folders", resumed=resumed, output=given["output"])
    return Path(resumed)


def _check_names(saved: Mapping[str, Any], folder: Path) -> None:
    """Raises: ConfigError where the run was started by another version, whose settings had other names."""
    unknown = sorted(saved.keys() - {item.name for item in fields(FinetuneRecipe)})
    if renamed := ", ".join(f"{name} -> {RENAMED[name]}" for name in unknown if name in RENAMED):
        raise ConfigError("run.renamed_settings", folder=str(folder), renamed=renamed)
    if unknown:
        raise ConfigError("run.other_version", folder=str(folder), settings=", ".join(unknown))


def _refuse_contradictions(given: Mapping[str, Any], saved: Mapping[str, Any], folder: Path) -> None:
    settings = {item.name: item for item in fields(FinetuneRecipe)}
    for name, value in given.items():
        if settings[name].metadata["may_change"] or name == "output":
            continue
        before = saved.get(name, settings[name].default)
        if name in PATHS and value is not None and before is not None and without_paths(value) == without_paths(before):
            continue  # it was moved, or is on another machine; that the images are the same is found out later
        if value != before:
            flag = flag_of(name)
            raise ConfigError("run.other_setting", flag=flag, value=value, before=before, folder=str(folder))

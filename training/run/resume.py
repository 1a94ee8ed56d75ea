"""`--resume`: which run goes on, with which settings, and whether the flags given beside it contradict them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from resnet_hub.errors import ConfigError, TrainingError

from ..settings import AUTO, RENAMED, FinetuneRecipe, flag_of, parse_flags
from .run_folder import RESULTS_FILE, STATE_FOLDER
from .serialization import Snapshot, newest_snapshot


def parse_run(arguments: Sequence[str]) -> tuple[FinetuneRecipe, Snapshot | None]:
    """The recipe of a command line, and the state to go on from, where `--resume` asks for it.

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
    snapshot = newest_snapshot(folder / STATE_FOLDER)
    if snapshot is None:
        if (folder / RESULTS_FILE).exists():
            raise TrainingError("run.finished", folder=str(folder))
        raise TrainingError("run.not_interrupted", folder=str(folder))
    saved = snapshot.read("run")["recipe"]
    _check_names(saved, folder)
    if given.get("batch_size") == AUTO:  # what was found to fit is saved
        del given["batch_size"]
    _refuse_contradictions(given, saved, folder)
    return FinetuneRecipe(**{**saved, **given, "output": str(folder)}), snapshot


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
        if value != before:
            flag = flag_of(name)
            raise ConfigError("run.other_setting", flag=flag, value=value, before=before, folder=str(folder))

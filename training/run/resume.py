"""`--resume`: which run goes on, with which settings, and whether the flags given beside it contradict them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from resnet_hub.errors import ConfigError, TrainingError

from ..settings import AUTO, FinetuneRecipe, parse_flags
from .run_folder import RESULTS_FILE, STATE_FOLDER
from .serialization import Snapshot, newest_snapshot

FREE = (
    "threads",
    "workers",
    "save_every_steps",
    "report_to",
    "push_to_hub",
    "hub_private",
    "hub_revision",
    "hub_every",
    "hub_wait",
    "cache_gb",
)
"""Settings that may be others after an interruption: they do not change what is learned."""


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
        raise ConfigError(f"--resume goes on with the run in {str(folder)!r} and --overwrite replaces it; drop one")
    snapshot = newest_snapshot(folder / STATE_FOLDER)
    if snapshot is None:
        if (folder / RESULTS_FILE).exists():
            raise TrainingError(f"the run in {str(folder)!r} is finished, so there is nothing to resume")
        raise TrainingError(
            f"there is no interrupted run in {str(folder)!r}; name its folder with --resume FOLDER, "
            "or start it without --resume"
        )
    saved = snapshot.read("run")["recipe"]
    if given.get("batch_size") == AUTO:  # what was found to fit is saved
        del given["batch_size"]
    _refuse_contradictions(given, saved, folder)
    return _recipe({**saved, **given, "output": str(folder)}, folder), snapshot


def _folder(given: Mapping[str, Any], resumed: str) -> Path:
    """The folder of the run that is meant."""
    if not resumed:
        if not given.get("output") and not given.get("dataset"):
            raise ConfigError("--resume does not say which run; give its folder: --resume runs/insects")
        return Path(given["output"]) if given.get("output") else FinetuneRecipe(**given).folder
    if given.get("output") and Path(given["output"]).resolve() != Path(resumed).resolve():
        raise ConfigError(f"--resume {resumed!r} and --output {given['output']!r} name two folders; drop --output")
    return Path(resumed)


def _refuse_contradictions(given: Mapping[str, Any], saved: Mapping[str, Any], folder: Path) -> None:
    defaults = {item.name: item.default for item in fields(FinetuneRecipe)}
    for name, value in given.items():
        if name in FREE or name == "output":
            continue
        before = saved.get(name, None if defaults[name] is None else defaults[name])
        if value != before:
            flag = f"--{name.replace('_', '-')}"
            raise ConfigError(
                f"{flag} {value} contradicts --resume: the run in {str(folder)!r} trains with {flag} {before}; "
                f"leave {flag} out, or start a new run with another --output"
            )


def _recipe(settings: Mapping[str, Any], folder: Path) -> FinetuneRecipe:
    unknown = set(settings) - {item.name for item in fields(FinetuneRecipe)}
    if unknown:
        raise ConfigError(
            f"the run in {str(folder)!r} was started by another version, with settings that this one lacks: "
            f"{', '.join(sorted(unknown))}"
        )
    return FinetuneRecipe(**settings)

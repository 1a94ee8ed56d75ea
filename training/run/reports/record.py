"""What a run was: command, versions, the project's commit, recipe, dataset, hardware; without paths or tokens."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from accelerate import Accelerator

from resnet_hub.card import without_paths

from ...data import Data
from ...hardware import describe_hardware
from ...settings import FinetuneRecipe

PACKAGES = (
    "resnet_hub",
    "torch",
    "torchvision",
    "timm",
    "accelerate",
    "datasets",
    "huggingface_hub",
    "numpy",
    "pillow",
)
PROJECT = Path(__file__).resolve().parents[2]
GIT_SECONDS = 10


def describe_run(
    recipe: FinetuneRecipe,
    asked: FinetuneRecipe,
    data: Data,
    accelerator: Accelerator,
    command: Sequence[str] | None,
) -> dict[str, Any]:
    """The record of a run that is about to begin, as JSON values.

    Args:
        recipe: Resolved.
        asked: The same before what nobody gave was filled in.
        data: Its dataset; the hash says which image went where.
        accelerator: Of this process.
        command: The flags as they were given; None where a program called.
    """
    dataset = {"name": recipe.dataset, "revision": data.revision, "split_hash": data.split_hash}
    sizes = {"train": len(data.train), "validation": len(data.validation), "test": len(data.test) if data.test else 0}
    return without_paths(
        {
            "command": list(command) if command is not None else None,
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "recipe": recipe.to_json(),
            "changed": asked.changed(),
            "dataset": dataset | {"images": sizes, "classes": len(data.label_names)},
            "versions": versions(),
            "git": git_state(),
            "hardware": describe_hardware(accelerator),
            "processes": accelerator.num_processes,
            "precision": str(accelerator.mixed_precision),
        }
    )


def resumed_record(first: dict[str, Any], now: dict[str, Any], step: int) -> dict[str, Any]:
    """The record of a run that goes on after a step: as it was first, and what is so now."""
    again = {"after_step": step} | {
        name: now[name] for name in ("command", "started", "versions", "git", "hardware", "processes")
    }
    return first | {"resumed": [*first.get("resumed", []), again]}


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that the result depends on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # the project itself, where it runs without being installed
            continue
    return found


def git_state(folder: Path = PROJECT) -> dict[str, Any] | None:
    """The commit of the project's checkout and whether files differ from it; None where it is no checkout."""
    if not (folder / ".git").exists():
        return None
    answers = []
    for question in (("rev-parse", "HEAD"), ("status", "--porcelain", "--untracked-files=no")):
        try:
            asked = subprocess.run(
                ["git", "-C", str(folder), *question], capture_output=True, text=True, timeout=GIT_SECONDS, check=True
            )
        except (OSError, subprocess.SubprocessError):  # no git, or a repository of somebody else
            return None
        answers.append(asked.stdout.strip())
    return {"commit": answers[0], "changed": bool(answers[1])}

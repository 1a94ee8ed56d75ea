"""`--report-to`: the trackers of accelerate that a run reports to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accelerate import Accelerator
from accelerate.tracking import LOGGER_TYPE_TO_CLASS, get_available_trackers

from resnet_hub.checks import nearest
from resnet_hub.errors import ConfigError, TrainingError

PACKAGES = {"comet_ml": "comet-ml"}
"""Packages that have another name than their tracker."""
RUN_NAMES = {"mlflow": "run_name", "trackio": "name", "wandb": "name"}
"""Tracker -> its argument for the name of a run, which would else be two words by chance."""
BUILT_IN = frozenset(LOGGER_TYPE_TO_CLASS)


def tracker_names(report_to: str | None) -> list[str]:
    """The trackers that a flag names.

    Raises:
        ConfigError: accelerate knows none of that name, or its package is not installed.
    """
    names = [name.strip().lower() for name in (report_to or "").split(",") if name.strip()]
    available = {str(name) for name in get_available_trackers()}
    for name in names:
        if name not in LOGGER_TYPE_TO_CLASS:
            near = nearest(name, LOGGER_TYPE_TO_CLASS)
            raise ConfigError("loop.unknown_tracker", name=name, nearest=near)
        if name in BUILT_IN and name not in available:
            raise ConfigError("loop.tracker_not_installed", name=name, package=PACKAGES.get(name, name))
    return names


def start_trackers(
    accelerator: Accelerator, project: str, settings: Mapping[str, Any], *, run: str, resumed: bool = False
) -> None:
    """Begins a run in every tracker of the accelerator, with its settings.

    Args:
        accelerator: Has the trackers.
        project: The dataset's name.
        settings: Those that are numbers, texts and switches are told.
        run: What the run is called: its folder's name, as the Trainer of transformers does.
        resumed: Whether it goes on; trackio then goes on with its run of that name.

    Raises:
        TrainingError: One refuses.
    """
    if not accelerator.log_with:
        return
    plain = {key: value for key, value in settings.items() if isinstance(value, bool | int | float | str)}
    options = {tracker: {argument: run} for tracker, argument in RUN_NAMES.items()}
    options["trackio"] |= {"resume": "allow" if resumed else "never"}
    try:
        accelerator.init_trackers(project, plain, options)
    except Exception as error:  # trackers raise whatever their package does
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        names = ",".join(str(getattr(tracker, "name", tracker)) for tracker in accelerator.log_with)
        raise TrainingError("loop.tracker_failed", names=names, reason=reason) from error


def report(accelerator: Accelerator, figures: Mapping[str, Any], step: int) -> None:
    """Reports the figures of an update of the weights to every tracker; without trackers it does nothing."""
    if accelerator.trackers:
        accelerator.log({key: value for key, value in figures.items() if isinstance(value, int | float)}, step=step)

"""Settings of evaluation and calibration."""

from __future__ import annotations

from dataclasses import dataclass

from resnet_hub.checks import check_choice
from resnet_hub.errors import ConfigError

from ..base import Settings, setting
from .run import AUTO, RunSettings

CHECKPOINTS = ("best", "last", "ema")


@dataclass(frozen=True)
class CalibrationSettings(Settings):
    """Calibration: temperature scaling."""

    calibrate: bool = setting(
        False,
        "calibration: fit a temperature on the validation split, so that confidence matches accuracy",
    )


@dataclass(frozen=True)
class EvaluationSettings(RunSettings):
    """Measures a network on one split of a dataset, the same on any number of processes."""

    model: str = setting("", "checkpoint folder, Hub id or timm tag")
    batch_size: int | str | None = setting(
        None,
        "images per process and step; where absent those of the checkpoint's training, if they are at most 256, else "
        "32; auto: the largest that fits",
        words=(AUTO,),
    )
    checkpoint: str = setting(
        "best",
        "weights of a run folder: best (those of model.safetensors), last (those that training ended with), ema (their "
        "moving average)",
        choices=CHECKPOINTS,
    )
    split: str | None = setting(
        None, "split to measure on; validation, else test, else what the run held out, else the only one where absent"
    )
    json: bool = setting(False, "print the figures as one JSON object with all digits")
    report: str | None = setting(
        None, "folder to write results.json, predictions.parquet, confusion.csv and the figures to"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("--checkpoint", self.checkpoint, CHECKPOINTS)
        if not self.model:
            raise ConfigError("settings.no_model")

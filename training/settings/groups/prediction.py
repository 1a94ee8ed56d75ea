"""Settings of predictions: whose answers, on which images, and where they go."""

from __future__ import annotations

from dataclasses import dataclass

from resnet_hub.checks import check_integer
from resnet_hub.errors import ConfigError

from ..base import setting
from .pushing import HubSettings
from .run import RunSettings


@dataclass(frozen=True)
class PredictionSettings(HubSettings, RunSettings):
    """Writes what a network answers on every image of a split: the same rows on any number of processes."""

    model: str = setting("", "checkpoint folder, Hub id or published name")
    split: str | None = setting(
        None, "split to predict on; validation, else test, else what the run held out, else the first where absent"
    )
    output: str = setting("", "parquet or CSV file to write")
    overwrite: bool = setting(False, "replace the output file where there is one")
    top_k: int = setting(5, "classes in each row, best first")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("--top-k", self.top_k, 1, 100_000)
        if not self.model:
            raise ConfigError("predictions.no_model")
        if not self.output and self.push_to_hub is None:
            raise ConfigError("predictions.no_place")
        if self.output and not self.output.endswith((".parquet", ".csv")):
            raise ConfigError("predictions.no_table", file=self.output)

"""Settings of a check, which looks through a dataset and trains nothing."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from resnet_hub.checks import check_integer
from resnet_hub.config import MAX_INPUT_SIZE

from .base import setting
from .groups import RunSettings, SplitSettings
from .recipe import FinetuneRecipe


@dataclass(frozen=True)
class DataCheckSettings(SplitSettings, RunSettings):
    """Looks through a dataset: images that repeat or cannot be read, labels that are likely wrong."""

    model: str = setting(
        FinetuneRecipe.model, "network whose features judge the labels: checkpoint folder, Hub id or published name"
    )
    image_size: int | None = setting(None, "side of its input in pixels; the checkpoint's where absent")
    max_bad_images: int = setting(10**9, "images that may be undecodable before the check is refused")
    output: str = setting("", "folder of the report; runs/<dataset>-check where absent", public=False)
    overwrite: bool = setting(
        False, "replace a report, and its labels.csv, that the folder already holds", public=False
    )
    seed: int = setting(0, "seed of the split that a run would cut, and of the folds")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("--seed", self.seed, 0, 2**32 - 1)
        if self.image_size is not None:
            check_integer("--image-size", self.image_size, 8, MAX_INPUT_SIZE)

    @property
    def folder(self) -> Path:
        """Where the report is written."""
        name = Path(self.dataset).name.replace(":", "-").replace("@", "-") or "dataset"
        return Path(self.output) if self.output else Path("runs") / f"{name}-check"

    @property
    def recipe(self) -> FinetuneRecipe:
        """The run whose data these are."""
        known = {item.name for item in fields(FinetuneRecipe)} - {"output", "overwrite"}
        return FinetuneRecipe(**{item.name: getattr(self, item.name) for item in fields(self) if item.name in known})

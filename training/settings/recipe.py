"""`FinetuneRecipe`: every setting of a run. Defaults < a recipe file (TOML) < flags; unknown keys are refused."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

from resnet_hub.checks import check_integer, nearest
from resnet_hub.errors import ConfigError

from .base import setting
from .evaluation import CalibrationSettings
from .flags import plain_type, settings_parser
from .frozen import FreezeSettings
from .images import AugmentSettings, CacheSettings, SplitSettings
from .losses import ObjectiveSettings
from .optimization import OptimizationSettings
from .program import launch_command
from .pushing import PublishSettings
from .run import AUTO, USUAL_BATCH, RunSettings
from .saving import SavingSettings
from .schedule import ScheduleSettings
from .search import SearchSettings
from .start import StartSettings
from .streaming import StreamSettings

RECIPES = Path(__file__).parent.parent / "recipes"


@dataclass(frozen=True)
class FinetuneRecipe(
    SearchSettings,
    CalibrationSettings,
    AugmentSettings,
    CacheSettings,
    FreezeSettings,
    ObjectiveSettings,
    OptimizationSettings,
    ScheduleSettings,
    StartSettings,
    StreamSettings,
    SplitSettings,
    PublishSettings,
    SavingSettings,
    RunSettings,
):
    """Fine-tunes a residual network on a dataset of images and writes a checkpoint folder with its report."""

    output: str = setting("", "folder of the run; runs/<dataset>-<model> where absent")
    overwrite: bool = setting(False, "replace a run that the output folder already holds")
    dry_run: bool = setting(False, "tell classes, sizes, time and memory, draw training images, and train nothing")
    seed: int = setting(0, "seed of the split, the order, the augmentation and the new weights")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("--seed", self.seed, 0, 2**32 - 1)
        if self.unfreeze_epoch is not None and self.unfreeze_epoch > self.epochs:
            raise ConfigError("settings.late_unfreeze", epoch=self.unfreeze_epoch, epochs=self.epochs)
        if self.find_lr and self.dry_run:
            raise ConfigError("settings.sweep_and_dry_run")
        if self.streaming and self.batch_size == AUTO:
            raise ConfigError("settings.batch_size_of_stream")
        if self.streaming and self.batch_size is None:
            object.__setattr__(self, "batch_size", USUAL_BATCH)
        if self.head_first and self.from_scratch:
            raise ConfigError("settings.no_features")
        if self.freeze is not None and self.from_scratch and not self.unfreezes:
            raise ConfigError("settings.frozen_random_weights")
        if self.keep_statistics and self.from_scratch:
            raise ConfigError("settings.no_statistics")

    @property
    def folder(self) -> Path:
        """Where the run is written."""
        if self.output:
            return Path(self.output)
        names = (Path(self.dataset).name, Path(self.model).name)
        return Path("runs") / "-".join(name.replace(":", "-").replace("@", "-") or "run" for name in names)

    def to_toml(self) -> str:
        """The resolved settings as a recipe file; absent ones are left out."""
        rows = ((item.name, getattr(self, item.name)) for item in fields(self))
        return "".join(f"{name} = {_toml(value)}\n" for name, value in rows if value is not None)

    def to_json(self) -> dict[str, Any]:
        """The settings that are not absent, as JSON values."""
        return {item.name: value for item in fields(self) if (value := getattr(self, item.name)) is not None}


def parse_flags(arguments: Sequence[str]) -> tuple[dict[str, Any], str | None]:
    """The settings that a command line gives, and what `--resume` names: None without it, empty where it stands alone.

    Raises:
        ConfigError: A flag or a key that there is not.
    """
    parser = settings_parser(FinetuneRecipe, launch_command("finetune"))
    parser.add_argument("--recipe", metavar="NAME|FILE", help=f"settings to start from: {', '.join(recipe_names())}")
    parser.add_argument(
        "--resume",
        metavar="FOLDER",
        nargs="?",
        const="",
        help="go on with the interrupted run in this folder, with its settings; alone, with that of --output",
    )
    flags = vars(parser.parse_args(arguments))
    name, resumed = flags.pop("recipe", None), flags.pop("resume", None)
    return {**(read_recipe(name) if name else {}), **flags}, resumed


def recipe_names() -> list[str]:
    """The recipes that come with the project."""
    return sorted(file.stem for file in RECIPES.glob("*.toml"))


def read_recipe(name: str) -> dict[str, Any]:
    """The settings in a recipe file, given by name or path. Raises: ConfigError."""
    file = RECIPES / f"{name}.toml" if name in recipe_names() else Path(name)
    try:
        values = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("settings.unknown_recipe", name=name, known=", ".join(recipe_names())) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError("settings.no_toml", file=str(file), reason=str(error)) from error
    return _checked(values, str(file))


def _checked(values: Mapping[str, Any], file: str) -> dict[str, Any]:
    """The values with whole numbers as floats where due. Raises: ConfigError for an unknown key or another type."""
    types = get_type_hints(FinetuneRecipe)
    words = {item.name: item.metadata.get("words", ()) for item in fields(FinetuneRecipe)}
    checked = {}
    for key, value in values.items():
        if key not in types:
            raise ConfigError("settings.unknown_key", file=file, key=key, nearest=nearest(key, types))
        kind = plain_type(types[key])
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not kind and value not in words[key]:
            raise ConfigError("settings.wrong_type", file=file, key=key, value=value, type=kind.__name__)
        checked[key] = value
    return checked


def _toml(value: Any) -> str:
    # A JSON text is a TOML basic string but for the delete character, which JSON leaves bare.
    return json.dumps(value).replace("\x7f", "\\u007f")

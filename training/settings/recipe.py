"""`FinetuneRecipe`: every setting of a run. Defaults < a recipe file (TOML) < flags; unknown keys are refused."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

from resnet_hub.checks import check_integer, nearest
from resnet_hub.errors import ConfigError

from .base import flag_of, refuse_both, setting
from .flags import RENAMED, SettingsParser, common, key_answered, key_here, launch_command, plain_type, settings_parser
from .groups import (
    AUTO,
    USUAL_BATCH,
    AugmentSettings,
    CacheSettings,
    CalibrationSettings,
    CheckSettings,
    FreezeSettings,
    LossSettings,
    OptimizationSettings,
    PublishSettings,
    RunSettings,
    SavingSettings,
    ScheduleSettings,
    SearchSettings,
    SplitSettings,
    StartSettings,
    StreamSettings,
)

RECIPES = Path(__file__).parent.parent / "recipes"
MAX_RECIPE_BYTES = 2**20
MAX_PARTS = 8
"""Parts of a key, for which Python's reader takes time by their square; keys of ours have one."""
_QUOTED = re.compile(r"""\"{3}[\s\S]*?\"{3}|'{3}[\s\S]*?'{3}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\#[^\n]*""")


@dataclass(frozen=True)
class FinetuneRecipe(
    SearchSettings,
    CalibrationSettings,
    AugmentSettings,
    CacheSettings,
    CheckSettings,
    FreezeSettings,
    LossSettings,
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

    COMMON = ("dataset", "model", "output", "epochs", "lr", "batch_size", "image_size", "val_fraction")

    output: str = setting("", "folder of the run; runs/<dataset>-<model> where absent", public=False)
    overwrite: bool = setting(False, "replace a run that the output folder already holds", public=False)
    dry_run: bool = setting(
        False, "tell classes, sizes, time and memory, draw training images, and train nothing", public=False
    )
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
        if self.streaming and self.labels is not None:
            raise ConfigError("settings.labels_of_stream")
        if self.streaming and self.batch_size is None:
            object.__setattr__(self, "batch_size", USUAL_BATCH)
        if self.budget is not None:
            self._refuse_beside_budget()
        if self.features_once:
            self._settle_features_once()
        if self.linear_probe_first and self.from_scratch:
            raise ConfigError("settings.no_features")
        if self.freeze is not None and self.from_scratch and not self.unfreezes:
            raise ConfigError("settings.frozen_random_weights")
        if self.freeze_bn_stats and self.from_scratch:
            raise ConfigError("settings.no_statistics")

    def _refuse_beside_budget(self) -> None:
        """Raises: ConfigError for what a budget decides, and for what it cannot measure."""
        decided = ("epochs", "features_once", "freeze", "patience", "start_size", "streaming")
        usual = {item.name: item.default for item in fields(self)}
        for name in decided:
            if (value := getattr(self, name)) != usual[name]:
                refuse_both(**{f"--budget={self.budget}": self.budget, f"{flag_of(name)}={value}": value})

    def _settle_features_once(self) -> None:
        """Settles what follows from features that are computed once: a frozen backbone, and one pass over the images.

        Raises:
            ConfigError: Something is asked for that changes the features, or the weights, from update to update.
        """
        moving = "unfreeze_epoch unfreeze_every start_size ema_decay max_steps from_scratch find_lr mixup cutmix"
        for name in f"{moving} color_jitter random_erasing sync_bn balanced_sampling".split():
            if value := getattr(self, name):
                refuse_both(**{"--features-once": True, f"{flag_of(name)}={value}": value})
        if self.freeze not in (None, "backbone"):
            refuse_both(**{"--features-once": True, f"--freeze={self.freeze}": self.freeze})
        object.__setattr__(self, "freeze", "backbone")
        object.__setattr__(self, "epochs", 1)

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


def parse_flags(arguments: Sequence[str]) -> tuple[dict[str, Any], str | None]:
    """The settings that a command line gives, and what `--resume` names: None without it, empty where it stands alone.

    Raises:
        ConfigError: A flag or a key that there is not.
    """
    flags = vars(finetune_parser().parse_args(arguments))
    name, resumed = flags.pop("recipe", None), flags.pop("resume", None)
    return {**(read_recipe(name) if name else {}), **flags}, resumed


def finetune_parser() -> SettingsParser:
    """The parser of a run: one flag for each setting, `--recipe` and `--resume`."""
    parser = settings_parser(FinetuneRecipe, launch_command("finetune"))
    parser.add_argument("--recipe", metavar="NAME|FILE", help=f"settings to start from: {', '.join(recipe_names())}")
    parser.add_argument(
        "--resume",
        metavar="FOLDER|hf://owner/name",
        nargs="?",
        const="",
        help="go on with the interrupted run in this folder, or of this repository where it was begun with "
        "--hub-state, with its settings; alone, with that of --output",
    )
    common(parser, ("recipe", "dry_run", "resume", "push_to_hub"))
    return parser


def recipe_names() -> list[str]:
    """The recipes that come with the project."""
    return sorted(file.stem for file in RECIPES.glob("*.toml"))


def read_recipe(name: str) -> dict[str, Any]:
    """The settings in a recipe file, given by name or path. Raises: ConfigError."""
    file = RECIPES / f"{name}.toml" if name in recipe_names() else Path(name)
    try:
        if file.stat().st_size > MAX_RECIPE_BYTES:
            raise ConfigError("settings.large_recipe", file=str(file), most=MAX_RECIPE_BYTES)
        text = file.read_text("utf-8")
        _refuse_long_keys(text, str(file))
        values = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("settings.unknown_recipe", name=name, known=", ".join(recipe_names())) from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError("settings.no_toml", file=str(file), reason=str(error)) from error
    return _checked(values, str(file))


def _refuse_long_keys(text: str, file: str) -> None:
    """Raises: ConfigError for a key of many parts, such as a.a.a.a.a.a.a.a.a."""
    for line in _QUOTED.sub("", text).splitlines():
        if any(part.count(".") > MAX_PARTS for part in re.split("[=,]", line)):
            raise ConfigError("settings.long_key", file=file, key=line.strip()[:80])


def _checked(values: Mapping[str, Any], file: str) -> dict[str, Any]:
    """The values with whole numbers as floats where due. Raises: ConfigError for an unknown key or another type."""
    types = get_type_hints(FinetuneRecipe)
    words = {item.name: item.metadata.get("words", ()) for item in fields(FinetuneRecipe)}
    _refuse_unknown(values, types, file)
    checked = {}
    for key, value in values.items():
        kind = plain_type(types[key])
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not kind and value not in words[key]:
            raise ConfigError("settings.wrong_type", file=file, key=key, value=value, type=kind.__name__)
        checked[key] = value
    return checked


def _refuse_unknown(keys: Collection[str], known: Collection[str], file: str) -> None:
    """Raises: ConfigError for keys that are no settings, with the names that are meant: of all renamed ones at once."""
    unknown = [key for key in keys if key not in known]
    if renamed := ", ".join(f"{key} -> {RENAMED[key]}" for key in unknown if key in RENAMED):
        raise ConfigError("settings.renamed_keys", file=file, renamed=renamed)
    for key in unknown:
        if here := key_here(key, known):
            raise ConfigError("settings.key_elsewhere", file=file, key=key, here=here)
        if answer := key_answered(key):
            raise ConfigError("settings.key_answered", file=file, key=key, answer=answer)
        raise ConfigError("settings.unknown_key", file=file, key=key, nearest=nearest(key, known))


def _toml(value: Any) -> str:
    # A JSON text is a TOML basic string but for the delete character, which JSON leaves bare.
    return json.dumps(value).replace("\x7f", "\\u007f")

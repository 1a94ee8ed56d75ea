"""`FinetuneRecipe`: every setting of a run. Defaults < a recipe file (TOML) < flags; unknown keys are refused."""

from __future__ import annotations

import argparse
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, NoReturn, get_args, get_type_hints

from resnet_hub.address import push_address
from resnet_hub.checks import check_choice, check_integer, check_range, nearest
from resnet_hub.config import MAX_INPUT_SIZE
from resnet_hub.errors import ConfigError

PUSH_TIMES = ("best", "epoch", "end")
RECIPES = Path(__file__).parent / "recipes"


def setting(default: Any, text: str) -> Any:
    """A field of a recipe with its one-sentence help, units included."""
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True)
class RunSettings:
    """What every run over a dataset is told."""

    dataset: str = setting("", "Hub id (owner/name[:config][@revision]), folder of class folders or parquet, or digits")
    image_column: str | None = setting(None, "column with the pictures; found by its type where absent")
    label_column: str | None = setting(None, "column with the classes; found by its type, then its name, where absent")
    max_bad_pictures: int = setting(0, "pictures that may be undecodable, and are left out, before the run is refused")
    batch_size: int = setting(32, "pictures per process and step")
    workers: int | None = setting(None, "loader processes for each process; by the number of cores where absent")
    threads: int | None = setting(None, "CPU threads of each process; the cores shared out where absent")
    precision: str = setting(
        "auto", "auto, no (float32), bf16 or fp16; auto takes bf16 where the device computes in it"
    )

    def __post_init__(self) -> None:
        if not self.dataset:
            raise ConfigError("--dataset is missing; give a Hub id such as owner/name, a folder, or digits")
        check_integer("--batch-size", self.batch_size, 1, 65_536)
        check_integer("--max-bad-pictures", self.max_bad_pictures, 0, 10**9)
        if self.workers is not None:
            check_integer("--workers", self.workers, 0, 256)
        if self.threads is not None:
            check_integer("--threads", self.threads, 1, 1024)
        check_choice("--precision", self.precision, ("auto", "no", "bf16", "fp16"))


@dataclass(frozen=True)
class HubSettings(RunSettings):
    """What a run that pushes to the Hub is told. The token is none of it: it comes from HF_TOKEN or the saved login."""

    push_to_hub: str | None = setting(None, "owner/name of the repository to push to, made where missing")
    hub_private: bool | None = setting(None, "keep the repository private; its owner's default where absent")
    hub_revision: str | None = setting(None, "branch to push to, made where missing; main where absent")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.push_to_hub is not None:
            push_address(self.push_to_hub, self.hub_revision, create_pr=False)
            return
        for flag, value in (("--hub-private", self.hub_private), ("--hub-revision", self.hub_revision)):
            if value is not None:
                raise ConfigError(f"{flag} says how to push, but not where to; add --push-to-hub owner/name")


@dataclass(frozen=True)
class FinetuneRecipe(HubSettings):
    """Fine-tunes a residual network on a dataset of pictures and writes a checkpoint folder with its report."""

    model: str = setting("resnet50.a1_in1k", "what to start from: checkpoint folder, Hub id or published name")
    output: str = setting("", "folder of the run; runs/<dataset>-<model> where absent")
    overwrite: bool = setting(False, "replace a run that the output folder already holds")
    val_fraction: float = setting(0.2, "share of train held out when there is no validation split, 0 to 1")
    hub_every: str = setting(
        "best", "when to push: best (each new best checkpoint), epoch (after each), end; the end is always pushed"
    )
    hub_wait: int = setting(600, "seconds that the end of the run waits for its last push")

    from_scratch: bool = setting(False, "start from random weights of the architecture that --model names")
    image_size: int | None = setting(None, "side of the input in pixels; the checkpoint's where absent")
    in_chans: int | None = setting(None, "channels of the input, 1 for grey; the checkpoint's where absent")
    drop_path_rate: float = setting(0.0, "stochastic depth: probability of skipping the last block, 0 to 1")

    epochs: int = setting(10, "passes over the training pictures")
    optimizer: str = setting("sgd", "optimizer by timm's name; sgd has Nesterov momentum")
    lr: float = setting(0.01, "peak learning rate of the backbone")
    head_lr_factor: float = setting(1.0, "learning rate of a new head, as a multiple of the backbone's")
    momentum: float = setting(0.9, "momentum of the optimizer, 0 to 1")
    weight_decay: float = setting(1e-4, "weight decay; norms and biases have none")
    warmup_epochs: float = setting(1.0, "epochs over which the learning rate rises from 0")
    label_smoothing: float = setting(0.1, "share of the target spread over all classes, 0 to 1")
    clip_norm: float | None = setting(None, "largest norm of the gradient; not clipped where absent")

    min_crop_area: float = setting(0.35, "smallest share of the picture's area that a random crop keeps, 0 to 1")
    shift: int = setting(0, "largest random shift in pixels, in place of random crops where above 0")
    flip: bool = setting(True, "mirror half of the pictures; wrong where left and right differ, as in digits")

    seed: int = setting(0, "seed of the split, the order, the augmentation and the new weights")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("--hub-every", self.hub_every, PUSH_TIMES)
        check_integer("--hub-wait", self.hub_wait, 0, 86_400)
        check_integer("--epochs", self.epochs, 1, 100_000)
        check_integer("--seed", self.seed, 0, 2**32 - 1)
        check_integer("--shift", self.shift, 0, 1024)
        if self.image_size is not None:
            check_integer("--image-size", self.image_size, 8, MAX_INPUT_SIZE)
        if self.clip_norm is not None:
            check_range("--clip-norm", self.clip_norm, 1e-6, 1e6)
        check_range("--lr", self.lr, 1e-9, 1e3)
        check_range("--head-lr-factor", self.head_lr_factor, 0, 1e6)
        check_range("--momentum", self.momentum, 0, 1)
        check_range("--weight-decay", self.weight_decay, 0, 1e3)
        check_range("--warmup-epochs", self.warmup_epochs, 0, 1e5)
        check_range("--label-smoothing", self.label_smoothing, 0, 0.999)
        check_range("--val-fraction", self.val_fraction, 0.001, 0.9)
        check_range("--min-crop-area", self.min_crop_area, 0.01, 1)
        if self.warmup_epochs > self.epochs:
            raise ConfigError(f"--warmup-epochs {self.warmup_epochs:g} is more than --epochs {self.epochs}; lower it")

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


class _Parser(argparse.ArgumentParser):
    """A parser whose refusals are sentences with the nearest flag."""

    def error(self, message: str) -> NoReturn:
        if message.startswith("unrecognized arguments: "):
            given = message.removeprefix("unrecognized arguments: ").split()[0]
            flags = [flag for action in self._actions for flag in action.option_strings if flag.startswith("--")]
            message = f"there is no flag {given!r}; the nearest are {nearest(given.split('=')[0], flags)}"
        raise ConfigError(f"{message}; see --help")


def settings_parser(settings: type, program: str) -> argparse.ArgumentParser:
    """A parser with one flag for each field of a settings class; flags that are not given stay away."""
    parser = _Parser(f"accelerate launch -m {program}", description=settings.__doc__, allow_abbrev=False)
    types = get_type_hints(settings)
    for item in fields(settings):
        _add_flag(parser, item, types[item.name])
    return parser


def parse_recipe(arguments: Sequence[str]) -> FinetuneRecipe:
    """The recipe of a command line. Raises: ConfigError."""
    parser = settings_parser(FinetuneRecipe, "training.finetune")
    parser.add_argument("--recipe", metavar="NAME|FILE", help=f"settings to start from: {', '.join(recipe_names())}")
    flags = vars(parser.parse_args(arguments))
    name = flags.pop("recipe", None)
    return FinetuneRecipe(**{**(read_recipe(name) if name else {}), **flags})


def recipe_names() -> list[str]:
    """The recipes that come with the project."""
    return sorted(file.stem for file in RECIPES.glob("*.toml"))


def read_recipe(name: str) -> dict[str, Any]:
    """The settings in a recipe file, given by name or path. Raises: ConfigError."""
    file = RECIPES / f"{name}.toml" if name in recipe_names() else Path(name)
    try:
        values = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"there is no recipe {name!r}; give a TOML file or one of {', '.join(recipe_names())}"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"recipe {str(file)!r} is no valid TOML: {error}") from error
    return _checked(values, str(file))


def _checked(values: Mapping[str, Any], file: str) -> dict[str, Any]:
    """The values with whole numbers as floats where due. Raises: ConfigError for an unknown key or another type."""
    types = get_type_hints(FinetuneRecipe)
    checked = {}
    for key, value in values.items():
        if key not in types:
            raise ConfigError(f"recipe {file!r} has an unknown key {key!r}; the nearest are {nearest(key, types)}")
        kind = _plain_type(types[key])
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not kind:
            raise ConfigError(f"recipe {file!r} has {key} = {value!r}; expected a value of type {kind.__name__}")
        checked[key] = value
    return checked


def _add_flag(parser: argparse.ArgumentParser, item: Field[Any], annotation: Any) -> None:
    flag = f"--{item.name.replace('_', '-')}"
    kind = _plain_type(annotation)
    text = f"{item.metadata['help']} (default: {'none' if item.default in (None, '') else item.default})"
    if kind is bool:
        parser.add_argument(
            flag, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS, help=text.replace("%", "%%")
        )
    else:
        parser.add_argument(
            flag, type=kind, default=argparse.SUPPRESS, metavar=kind.__name__.upper(), help=text.replace("%", "%%")
        )


def _plain_type(annotation: Any) -> type:
    """`int` of `int` and of `int | None`."""
    return next((part for part in get_args(annotation) if part is not type(None)), annotation)


def _toml(value: Any) -> str:
    # A JSON text is a TOML basic string but for the delete character, which JSON leaves bare.
    return json.dumps(value).replace("\x7f", "\\u007f")

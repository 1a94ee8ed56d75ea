"""A run begun from Python: keyword arguments -> the settings of a run, its log on the standard error."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

from accelerate.state import AcceleratorState

from resnet_hub.checks import nearest
from resnet_hub.errors import ConfigError, TrainingError
from resnet_hub.terminal import log_printable_lines

from ..entry import is_main
from ..loop import TIME_LIMIT, drawn_live
from ..processes import Stopped
from ..push import from_hub
from ..run import parse_run
from ..settings import RENAMED, FinetuneRecipe, flag_of, key_answered, key_here, plain_type
from .finished_run import Run

LOGGERS = ("training", "resnet_hub")
LONGEST_VALUE = 80
"""Characters of a wrong value that a refusal repeats."""
BEYOND_SETTINGS = ("recipe", "resume")
"""What a command line takes besides the settings: the settings to start from, and the run to go on with."""


class CallableEntry(ModuleType):
    """The module `finetune`, which `from resnet_hub.training import finetune` gives, as a function."""

    def __call__(self, dataset: str | PathLike[str] | None = None, **settings: Any) -> Run | Path:
        """Fine-tunes a residual network on a dataset of images, as `resnet-hub finetune` does.

        Args:
            dataset: Hub id, folder of class folders or of parquet, CSV, or digits.
            settings: The flags of the command line with underscores, such as `model="timm/resnet18.a1_in1k"`,
                `epochs=3`, `lr=1e-3`; `recipe` to start from, and `resume` with the folder of a run to go on with.

        Returns:
            The run; for `dry_run` and `find_lr`, which train nothing, the file that they draw.

        Raises:
            ConfigError: A name or a value that cannot be.
            ResNetHubError: Whatever else stops a run.
        """
        flags = flags_of({"dataset": dataset, **settings})
        with from_python():
            recipe, snapshot = parse_run(from_hub(flags))
            written: Path = self.finetune(recipe, snapshot, flags)
        return written if recipe.find_lr or recipe.dry_run else Run(written)


def flags_of(given: Mapping[str, Any]) -> list[str]:
    """The command line that says the same as keyword arguments; those that are None are left out.

    Args:
        given: Settings by the names of `FinetuneRecipe`, `recipe`, and `resume`: a folder, or True for
            that of `output`.

    Raises:
        ConfigError: A name that there is not, answered with the one that is meant; a value of another type.
    """
    types = {name: plain_type(kind) for name, kind in get_type_hints(FinetuneRecipe).items()}
    words = {item.name: item.metadata["words"] for item in fields(FinetuneRecipe)}
    _refuse_unknown(given, [*types, *BEYOND_SETTINGS])
    flags = []
    for name, value in given.items():
        kind = types.get(name, str)
        if value is None or (name == "resume" and value is False):
            continue
        if name == "resume" and value is True:
            flags.append(flag_of(name))
        elif kind is bool and str(value) in ("True", "False"):  # numpy's too
            flags.append(flag_of(name) if value else flag_of(f"no_{name}"))
        else:
            text = value if isinstance(value, str) and value in words.get(name, ()) else _text(value, kind)
            if text is None:
                raise ConfigError(
                    "session.wrong_type", name=name, value=repr(value)[:LONGEST_VALUE], type=kind.__name__
                )
            flags.append(f"{flag_of(name)}={text}")
    return flags


def _text(value: Any, kind: type) -> str | None:
    """What a flag of this type says of the value; None for one of another type."""
    if isinstance(value, bool) or kind is bool:
        return None
    if kind is int:
        return str(int(value)) if isinstance(value, Integral) else None
    if kind is float:
        return repr(float(value)) if isinstance(value, Real) else None
    if isinstance(value, str | PathLike):
        return str(os.fspath(value))
    if isinstance(value, Sequence) and value and all(isinstance(part, str | Real) for part in value):
        return ",".join(map(str, value))  # as in opt_betas=(0.9, 0.999)
    return None


def _refuse_unknown(names: Collection[str], known: Collection[str]) -> None:
    for name in names:
        if name in RENAMED:
            raise ConfigError("session.renamed", name=name, new=RENAMED[name])
        if name not in known:
            if here := key_here(name, known):
                raise ConfigError("session.elsewhere", name=name, here=here)
            if answer := key_answered(name):
                raise ConfigError("session.answered", name=name, answer=answer)
            raise ConfigError("session.unknown", name=name, nearest=nearest(name, known))


@contextmanager
def from_python() -> Iterator[None]:
    """A block that trains in a process which is not ours: a script, a notebook, one of `notebook_launcher`'s.

    What the run logs stands on the standard error, unless somebody has set up logging; in a notebook the bar and the
    curves are shown. A precision that an earlier run computed with binds this one no more.

    Raises:
        TrainingError: The time limit was reached, and the run is saved.
    """
    AcceleratorState._reset_state()
    with _logged(), drawn_live():
        try:
            yield
        except Stopped as stop:
            if stop.status != TIME_LIMIT:
                raise
            raise TrainingError("session.out_of_time", said=str(stop)) from None


@contextmanager
def _logged() -> Iterator[None]:
    root = logging.getLogger()
    before = {name: logging.getLogger(name).level for name in LOGGERS}
    own = not root.handlers
    level = root.level
    if own:
        log_printable_lines(force=False)
    for name, set_before in before.items():
        if set_before == logging.NOTSET:
            logging.getLogger(name).setLevel(logging.INFO if is_main() else logging.ERROR)
    try:
        yield
    finally:
        for name, set_before in before.items():
            logging.getLogger(name).setLevel(set_before)
        if own:
            root.handlers.clear()
            root.setLevel(level)

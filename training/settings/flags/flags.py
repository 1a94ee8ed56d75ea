"""Settings -> flags, one for each field with its help; a name that is no flag is answered with the one meant."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import Field, fields
from difflib import get_close_matches
from typing import Any, get_args, get_type_hints

from resnet_hub.errors import Phrase

from ..base import flag_of
from .help import SettingsParser
from .other_trainers import ANSWERED, OTHER_TRAINERS

RENAMED = {
    "max_bad_pictures": "max_bad_images",
    "stream_pictures": "stream_images",
    "accumulate": "grad_accum_steps",
    "clip_norm": "clip_grad_norm",
    "clip_value": "clip_grad_value",
    "clip_agc": "clip_grad_agc",
    "policy": "auto_augment",
    "erasing": "random_erasing",
    "head_first": "linear_probe_first",
    "keep_statistics": "freeze_bn_stats",
    "hub_every": "hub_strategy",
}
"""Old name of a field -> its name."""

DASHES = ("\u2013", "\u2014", "\u2212")
"""What word processors and web pages make of the two hyphens before a flag."""
FLAG = re.compile(r"--[a-z][a-z0-9-]*")


def renamed_flag(name: str, flags: Collection[str]) -> str | None:
    """The new name of a flag that had another one in earlier versions, also of a switch with --no-."""
    negated = "--no-" if name.startswith("--no-") else "--"
    new = RENAMED.get(name.removeprefix(negated).replace("-", "_"))
    flag = None if new is None else f"{negated}{new.replace('_', '-')}"
    return flag if flag in flags else None


def flag_here(name: str, flags: Collection[str]) -> str | None:
    """What a flag or key of another trainer is called here, also with underscores; None for an unknown one.

    Args:
        name: With or without dashes in front.
        flags: Those that there are; an answer that names another is none.
    """
    flag = flag_of(name.lstrip("-"))
    here = flag if flag in flags else OTHER_TRAINERS.get(flag)
    return here if here is not None and all(named in flags for named in FLAG.findall(here)) else None


def key_here(name: str, keys: Collection[str]) -> str | None:
    """What a key of a recipe, or a keyword of Python's, is called here, in their spelling; None for an unknown one."""
    here = flag_here(name, [flag_of(key) for key in keys])
    return here and FLAG.sub(lambda flag: flag[0].lstrip("-").replace("-", "_"), here)


def key_answered(name: str) -> Phrase | None:
    """Why a key of a recipe, or a keyword of Python's, that another trainer has is not needed here; None else."""
    return ANSWERED.get(flag_of(name))


def flag_meant(flag: str, flags: Collection[str], given: argparse.Namespace) -> Phrase | None:
    """What to answer to a flag that there is not: its new name, or what it is called here; None for an unknown one.

    A word that resembles no flag is taken for the dataset, where none is given.
    """
    if new := renamed_flag(flag, flags):
        return Phrase("settings.renamed_flag", new=new)
    if flag.startswith("-") and (here := flag_here(flag, flags)):
        return Phrase("settings.flag_elsewhere", here=here)
    if flag.startswith("-") and (answer := ANSWERED.get(flag_of(flag.lstrip("-")))):
        return answer
    if flag.startswith(DASHES) and (here := flag_here(flag.lstrip("".join(DASHES)), flags)):
        return Phrase("settings.two_hyphens", here=here)
    near = get_close_matches(flag, [name.removeprefix("--") for name in flags], n=1)
    if flag.startswith("-") or near:
        return None
    if "--dataset" in flags and not hasattr(given, "dataset"):
        return Phrase("settings.flag_elsewhere", here=f"--dataset {flag}")
    return Phrase("settings.one_value")


def settings_parser(settings: type, program: str) -> SettingsParser:
    """A parser with one flag for each field of a settings class; flags that are not given stay away."""
    parser = SettingsParser(program, description=settings.__doc__, explain_unknown=flag_meant)
    types, told = get_type_hints(settings), set[str]()
    for group in reversed(settings.__mro__):
        # A group may say again what a field of its base is for this entry; the flag stays where the base has it.
        own = [item for item in fields(settings) if item.name in vars(group).get("__annotations__", {}).keys() - told]
        told |= {item.name for item in own}
        if own:
            section = parser.add_argument_group((group.__doc__ or "").partition(".")[0])
            for item in own:
                _add_flag(section, item, types[item.name])
    common(parser, getattr(settings, "COMMON", ()))
    return parser


def common(parser: SettingsParser, names: Iterable[str]) -> None:
    """Puts the flags of these settings into the short help, in their order, where the parser has them."""
    flags = {action.dest: action for action in parser._actions}
    parser.common += [flags[name] for name in names if name in flags]


def _add_flag(parser: argparse._ArgumentGroup, item: Field[Any], annotation: Any) -> None:
    flag = flag_of(item.name)
    kind = plain_type(annotation)
    text = f"{item.metadata['help']} (default: {'none' if item.default in (None, '') else item.default})"
    if kind is bool:
        parser.add_argument(
            flag, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS, help=text.replace("%", "%%")
        )
    else:
        words = item.metadata.get("words", ())
        parser.add_argument(
            flag,
            type=_or_word(kind, words) if words else kind,
            default=argparse.SUPPRESS,
            metavar="|".join(item.metadata.get("choices") or (kind.__name__.upper(), *words)),
            help=text.replace("%", "%%"),
        )


def _or_word(kind: type, words: tuple[str, ...]) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        return text if text in words else kind(text)

    read.__name__ = kind.__name__  # argparse tells it where the text is neither
    return read


def plain_type(annotation: Any) -> type:
    """`int` of `int` and of `int | None`."""
    return next((part for part in get_args(annotation) if part is not type(None)), annotation)

"""Settings -> flags: one for each field, grouped as the settings are, with the field's help."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import Field, fields
from typing import Any, NoReturn, get_args, get_type_hints

from resnet_hub.checks import nearest
from resnet_hub.errors import ConfigError


class _Parser(argparse.ArgumentParser):
    """A parser whose refusals are sentences with the nearest flag."""

    def error(self, message: str) -> NoReturn:
        if message.startswith("unrecognized arguments: "):
            given = message.removeprefix("unrecognized arguments: ").split()[0]
            flags = [flag for action in self._actions for flag in action.option_strings if flag.startswith("--")]
            raise ConfigError("settings.unknown_flag", flag=given, nearest=nearest(given.split("=")[0], flags))
        raise ConfigError("settings.bad_flags", reason=message)


def settings_parser(settings: type, program: str) -> argparse.ArgumentParser:
    """A parser with one flag for each field of a settings class; flags that are not given stay away."""
    parser = _Parser(program, description=settings.__doc__, allow_abbrev=False)
    types, told = get_type_hints(settings), set[str]()
    for group in reversed(settings.__mro__):
        # A group may say again what a field of its base is for this entry; the flag stays where the base has it.
        own = [item for item in fields(settings) if item.name in vars(group).get("__annotations__", {}).keys() - told]
        told |= {item.name for item in own}
        if own:
            section = parser.add_argument_group((group.__doc__ or "").partition(".")[0])
            for item in own:
                _add_flag(section, item, types[item.name])
    return parser


def _add_flag(parser: argparse._ArgumentGroup, item: Field[Any], annotation: Any) -> None:
    flag = f"--{item.name.replace('_', '-')}"
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
            metavar="|".join((kind.__name__.upper(), *words)),
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

"""An argument parser -> values; what cannot be parsed is refused in a sentence, with the flag that is meant."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Iterable
from typing import Any, NoReturn

from resnet_hub.checks import nearest
from resnet_hub.errors import ConfigError, Phrase

Explain = Callable[[str, Collection[str], argparse.Namespace], Phrase | str | None]


class ArgumentParser(argparse.ArgumentParser):
    """A parser without abbreviations, whose flags may stand between other words and whose refusals are sentences."""

    def __init__(
        self,
        program: str,
        *,
        explain_unknown: Explain | None = None,
        **options: Any,
    ) -> None:
        """An empty parser.

        Args:
            program: What stands before the arguments.
            explain_unknown: What to answer to a flag that there is not, given those that there are and what was
                understood so far; the nearest ones are named where it gives None. "key=value" is asked for as "--key".
            options: Those of argparse.
        """
        super().__init__(program, allow_abbrev=False, **options)
        self._explain_unknown = explain_unknown

    def parse_args(self, args: Iterable[str] | None = None, namespace: Any = None) -> Any:
        """The values, in a namespace. Raises: ConfigError."""
        given, unknown = self.parse_known_intermixed_args(args if args is None else list(args), namespace)
        if unknown:
            raise self._refusal(unknown[0], given)
        return given

    def error(self, message: str) -> NoReturn:
        """Raises: ConfigError."""
        raise ConfigError("arguments.refused", reason=message, program=self.prog)

    def _refusal(self, given: str, understood: argparse.Namespace) -> ConfigError:
        takes_words = any(not action.option_strings for action in self._actions)
        if takes_words and not given.startswith("-"):
            return ConfigError("arguments.one_too_many", value=given, program=self.prog)
        flag = given.partition("=")[0]  # without its value, which may be a secret
        flags = [name for action in self._actions for name in action.option_strings if name.startswith("--")]
        asked = f"--{flag}" if "=" in given and not given.startswith("-") else flag
        answer = self._explain_unknown(asked, flags, understood) if self._explain_unknown else None
        near = Phrase("arguments.nearest", nearest=nearest(flag, flags))
        return ConfigError("arguments.unknown_flag", flag=flag, answer=answer or near, program=self.prog)

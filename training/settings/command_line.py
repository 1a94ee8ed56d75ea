"""The command line of an entry, refused before anything large is imported where it cannot be."""

from __future__ import annotations

from collections.abc import Sequence

from .base import Settings
from .data_check import DataCheckSettings
from .flags import SettingsParser, launch_command, settings_parser
from .groups import EvaluationSettings, PredictionSettings
from .recipe import FinetuneRecipe, finetune_parser, parse_flags

SETTINGS: dict[str, type[Settings]] = {
    "check": DataCheckSettings,
    "evaluate": EvaluationSettings,
    "predict": PredictionSettings,
}


def parser_of(entry: str) -> SettingsParser:
    """The parser of an entry: check, finetune, evaluate or predict."""
    if entry == "finetune":
        return finetune_parser()
    parser = settings_parser(SETTINGS[entry], launch_command(entry))
    if entry == "check":
        parser.add_argument("named", metavar="DATASET", nargs="?", help="the dataset, as --dataset names it")
    return parser


def refuse_early(entry: str, arguments: Sequence[str]) -> None:
    """Looks at the flags of an entry, answers those that ask for help, and imports no torch.

    What a run to go on with allows is found out later.

    Raises:
        ConfigError: A flag that there is not, or a value that cannot be.
        SystemExit: The help was shown.
    """
    if entry == "finetune":
        given, resumed = parse_flags(arguments)
        if resumed is None:
            FinetuneRecipe(**given)
        return
    given = vars(parser_of(entry).parse_args(arguments))
    if named := given.pop("named", None):
        given.setdefault("dataset", named)
    SETTINGS[entry](**given)

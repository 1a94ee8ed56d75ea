"""The command line `resnet-hub`: what there is, what a network is, and what it sees in pictures."""

from __future__ import annotations

import argparse
import csv
import json
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple, NoReturn

from resnet_hub import listing
from resnet_hub.checks import nearest
from resnet_hub.classifier import ImageClassifier, Prediction
from resnet_hub.errors import ConfigError, ImageError, ResNetHubError
from resnet_hub.terminal import answer_lines, architecture_lines, facts_lines, printable, tag_lines

PROGRAM = "resnet-hub"
FAILED = 1
"""Exit status when some pictures could not be read."""
MISTAKE = 2
"""Exit status after a user's mistake."""
SOURCE_HELP = "architecture, published tag, checkpoint folder, or owner/name on the Hub"
CSV_HEADER = ("file", "rank", "label", "index", "score")


class Command(NamedTuple):
    """One word of the command line."""

    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


class _Parser(argparse.ArgumentParser):
    """A parser whose refusals are sentences."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message}; see {self.prog} --help")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line and returns its exit status."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING, force=True)
    logging.getLogger("resnet_hub").setLevel(logging.INFO)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", FutureWarning)
            warnings.showwarning = _show_warning  # type: ignore[assignment]  # the rest of it is not shown
            status = _run(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except ResNetHubError as error:
        _complain(error)
        return MISTAKE
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        return 130
    return status


def _run(arguments: Sequence[str]) -> int:
    parser = _top_parser()
    first = arguments[0] if arguments else "--help"
    if first.startswith("-"):
        parser.parse_known_args([first])
        raise ConfigError(f"the command comes first: {PROGRAM} {'|'.join(COMMANDS)} ...; see {PROGRAM} --help")
    if first not in COMMANDS:
        raise ConfigError(f"there is no command {first!r}; the nearest are {nearest(first, COMMANDS)}")
    command = COMMANDS[first]
    parser = _Parser(f"{PROGRAM} {first}", description=command.help, allow_abbrev=False)
    command.add_arguments(parser)
    # Intermixed, so that pictures may stand on both sides of a flag.
    given, unknown = parser.parse_known_intermixed_args(list(arguments[1:]))
    if unknown:
        flags = [flag for action in parser._actions for flag in action.option_strings if flag.startswith("--")]
        near = nearest(unknown[0].partition("=")[0], flags)
        raise ConfigError(f"{parser.prog} takes no {unknown[0]!r}; the nearest flags are {near}")
    return command.run(given)


def _top_parser() -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {command.help}" for name, command in COMMANDS.items()]
    parser = _Parser(
        PROGRAM,
        usage=f"{PROGRAM} COMMAND ...",
        description="\n".join(["Residual networks: list them, look into them, ask them.", "", "commands:", *lines]),
        epilog=f"`{PROGRAM} COMMAND --help` tells what a command takes.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {_version()}")
    return parser


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("patterns", nargs="*", metavar="PATTERN", help="names with wildcards, such as 'seresnext*'")
    parser.add_argument("--tags", action="store_true", help="one line for each set of published weights")
    parser.add_argument("--pretrained", action="store_true", help="only networks with published weights")
    parser.add_argument("--json", action="store_true", help="for programs")


def _list(given: argparse.Namespace) -> int:
    if given.tags:
        rows = listing.tag_rows(given.patterns)
    else:
        rows = listing.architecture_rows(given.patterns, pretrained=given.pretrained)
    if given.json:
        _print_json(rows)
    else:
        _print_lines(tag_lines(rows) if given.tags else architecture_lines(rows))
    return 0


def _info_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", help=SOURCE_HELP)
    parser.add_argument("--json", action="store_true", help="for programs")


def _info(given: argparse.Namespace) -> int:
    facts = listing.network_facts(given.source)
    if given.json:
        _print_json(facts)
    else:
        _print_lines(facts_lines(facts))
    return 0


def _predict_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", help=SOURCE_HELP)
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="a picture's file")
    parser.add_argument("--top-k", type=int, default=5, metavar="N", help="classes for each picture (default: 5)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1 (default: auto)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help=f"a table with the columns {', '.join(CSV_HEADER)}")
    form.add_argument("--json", action="store_true", help="a list of files with their predictions")


def _predict(given: argparse.Namespace) -> int:
    classifier = ImageClassifier.from_pretrained(given.source, device=given.device)
    table = csv.writer(sys.stdout, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    if given.csv:
        table.writerow(CSV_HEADER)
    answered: list[dict[str, Any]] = []
    status = 0
    for file, answer in _answers(classifier, given.images, given.top_k):
        if isinstance(answer, ImageError):
            _complain(answer)
            status = FAILED
        elif given.csv:
            for rank, one in enumerate(answer, start=1):
                table.writerow([printable(file), rank, printable(one.label), one.index, round(one.score, 6)])
        elif given.json:
            answered.append({"file": file, "predictions": [asdict(one) for one in answer]})
        else:
            _print_lines(answer_lines(file, answer))
    if given.json:
        _print_json(answered)
    return status


def _answers(
    classifier: ImageClassifier, files: Sequence[str], top_k: int
) -> Iterator[tuple[str, list[Prediction] | ImageError]]:
    """The ranked classes of each file, or why it cannot be read, in the order of the files."""
    for start in range(0, len(files), classifier.batch_size):
        batch = files[start : start + classifier.batch_size]
        try:
            yield from zip(batch, classifier(list(batch), top_k), strict=True)
        except ImageError:  # one by one, so that the others are answered
            for file in batch:
                try:
                    yield file, classifier(file, top_k)
                except ImageError as error:
                    yield file, error


def _print_lines(lines: Sequence[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def _print_json(values: Any) -> None:
    # json escapes all but printable ASCII by itself, so no text in it can control a terminal.
    sys.stdout.write(json.dumps(values, indent=2) + "\n")


def _complain(error: Exception) -> None:
    sys.stderr.write(f"error: {printable(str(error))}\n")


def _show_warning(message: Warning | str, *_details: Any) -> None:
    sys.stderr.write(f"warning: {printable(str(message))}\n")


def _version() -> str:
    try:
        return version("resnet_hub")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "unknown"


COMMANDS = {
    "list": Command("Lists the networks with their size, cost and published weights.", _list_arguments, _list),
    "info": Command(
        "Tells all that is known of a network: size, cost, input, classes, licence.", _info_arguments, _info
    ),
    "predict": Command("Names what pictures show, best guess first.", _predict_arguments, _predict),
}

"""`resnet-hub list` and `info`: which networks there are, and what is known of one."""

from __future__ import annotations

import argparse

from resnet_hub.cli.catalog import architecture_rows, tag_rows
from resnet_hub.cli.parser import (
    SOURCE_HELP,
    Command,
    add_bare_file_arguments,
    bare_file_options,
    print_json,
    print_lines,
)
from resnet_hub.cli.terminal import architecture_lines, facts_lines, tag_lines


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("patterns", nargs="*", metavar="PATTERN", help="names with wildcards, such as 'seresnext*'")
    parser.add_argument(
        "--exclude",
        action="append",
        default=[],
        metavar="PATTERN",
        help="leave out names that match, such as 'cifar_*'; may be given several times",
    )
    parser.add_argument("--tags", action="store_true", help="one line for each set of published weights")
    parser.add_argument("--pretrained", action="store_true", help="only networks with published weights")
    parser.add_argument("--json", action="store_true", help="for programs")


def _list(given: argparse.Namespace) -> int:
    if given.tags:
        rows = tag_rows(given.patterns, exclude=given.exclude)
    else:
        rows = architecture_rows(given.patterns, exclude=given.exclude, pretrained=given.pretrained)
    if given.json:
        print_json(rows)
    else:
        print_lines(tag_lines(rows) if given.tags else architecture_lines(rows))
    return 0


def _info_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", help=SOURCE_HELP)
    add_bare_file_arguments(parser)
    parser.add_argument("--json", action="store_true", help="for programs")


def _info(given: argparse.Namespace) -> int:
    from resnet_hub.cli.facts import network_facts  # loads torch

    facts = network_facts(given.source, **bare_file_options(given))
    if given.json:
        print_json(facts)
    else:
        print_lines(facts_lines(facts))
    return 0


COMMANDS = {
    "list": Command("Lists the networks with their size, cost and published weights.", _list_arguments, _list),
    "info": Command(
        "Tells all that is known of a network: size, cost, input, classes, license.", _info_arguments, _info
    ),
}

"""`resnet-hub predict`: what images show, as lines, a table or JSON."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from resnet_hub.cli.parser import FAILED, SOURCE_HELP, Command, complain, print_json, print_lines
from resnet_hub.cli.terminal import answer_lines, printable
from resnet_hub.errors import ConfigError, ImageError

if TYPE_CHECKING:
    from resnet_hub.classifier import ImageClassifier, Prediction

CSV_HEADER = ("file", "rank", "label", "index", "score")


def _predict_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", help=SOURCE_HELP)
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="an image's file")
    parser.add_argument("--revision", metavar="R", help="branch, tag or commit, where SOURCE is on the Hub")
    parser.add_argument("--top-k", type=int, default=5, metavar="N", help="classes for each image (default: 5)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1 (default: auto)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help=f"a table with the columns {', '.join(CSV_HEADER)}")
    form.add_argument("--json", action="store_true", help="a list of files with their predictions")


def _predict(given: argparse.Namespace) -> int:
    # Inside, as torch and what needs it are loaded here.
    from resnet_hub.checkpoint import local_path
    from resnet_hub.classifier import ImageClassifier

    if given.revision is not None and local_path(given.source) is not None:
        raise ConfigError("cli.revision_of_folder", source=given.source, revision=given.revision)
    classifier = ImageClassifier.from_pretrained(given.source, device=given.device, revision=given.revision)
    table = csv.writer(sys.stdout, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    if given.csv:
        table.writerow(CSV_HEADER)
    answered: list[dict[str, Any]] = []
    status = 0
    for file, answer in _answers(classifier, given.images, given.top_k):
        if isinstance(answer, ImageError):
            complain(answer)
            status = FAILED
        elif given.csv:
            for rank, one in enumerate(answer, start=1):
                table.writerow([printable(file), rank, printable(one.label), one.index, round(one.score, 6)])
        elif given.json:
            answered.append({"file": file, "predictions": [asdict(one) for one in answer]})
        else:
            print_lines(answer_lines(file, answer))
    if given.json:
        print_json(answered)
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


COMMANDS = {"predict": Command("Names what images show, best guess first.", _predict_arguments, _predict)}

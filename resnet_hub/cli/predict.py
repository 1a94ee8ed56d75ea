"""`resnet-hub predict`: what images show, those of whole folders too, as lines, CSV, JSON or parquet."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from resnet_hub.checks import check_integer
from resnet_hub.cli.parser import SOURCE_HELP, Command, remark
from resnet_hub.cli.tally import Tally
from resnet_hub.cli.terminal import printable
from resnet_hub.errors import ConfigError, Phrase

if TYPE_CHECKING:
    from resnet_hub.cli.answers import Answer


def _predict_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", help=SOURCE_HELP)
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="an image's file, or a folder with images below it")
    parser.add_argument("--revision", metavar="R", help="branch, tag or commit, where SOURCE is on the Hub")
    parser.add_argument("--top-k", type=int, default=5, metavar="N", help="classes for each image (default: 5)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1 (default: auto)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="a table with a line for each class of each image")
    form.add_argument("--json", action="store_true", help="a list of files with their predictions")
    form.add_argument("--parquet", metavar="FILE", help="a table with a row for each image, in a new file")


def _predict(given: argparse.Namespace) -> int:
    # Inside, as torch and what needs it are loaded here.
    from resnet_hub.checkpoint import local_path
    from resnet_hub.classifier import ImageClassifier
    from resnet_hub.cli.answer_forms import check_parquet, unfinished
    from resnet_hub.cli.answers import answers
    from resnet_hub.cli.image_files import folders_among, image_files

    check_integer("--top-k", given.top_k, 1, 100_000)
    if given.parquet is not None:
        check_parquet(given.parquet)
    if given.revision is not None and local_path(given.source) is not None:
        raise ConfigError("cli.revision_of_folder", source=given.source, revision=given.revision)
    classifier = ImageClassifier.from_pretrained(given.source, device=given.device, revision=given.revision)
    folders = folders_among(given.images)
    tally = Tally(folders.values())
    files = image_files(given.images, folders, but=given.parquet and unfinished(given.parquet))
    with _bar(given.images) as done, closing(answers(classifier, files, given.top_k, done)) as answered:
        _write(tally.counted(answered), given)
    return tally.conclude()


def _write(answers: Iterable[Answer], given: argparse.Namespace) -> None:
    """The answers in the form that the user chose."""
    from resnet_hub.cli.answer_forms import write_csv, write_json, write_lines, write_parquet

    if given.parquet is not None:
        escaped = write_parquet(answers, given.parquet)
        if escaped.count:
            remark(Phrase("cli.escaped_names", count=escaped.count, names=escaped))
    elif given.json:
        write_json(answers, _above_the_bar)
    elif given.csv and sys.stdout.isatty():
        write_csv(answers, _above_the_bar, printable)
    elif given.csv:
        with _any_name(sys.stdout):
            write_csv(answers, _above_the_bar)
    else:
        write_lines(answers, _above_the_bar)


@contextmanager
def _any_name(stream: object) -> Iterator[None]:
    """Lets a stream write names of files byte for byte, whatever they are encoded in, and all other text as UTF-8."""
    if not isinstance(stream, io.TextIOWrapper):
        yield
        return
    before = stream.encoding, stream.errors
    stream.reconfigure(encoding="utf-8", errors="surrogateescape")
    try:
        yield
    finally:
        stream.reconfigure(encoding=before[0], errors=before[1])


@contextmanager
def _bar(places: Sequence[str]) -> Iterator[Callable[[], object]]:
    """A bar over all files, on a terminal; calling what it gives moves it by one."""
    from tqdm import tqdm

    from resnet_hub.cli.image_files import folders_among, image_files

    folders = folders_among(places)
    shown = sys.stderr.isatty() and bool(folders)
    total = sum(1 for _ in image_files(places, folders)) if shown else None
    with tqdm(total=total, unit=" files", disable=not shown, leave=False, dynamic_ncols=True) as bar:
        yield bar.update


def _above_the_bar(text: str) -> None:
    """Writes to the standard output; where the bar is on the same terminal, it makes room."""
    if not sys.stdout.isatty():
        sys.stdout.write(text)
        return
    from tqdm import tqdm

    with tqdm.external_write_mode():
        sys.stdout.write(text)


COMMANDS = {"predict": Command("Names what images show, best guess first.", _predict_arguments, _predict)}

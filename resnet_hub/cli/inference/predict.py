"""`resnet-hub predict` and `embed`: what images show, and their features, those of whole folders too, as tables."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import TYPE_CHECKING, Any

from resnet_hub.checks import check_integer
from resnet_hub.cli.inference.streams import above_the_bar, any_name, bar_over
from resnet_hub.cli.inference.tally import Names, Tally
from resnet_hub.cli.parser import SOURCE_HELP, Command, add_bare_file_arguments, bare_file_options, remark
from resnet_hub.cli.terminal import printable
from resnet_hub.errors import ConfigError, Phrase

BACKENDS = ("auto", "eager", "fused", "onnx", "openvino")
PRECISIONS = ("auto", "fp32", "bf16", "int8")
"""Here as well, since the room that knows them loads torch."""

if TYPE_CHECKING:
    from resnet_hub.classifier import ImageClassifier
    from resnet_hub.cli.inference.answers import Answer, Embedding


def _image_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what every command takes that asks a network of images."""
    parser.add_argument("source", metavar="SOURCE", help=SOURCE_HELP)
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="an image's file, or a folder with images below it")
    parser.add_argument("--revision", metavar="R", help="branch, tag or commit, where SOURCE is on the Hub")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1 (default: auto)")
    parser.add_argument(
        "--backend",
        choices=BACKENDS,
        default="auto",
        help="what computes; onnx, openvino: exported once (default: auto)",
    )
    parser.add_argument(
        "--precision", choices=PRECISIONS, default="auto", help="int8 exports once, for a CPU (default: auto)"
    )
    parser.add_argument("--calibration", metavar="FOLDER", help="100 images or more to compare an export on")
    parser.add_argument("--allow-loss", type=float, metavar="POINTS", help="%% of answers int8 may change (default: 1)")
    add_bare_file_arguments(parser)


def _predict_arguments(parser: argparse.ArgumentParser) -> None:
    _image_arguments(parser)
    parser.add_argument("--top-k", type=int, default=5, metavar="N", help="classes for each image (default: 5)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="a table with a line for each class of each image")
    form.add_argument("--json", action="store_true", help="a list of files with their predictions")
    form.add_argument("--parquet", metavar="FILE", help="a table with a row for each image, in a new file")


def _embed_arguments(parser: argparse.ArgumentParser) -> None:
    _image_arguments(parser)
    form = parser.add_mutually_exclusive_group(required=True)
    form.add_argument("--parquet", metavar="FILE", help="a table with a list of features for each image, in a new file")
    form.add_argument("--csv", action="store_true", help="a table with a column for each feature")


def _predict(given: argparse.Namespace) -> int:
    check_integer("--top-k", given.top_k, 1, 100_000)
    from resnet_hub.cli.inference.answers import answers  # loads numpy and Pillow

    return _ask(given, lambda classifier, files, done: answers(classifier, files, given.top_k, done), _write)


def _embed(given: argparse.Namespace) -> int:
    from resnet_hub.cli.inference.answers import embeddings  # as above

    return _ask(given, embeddings, _write_embeddings)


def _ask(given: argparse.Namespace, ask: Callable[..., Any], write: Callable[..., None]) -> int:
    """Asks the network of all images and writes what comes, as it comes; returns the exit status.

    Args:
        given: The command's arguments.
        ask: Takes the classifier, the files and what to call for each; gives what is found of each image.
        write: Takes that, the arguments and the classifier.
    """
    # Inside, as what answers is loaded here: torch too, but for an exported file.
    from resnet_hub.checkpoint import local_path
    from resnet_hub.classifier import ImageClassifier
    from resnet_hub.cli.inference.answer_forms import check_parquet, unfinished
    from resnet_hub.cli.inference.image_files import folders_among, image_files

    if given.parquet is not None:
        check_parquet(given.parquet)
    if given.revision is not None and local_path(given.source) is not None:
        raise ConfigError("cli.revision_of_folder", source=given.source, revision=given.revision)
    how = {name: getattr(given, name) for name in ("device", "backend", "precision", "calibration", "allow_loss")}
    options = bare_file_options(given) | how
    classifier = ImageClassifier.from_pretrained(given.source, revision=given.revision, **options)
    if classifier.model.head_is_new:
        raise ConfigError("cli.random_head", source=given.source, classes=classifier.model.num_classes)
    folders = folders_among(given.images)
    tally = Tally(folders.values())
    files = image_files(given.images, folders, but=given.parquet and unfinished(given.parquet))
    with bar_over(given.images) as done, closing(ask(classifier, files, done)) as found:
        write(tally.counted(found), given, classifier)
    return tally.conclude()


def _write(answers: Iterable[Answer], given: argparse.Namespace, _: ImageClassifier) -> None:
    """The answers in the form that the user chose."""
    from resnet_hub.cli.inference.answer_forms import write_csv, write_json, write_lines, write_parquet

    if given.parquet is not None:
        _say_escaped(write_parquet(answers, given.parquet))
    elif given.json:
        write_json(answers, above_the_bar)
    elif given.csv and sys.stdout.isatty():
        write_csv(answers, above_the_bar, printable)
    elif given.csv:
        with any_name(sys.stdout):
            write_csv(answers, above_the_bar)
    else:
        write_lines(answers, above_the_bar)


def _write_embeddings(embeddings: Iterable[Embedding], given: argparse.Namespace, classifier: ImageClassifier) -> None:
    """The features in the form that the user chose."""
    from resnet_hub.cli.inference.answer_forms import write_embeddings_csv, write_embeddings_parquet

    width = classifier.model.head_hidden_size
    if given.parquet is not None:
        _say_escaped(write_embeddings_parquet(embeddings, width, given.parquet))
    elif sys.stdout.isatty():
        write_embeddings_csv(embeddings, width, above_the_bar, printable)
    else:
        with any_name(sys.stdout):
            write_embeddings_csv(embeddings, width, above_the_bar)


def _say_escaped(names: Names) -> None:
    if names.count:
        remark(Phrase("cli.escaped_names", count=names.count, names=names))


COMMANDS = {
    "predict": Command("Names what images show, best guess first.", _predict_arguments, _predict),
    "embed": Command("Gives the features of images, for a search, a map or a classifier.", _embed_arguments, _embed),
}

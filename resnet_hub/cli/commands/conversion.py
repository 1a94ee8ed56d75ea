"""`resnet-hub convert`: weights of any known origin -> our folder, and a network of ours -> other libraries' files."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from resnet_hub.cli.parser import SOURCE_HELP, Command, print_lines, remark
from resnet_hub.cli.terminal import printable
from resnet_hub.errors import CheckpointError, ConfigError, Phrase, ResNetHubError

TARGETS = ("timm", "torchvision", "transformers")
"""Here as well, since the room that writes for them loads torch."""


def _convert_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", help=f"{SOURCE_HELP}, or a weights file of any known library")
    parser.add_argument("folder", metavar="FOLDER", help="where the files go; made if missing")
    parser.add_argument("--to", choices=TARGETS, help="the library to write for (default: resnet_hub)")
    parser.add_argument("--architecture", metavar="NAME", help="the network, where a file fits several")
    parser.add_argument("--weights", metavar="PLACE", help="which network, where a file holds several, such as ema")
    parser.add_argument("--revision", metavar="R", help="branch, tag or commit, where SOURCE is on the Hub")
    parser.add_argument("--overwrite", action="store_true", help="replace the checkpoint that FOLDER has")


def _convert(given: argparse.Namespace) -> int:
    # Inside, as torch is loaded here.
    from resnet_hub.checkpoint import CONFIG_FILE, WEIGHTS_FILE, local_path
    from resnet_hub.export import export_network
    from resnet_hub.models import AutoResNet

    folder = Path(given.folder).expanduser()
    if folder.exists() and not folder.is_dir():
        raise CheckpointError("cli.convert_into_file", folder=given.folder)
    if not given.overwrite and any((folder / name).exists() for name in (CONFIG_FILE, WEIGHTS_FILE)):
        raise CheckpointError("cli.convert_over_checkpoint", folder=given.folder)
    if given.revision is not None and local_path(given.source) is not None:
        raise ConfigError("cli.revision_of_folder", source=given.source, revision=given.revision)
    named = {} if given.architecture is None else {"architecture": given.architecture}
    model = AutoResNet.from_pretrained(given.source, revision=given.revision, weights=given.weights, **named)
    if model.metadata.license is None and (stated := _stated_license(given.source, given.revision)):
        model.metadata = replace(model.metadata, license=stated)
    if given.to is None:
        model.save_pretrained(folder)
        print_lines([printable(f"AutoResNet.from_pretrained({str(folder)!r})")])
        return 0
    written = export_network(model, folder, given.to)
    if written.left_out:
        remark(Phrase("cli.convert_left_out", library=given.to, parts=", ".join(written.left_out)))
    remark(Phrase("cli.convert_opens", kind=written.kind))
    print_lines([printable(written.opens_with)])
    return 0


def _stated_license(source: str, revision: str | None) -> str | None:
    """The license that the card beside the weights states, which is said; None for a file, and where there is none."""
    from resnet_hub.card import read_card, weights_license
    from resnet_hub.checkpoint import CARD_FILE, local_path
    from resnet_hub.hub import download_beside

    path = local_path(source)
    try:
        card = download_beside(source, CARD_FILE, revision) if path is None else path / CARD_FILE
        read = read_card(card.parent) if card is not None else None
    except ResNetHubError as error:
        remark(Phrase("cli.convert_no_license", error=error))
        return None
    license = weights_license(None, read.metadata) if read is not None else None
    if license is not None:
        remark(Phrase("cli.convert_license", license=license))
    return license


COMMANDS = {
    "convert": Command(
        "Writes weights of any known library as a checkpoint folder, or for another library, and prints how it opens.",
        _convert_arguments,
        _convert,
    )
}

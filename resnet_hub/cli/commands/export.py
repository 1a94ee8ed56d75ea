"""`resnet-hub export`: a network -> a file for another runtime, with the proof that it answers alike."""

from __future__ import annotations

import argparse
from pathlib import Path

from resnet_hub.cli.parser import SOURCE_HELP, Command, add_bare_file_arguments, bare_file_options, print_lines, remark
from resnet_hub.cli.terminal import printable
from resnet_hub.errors import ConfigError, Phrase

JAVASCRIPT = "transformers.js"
RUNTIMES = ("onnx", "openvino", "torch-export", JAVASCRIPT)
PRECISIONS = ("fp32", "fp16", "int8")
INPUTS = ("tensor", "image")
"""Here as well, since the rooms that know them load torch."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", help=SOURCE_HELP)
    parser.add_argument(
        "--to", choices=RUNTIMES, default="onnx", help="the runtime; transformers.js gets a folder (default: onnx)"
    )
    parser.add_argument(
        "--precision", choices=PRECISIONS, help="fp16 halves the file, int8 quarters it at most (default: fp32)"
    )
    parser.add_argument(
        "--input",
        choices=INPUTS,
        help="tensor: the normalized input. image: uint8 of any size, preprocessing inside (default: tensor)",
    )
    parser.add_argument("--output", metavar="FILE", help="default: onnx/model.onnx and the like, in SOURCE or here")
    parser.add_argument("--images", metavar="FOLDER", help="100 images or more to compare with (default: bundled)")
    parser.add_argument("--allow-loss", type=float, metavar="POINTS", help="%% of answers that may change (default: 1)")
    parser.add_argument("--overwrite", action="store_true", help="replace the file that is there")
    parser.add_argument("--revision", metavar="R", help="branch, tag or commit, where SOURCE is on the Hub")
    add_bare_file_arguments(parser)


def _export(given: argparse.Namespace) -> int:
    # Inside, as torch is loaded here.
    from resnet_hub.checkpoint import local_path
    from resnet_hub.export import export_file, export_for_javascript, usual_name
    from resnet_hub.models import AutoResNet

    folder = local_path(given.source)
    if given.revision is not None and folder is not None:
        raise ConfigError("cli.revision_of_folder", source=given.source, revision=given.revision)
    is_javascript = given.to == JAVASCRIPT
    if is_javascript:
        _check_javascript(given)
    options = {
        "images": given.images,
        "allow_loss": given.allow_loss,
        "source": given.source,
        "overwrite": given.overwrite,
    }
    precision, input = given.precision or "fp32", given.input or "tensor"
    beside = folder if folder is not None and folder.is_dir() else Path()
    usual = Path("transformers.js") if is_javascript else beside / usual_name(given.to, precision, input)
    target = Path(given.output or usual)
    model = AutoResNet.from_pretrained(given.source, revision=given.revision, **bare_file_options(given))
    remark(Phrase("cli.export_begins", file=str(target)))
    if is_javascript:
        files = export_for_javascript(
            model, target, told=lambda error: remark(Phrase("cli.export_no_whole_numbers", reason=error)), **options
        )
    else:
        files = (export_file(model, target, given.to, precision=precision, input=input, **options),)
    for written in files:
        if written.left_in_float:
            remark(Phrase("cli.export_left_in_float", blocks=", ".join(written.left_in_float)))
        if written.proof is not None:
            remark(Phrase("cli.export_proof", proof=written.proof.in_words()))
        remark(Phrase("cli.export_sizes", sizes=written.free_sizes))
    if folder is not None and not is_javascript and target.is_relative_to(folder):
        _renew_card(folder)
    print_lines([printable(str(target))])
    return 0


def _renew_card(folder: Path) -> None:
    """Tells of the new file in the card of a checkpoint's folder, where it is one of ours."""
    from resnet_hub.card import read_card, updated_card
    from resnet_hub.checkpoint import CARD_FILE, CONFIG_FILE, read_json, write_atomically

    there = read_card(folder) if folder.is_dir() else None
    if there is not None and there.has_sections:
        card = str(updated_card(read_json(folder / CONFIG_FILE), folder))
        write_atomically(folder / CARD_FILE, lambda file: file.write_text(card, "utf-8"))


def _check_javascript(given: argparse.Namespace) -> None:
    """Raises: ConfigError for a flag that says what the folder has anyway."""
    for name in ("precision", "input"):
        if getattr(given, name) is not None:
            raise ConfigError("export.javascript_one_kind", flag=f"--{name}")


COMMANDS = {
    "export": Command(
        "Writes a network for ONNX Runtime, OpenVINO or torch.export, and keeps the file only if it answers alike.",
        _arguments,
        _export,
    )
}

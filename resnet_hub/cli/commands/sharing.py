"""`resnet-hub push` and `space`: a checkpoint on the Hub, and a page there that serves it."""

from __future__ import annotations

import argparse
from pathlib import Path

from resnet_hub.cli.parser import Command, print_lines
from resnet_hub.cli.terminal import printable
from resnet_hub.errors import CheckpointError, ConfigError, HubError
from resnet_hub.imports import require_extra

TOKEN_HELP = "The token comes from HF_TOKEN or from `hf auth login`; it needs the right to write."


def _push_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="FOLDER", help="checkpoint or run folder")
    parser.add_argument("repo_id", metavar="OWNER/NAME", help="where it goes; made if missing")
    parser.add_argument("--private", action="store_true", help="make a repository that only its owner sees")
    parser.add_argument("--revision", metavar="BRANCH", help="the branch it goes to; made if missing (default: main)")
    parser.add_argument("--create-pr", action="store_true", help="open a pull request instead of changing main")
    parser.add_argument("--message", metavar="TEXT", help="the title of the commit")
    parser.epilog = TOKEN_HELP


def _push(given: argparse.Namespace) -> int:
    folder = Path(given.folder)
    if not folder.is_dir():
        raise CheckpointError("cli.no_folder", folder=given.folder)
    check_logged_in()
    from resnet_hub.hub import push_checkpoint  # loads torch

    url = push_checkpoint(
        folder,
        given.repo_id,
        private=given.private or None,
        revision=given.revision,
        create_pr=given.create_pr,
        commit_message=given.message,
    )
    print_lines([url])
    return 0


def _space_arguments(parser: argparse.ArgumentParser) -> None:
    from resnet_hub.space import HARDWARE, RUN_SHOWN  # loads torch

    parser.add_argument(
        "source", metavar="FOLDER_OR_REPO", help="checkpoint or run folder, owner/name[@revision], or tag"
    )
    parser.add_argument("repo_id", metavar="OWNER/SPACE", help="the Space; made if missing, else brought up to date")
    parser.add_argument("--private", action="store_true", help="make a Space that only its owner sees")
    parser.add_argument("--title", metavar="TEXT", help="the heading of the page and of the Space")
    parser.add_argument(
        "--hardware",
        metavar="NAME",
        help=f"what the Space runs on, at your cost ({', '.join(HARDWARE[:4])}, ...); left as it is where absent",
    )
    parser.add_argument(
        "--examples", action="store_true", help="show the run folder's example images, which are your data, to all"
    )
    parser.add_argument(
        "--run",
        choices=RUN_SHOWN,
        help="what of a run folder is shown to all: its figures (default), its held-out images too, which are your "
        "data, or none",
    )
    parser.add_argument(
        "--static", action="store_true", help="answer in the visitor's browser: no server, no picture leaves it"
    )
    parser.add_argument("--images", metavar="FOLDER", help="with --static: 100 images or more to compare its file with")
    parser.add_argument(
        "--dry-run",
        metavar="DIR",
        help="write the Space into this folder instead, where `python app.py`, or with --static any server of files, "
        "runs it",
    )
    parser.epilog = TOKEN_HELP


def _space(given: argparse.Namespace) -> int:
    from resnet_hub.demo.run_report import is_run
    from resnet_hub.space import SpaceSettings, model_for_browsers, push_space, served_model, space_address, write_space

    _check_kind(given)
    require_extra("demo")
    if given.static:
        require_extra("onnx")
    # What can be told without reading the network comes first.
    space_address(given.repo_id)
    settings = SpaceSettings(given.title, given.hardware)
    if given.dry_run is None:
        check_logged_in()
    is_of_run = given.static and is_run(Path(given.source))  # of which such a page shows nothing
    served = served_model(given.source, examples=given.examples, run="none" if is_of_run else given.run)
    model = model_for_browsers(given.source, served, given.images) if given.static else served
    if given.dry_run is None:
        print_lines([push_space(model, given.repo_id, settings, private=given.private)])
    else:
        write_space(Path(given.dry_run), model, given.repo_id, settings)
        print_lines([printable(given.dry_run)])
    return 0


def _check_kind(given: argparse.Namespace) -> None:
    """Raises: ConfigError for a flag that goes with the other kind of Space."""
    if given.static:
        for name in ("hardware", "run"):
            if getattr(given, name) is not None:
                raise ConfigError("space.not_for_static", flag=f"--{name}")
    elif given.images is not None:
        raise ConfigError("space.only_for_static", flag="--images")


def check_logged_in() -> None:
    """Raises: HubError where no token is found."""
    from huggingface_hub import get_token

    if get_token() is None:
        raise HubError("cli.not_logged_in")


COMMANDS = {
    "push": Command("Puts a checkpoint on the Hub, in one commit, and prints its address.", _push_arguments, _push),
    "space": Command("Puts a page on the Hub on which anyone can try a network.", _space_arguments, _space),
}

"""What app.py runs: reads the settings, loads the network, builds the page, serves it."""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from resnet_hub.demo.settings import FALLBACKS, NUMBERS, PAGE_FILE, VARIABLES, PageSettings, meanings, page_variables
from resnet_hub.errors import ResNetHubError
from resnet_hub.imports import require_extra
from resnet_hub.terminal import ArgumentParser, log_printable_lines, on_standard_streams, printable


def main(arguments: Sequence[str], folder: Path) -> int:
    """Exit status: 0 after the page was served, 2 after a user's mistake, 130 after Ctrl-C at the start.

    Args:
        arguments: What stands behind `python app.py`.
        folder: Where app.py lies, perhaps with a page.json.
    """
    return on_standard_streams(lambda: _main(arguments, folder))


def _main(arguments: Sequence[str], folder: Path) -> int:
    parser = ArgumentParser(
        "app.py",
        description="Serve a page on which anyone can try a network.",
        epilog=variables_in_words(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "source",
        nargs="?",
        help="checkpoint folder, Hub id or published tag "
        f"(default: $RESNET_HUB_MODEL, else what {PAGE_FILE} says, else {PageSettings.model})",
    )
    log_printable_lines(force=False)
    try:
        source = parser.parse_args(arguments).source
        require_extra("demo")
        serve(PageSettings.from_environment({**page_variables(folder), **os.environ}, source))
    except ResNetHubError as error:
        sys.stderr.write(f"error: {printable(str(error))}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def variables_in_words() -> str:
    """Every variable of the environment that the page reads, with its default and what it means."""
    told = [f"variables of the environment, or of a {PAGE_FILE} beside app.py:"]
    usual, meaning = PageSettings(), meanings()
    for name, variable in VARIABLES.items():
        default = getattr(usual, name)
        least_and_most = " to ".join(map(str, NUMBERS[name])) + "; " if name in NUMBERS else ""
        also = f" Else {FALLBACKS[name]}." if name in FALLBACKS else ""
        told.append(f"  {variable}")
        told.append(
            textwrap.indent(textwrap.fill(f"{meaning[name]}{also} ({least_and_most}default: {default})", 90), " " * 6)
        )
    return "\n".join(told)


def serve(settings: PageSettings) -> None:
    """Serves the page until it is interrupted. Raises: ResNetHubError."""
    settings.check_port_is_free()
    # Gradio's own folder is one for all pages of a machine: others could read what visitors upload, and a page that
    # ends would take away the examples of one that goes on.
    with TemporaryDirectory(prefix="resnet-hub-", ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("GRADIO_TEMP_DIR", folder)
        _serve(settings)


def _serve(settings: PageSettings) -> None:
    # Inside, so that --help and a mistake in the settings need not wait for gradio.
    from resnet_hub.demo.page import build_page, launch_page
    from resnet_hub.demo.serving import health_route, prepare, start_pool

    prepare()
    pool = start_pool(settings)
    page = build_page(pool, settings)
    launch_page(page, settings, [health_route(pool)])
    try:
        with suppress(OSError):  # a page is served also where nobody reads its address
            sys.stdout.write(f"{settings.address}\n")
            sys.stdout.flush()
        page.block_thread()
    except KeyboardInterrupt:  # before or after gradio waits for it
        page.close()

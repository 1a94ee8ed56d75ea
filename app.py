"""The entry of the page and of a Space: reads the settings, loads the network, builds the page, serves it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from resnet_hub.errors import ResNetHubError

# Before OpenMP is loaded: waiting threads sleep instead of spinning, which on a busy machine is several times quicker.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def main(arguments: Sequence[str] | None = None) -> int:
    """0 after the page was served, 2 after a mistake of the user, which is told in one sentence."""
    parser = argparse.ArgumentParser(description="Serve a page on which anyone can try a residual network.")
    parser.add_argument(
        "source",
        nargs="?",
        help="checkpoint folder, Hub id or published tag (default: $RESNET_HUB_MODEL, else resnet50.a1_in1k)",
    )
    source = parser.parse_args(arguments).source
    try:
        serve(source)
    except ResNetHubError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


def serve(source: str | None) -> None:
    """Serves the page for `source` until it is interrupted. Raises: ResNetHubError."""
    # Inside, so that --help and a mistake in the settings need not wait for torch and gradio.
    from resnet_hub.demo.settings import PageSettings

    settings = PageSettings.from_environment(os.environ, source)
    settings.check_port_is_free()

    from resnet_hub.classifier import ImageClassifier
    from resnet_hub.demo.page import build_page, launch_page

    classifier = ImageClassifier.from_pretrained(settings.model, device=settings.device)
    classifier.warm_up()
    page = build_page(classifier, settings)
    launch_page(page, settings)
    sys.stdout.write(f"{settings.address}\n")
    sys.stdout.flush()
    page.block_thread()


if __name__ == "__main__":
    sys.exit(main())

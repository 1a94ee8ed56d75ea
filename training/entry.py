"""What the entries share: plain logging on the main process, and a user's mistake as one plain sentence."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Sequence

from resnet_hub.errors import ResNetHubError

MISTAKE = 2
"""Exit status after a user's mistake."""


def run_command(command: Callable[[Sequence[str]], object], arguments: Sequence[str]) -> int:
    """Runs a command line and returns its exit status."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING, force=True)
    main = os.environ.get("RANK", "0") == "0"
    logging.getLogger("training").setLevel(logging.INFO if main else logging.ERROR)
    logging.getLogger("resnet_hub").setLevel(logging.INFO if main else logging.ERROR)
    try:
        command(arguments)
    except ResNetHubError as error:
        if main:
            sys.stderr.write(f"error: {error}\n")
        return MISTAKE
    except KeyboardInterrupt as stop:
        if main:
            sys.stderr.write(f"{str(stop) or 'stopped; what was saved so far is kept'}\n")
        return 130
    return 0

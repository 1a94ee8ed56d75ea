"""The entry of the page and of a Space: `python app.py [MODEL]` serves it; `python app.py --help` says more."""

import os
import sys
from pathlib import Path


def main() -> int:
    """0 after the page was served, 2 after a mistake of the user."""
    # Before OpenMP is loaded: waiting threads sleep instead of spinning, which on a busy machine is several times
    # quicker.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from resnet_hub.demo.launch import main as serve

    return serve(sys.argv[1:], Path(__file__).parent)


if __name__ == "__main__":
    sys.exit(main())

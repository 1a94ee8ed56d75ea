"""The command `resnet-hub`, also `python -m resnet_hub`."""

from resnet_hub.cli.entry import main
from resnet_hub.cli.terminal import printable

__all__ = ["main", "printable"]

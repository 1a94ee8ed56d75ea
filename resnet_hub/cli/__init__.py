"""The command `resnet-hub`, also `python -m resnet_hub`."""

from resnet_hub.cli.entry import main

__all__ = ["main"]

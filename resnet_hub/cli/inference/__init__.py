"""`resnet-hub predict` and `embed`: images and folders asked of a network, and what is told of each as it comes."""

from resnet_hub.cli.inference.predict import COMMANDS

__all__ = ["COMMANDS"]

"""A network -> the files of other libraries, each with the line that opens them there."""

from resnet_hub.export.conversion import TARGETS, Exported, export_network

__all__ = ["TARGETS", "Exported", "export_network"]

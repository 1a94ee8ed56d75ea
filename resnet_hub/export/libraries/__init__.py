"""Networks in the files of other libraries: timm, torchvision, transformers."""

from resnet_hub.export.libraries.conversion import TARGETS, Exported, export_network

__all__ = ["TARGETS", "Exported", "export_network"]

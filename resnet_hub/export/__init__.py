"""A network -> files for other libraries and runtimes: how each opens there, and how alike it answers."""

from resnet_hub.export.backends import runner_elsewhere
from resnet_hub.export.javascript_files import export_for_javascript
from resnet_hub.export.libraries import TARGETS, Exported, export_network
from resnet_hub.export.proof import Proof
from resnet_hub.export.runtime_files import ExportedFile, export_file, usual_name

__all__ = [
    "TARGETS",
    "Exported",
    "ExportedFile",
    "Proof",
    "export_file",
    "export_for_javascript",
    "export_network",
    "runner_elsewhere",
    "usual_name",
]

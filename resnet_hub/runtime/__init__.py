"""How a network is run: as PyTorch stands, by a fused copy that follows it, or from a file of another runtime."""

from typing import TYPE_CHECKING

from resnet_hub.imports import lazy_door
from resnet_hub.runtime.exported import SUFFIXES as EXPORTED_SUFFIXES
from resnet_hub.runtime.exported import ExportedNetwork, ExportedRunner, exported_file
from resnet_hub.runtime.file_facts import INPUTS, PRECISIONS, FileFacts
from resnet_hub.runtime.running import RunningNetwork

if TYPE_CHECKING:
    from resnet_hub.runtime.choices import CLASSIFIER_BACKENDS, device_for, is_exported
    from resnet_hub.runtime.devices import chosen_device, native_bf16, native_int8
    from resnet_hub.runtime.fused import BACKENDS, FusedNetwork, can_fuse, fused_network
    from resnet_hub.runtime.prepared import PreparedRunner
    from resnet_hub.runtime.runner import Runner, checked_network

__all__ = [
    "BACKENDS",
    "CLASSIFIER_BACKENDS",
    "EXPORTED_SUFFIXES",
    "INPUTS",
    "PRECISIONS",
    "ExportedNetwork",
    "ExportedRunner",
    "FileFacts",
    "FusedNetwork",
    "PreparedRunner",
    "Runner",
    "RunningNetwork",
    "can_fuse",
    "checked_network",
    "chosen_device",
    "device_for",
    "exported_file",
    "fused_network",
    "is_exported",
    "native_bf16",
    "native_int8",
]

_NEED_TORCH = {
    "choices": ("CLASSIFIER_BACKENDS", "device_for", "is_exported"),
    "devices": ("chosen_device", "native_bf16", "native_int8"),
    "fused": ("BACKENDS", "FusedNetwork", "can_fuse", "fused_network"),
    "prepared": ("PreparedRunner",),
    "runner": ("Runner", "checked_network"),
}
__getattr__, __dir__ = lazy_door(__name__, _NEED_TORCH)

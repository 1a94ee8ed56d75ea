"""How a network is run: as PyTorch stands or by a fused copy that follows it, on which device."""

from resnet_hub.runtime.devices import chosen_device, native_bf16
from resnet_hub.runtime.fused import BACKENDS, FusedNetwork, fused_network
from resnet_hub.runtime.runner import Runner, RunningNetwork, checked_network

__all__ = [
    "BACKENDS",
    "FusedNetwork",
    "Runner",
    "RunningNetwork",
    "checked_network",
    "chosen_device",
    "fused_network",
    "native_bf16",
]

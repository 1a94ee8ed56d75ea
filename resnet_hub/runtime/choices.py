"""What can be chosen of how a classifier runs its network, and which choices go with each other."""

from __future__ import annotations

import torch

from resnet_hub.checks import check_choice
from resnet_hub.errors import ConfigError
from resnet_hub.runtime.devices import chosen_device
from resnet_hub.runtime.fused import BACKENDS

PRECISIONS = ("auto", "fp32", "bf16", "int8")
ELSEWHERE = ("onnx", "openvino")
"""Backends outside of PyTorch, for which a network is exported."""
CLASSIFIER_BACKENDS = (*BACKENDS, *ELSEWHERE)


def is_exported(precision: str, backend: str) -> bool:
    """Whether the network is to run outside of PyTorch. Raises: ConfigError where the two do not go together."""
    check_choice("precision", precision, PRECISIONS)
    check_choice("backend", backend, CLASSIFIER_BACKENDS)
    if precision == "int8" and backend in ("eager", "fused"):
        raise ConfigError("classifier.int8_in_pytorch", backend=backend)
    if precision == "bf16" and backend in ELSEWHERE:
        raise ConfigError("classifier.bf16_elsewhere", backend=backend)
    return precision == "int8" or backend in ELSEWHERE


def device_for(device: str | torch.device, precision: str, backend: str) -> torch.device:
    """Where the network goes. Raises: ConfigError, also for another place than the CPU, where other runtimes are."""
    if not is_exported(precision, backend):
        return chosen_device(device)
    chosen = chosen_device("cpu" if device == "auto" else device)
    if chosen.type != "cpu":
        raise ConfigError("classifier.cpu_only", device=str(device), precision=precision, backend=backend)
    return chosen

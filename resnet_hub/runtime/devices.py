"""Where a network runs: the device by its name, and whether it computes in bfloat16 itself."""

from __future__ import annotations

import torch

from resnet_hub.errors import ConfigError


def native_bf16(device: torch.device | None = None) -> bool:
    """Whether a device, the CPU where absent, has instructions for bfloat16; without them it is slower than float32."""
    if device is not None and device.type == "cuda":
        return torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
    if not hasattr(torch.cpu, "get_capabilities"):
        return torch.cpu._is_avx512_bf16_supported()
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def native_int8() -> bool:
    """Whether the CPU adds products of 8 bits in 32 (VNNI, AMX); others add pairs in 16, which may overflow."""
    if not hasattr(torch.cpu, "get_capabilities"):
        return torch.cpu._is_vnni_supported()
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_vnni") or capabilities.get("avx_vnni") or capabilities.get("amx_int8"))


def chosen_device(device: str | torch.device) -> torch.device:
    """The device of that name. Raises: ConfigError when this machine does not have it."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ConfigError("classifier.unknown_device", device=device) from error
    count = torch.cuda.device_count()
    if chosen.type == "cuda" and (chosen.index or 0) >= count:
        raise ConfigError("classifier.no_such_device", device=str(device), count=count)
    return chosen

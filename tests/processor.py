"""What this machine's processor can do, asked of PyTorch and not of the code under test."""

import torch

FUSED = {torch.float32: True, torch.bfloat16: torch.ops.mkldnn._is_mkldnn_bf16_supported()}
"""Whether oneDNN has fused convolutions in a type; in bfloat16 they need instructions that older processors lack."""


def backend(dtype):
    """How a network that can be fused runs here."""
    return "fused" if FUSED[dtype] else "eager"

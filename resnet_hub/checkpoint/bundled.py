"""The checkpoint that comes with the package: a small network for machines that cannot reach the Hub."""

from __future__ import annotations

from pathlib import Path

BUNDLED = Path(__file__).parent.with_name("pretrained") / "cifar_resnet20"
"""ResNet-20 for the ten classes of CIFAR-10, trained here; its card says how, on what, and how good it is."""


def bundled_checkpoint() -> Path:
    """The checkpoint folder, for `from_pretrained`; it lies in every installation and every Space of the package."""
    return BUNDLED

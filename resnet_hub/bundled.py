"""Networks that come with the package, as checkpoint folders."""

from __future__ import annotations

from pathlib import Path

BUNDLED = Path(__file__).with_name("pretrained") / "cifar_resnet20"
"""The folder of a small network for ten classes of tiny pictures."""

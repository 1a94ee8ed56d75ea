"""What is installed on request: the packages of each extra, and a sentence with the command where some are missing."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from resnet_hub.errors import Phrase, ResNetHubError

EXTRAS = {
    "train": (
        "accelerate",
        "datasets",
        "fsspec",
        "matplotlib",
        "pandas",
        "psutil",
        "pyarrow",
        "scipy",
        "sklearn",
        "timm",
        "torchvision",
        "xxhash",
    ),
    "keras": ("h5py",),
    "onnx": ("onnx", "onnxruntime", "onnxscript"),
    "openvino": ("openvino",),
    "demo": ("fastapi", "gradio", "gradio_client", "sklearn", "starlette"),
}
"""What can be imported with each extra; pyproject.toml says which versions of what brings it."""

USES = {
    "train": Phrase("install.train"),
    "keras": Phrase("install.keras"),
    "onnx": Phrase("install.onnx"),
    "openvino": Phrase("install.openvino"),
    "demo": Phrase("install.demo"),
}
"""What needs each extra, in words."""


class MissingExtraError(ResNetHubError, ImportError):
    """Packages that an extra brings are not installed."""


def require_extra(extra: str, modules: Sequence[str] = ()) -> None:
    """Finds out, without importing anything, whether an extra is installed.

    Args:
        extra: One of `EXTRAS`.
        modules: Those of its modules that are needed; all where none is named.

    Raises:
        MissingExtraError: Some are missing; its sentence names them and the command that installs them.
    """
    missing = [name for name in modules or EXTRAS[extra] if find_spec(name) is None]
    if missing:
        raise MissingExtraError("install.missing", use=USES[extra], missing=", ".join(missing), extra=extra)


def is_installed(*modules: str) -> bool:
    """Whether these modules can be imported, found out without importing them."""
    return all(find_spec(name) is not None for name in modules)

"""Residual networks, weight-compatible with timm: load, fine-tune, serve and share them.

Everything offered here is imported when it is first asked for, so that what needs no torch does not wait for it.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from resnet_hub.classifier import ImageClassifier, Prediction
    from resnet_hub.config import Preprocessing, ResNetConfig
    from resnet_hub.errors import ResNetHubError
    from resnet_hub.models import AutoResNet, FeatureNetwork, ResNet, ResNetV2, create_model
    from resnet_hub.registry import list_architectures

__all__ = [
    "AutoResNet",
    "FeatureNetwork",
    "ImageClassifier",
    "Prediction",
    "Preprocessing",
    "ResNet",
    "ResNetConfig",
    "ResNetHubError",
    "ResNetV2",
    "create_model",
    "list_architectures",
]

_MODULES = {
    "AutoResNet": "models",
    "FeatureNetwork": "models",
    "ImageClassifier": "classifier",
    "Prediction": "classifier",
    "Preprocessing": "config",
    "ResNet": "models",
    "ResNetConfig": "config",
    "ResNetHubError": "errors",
    "ResNetV2": "models",
    "create_model": "models",
    "list_architectures": "registry",
}
"""The module that each name is imported from (PEP 562)."""


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    elif not name.startswith("_") and find_spec(f"{__name__}.{name}") is not None:
        return import_module(f"{__name__}.{name}")  # `resnet_hub.preprocessing.pixels` without an import of its own
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

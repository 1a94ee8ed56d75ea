"""The libraries that networks are written for: what each can say of one, and what it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from resnet_hub.checkpoint import TRAINING_OPTIONS, WEIGHTS_FILE, CheckpointConfig, write_weights
from resnet_hub.checks import check_choice
from resnet_hub.config import ResNetConfig
from resnet_hub.errors import CheckpointError
from resnet_hub.export.libraries.transformers_files import difference_to_transformers, write_for_transformers
from resnet_hub.export.libraries.weights_by_name import complete_state
from resnet_hub.models import PretrainedNetwork
from resnet_hub.registry import ARCHITECTURES, in_timm

TORCHVISION = frozenset(
    {
        *(f"resnet{depth}" for depth in (18, 34, 50, 101, 152)),
        *("resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d", "wide_resnet50_2", "wide_resnet101_2"),
    }
)
"""The networks that torchvision has, under the same names."""
ANYWHERE = ("num_classes", "task", "norm_layer", *TRAINING_OPTIONS)
"""Options that change no number of a network with the same tensors, or that its tensors say."""
NORMS = ("batchnorm", "frozenbatchnorm2d")
"""The norms with batch normalization's tensors and numbers."""


@dataclass(frozen=True)
class Exported:
    """What was written for a library."""

    files: tuple[Path, ...]
    """The files, the weights first."""
    kind: str
    """What the library takes it for, such as "ResNetForImageClassification"."""
    opens_with: str
    """The line of Python that opens it there."""
    left_out: tuple[str, ...] = ()
    """What the library has no place for."""


def export_network(model: PretrainedNetwork, folder: str | Path, to: str) -> Exported:
    """Writes a network in the form that another library opens.

    Args:
        model: The network.
        folder: Where the files go; made if missing.
        to: One of `TARGETS`.

    Raises:
        ConfigError: There is no such library here.
        CheckpointError: That library cannot say what this network is, by name; or the folder cannot be written.
    """
    check_choice("to", to, tuple(TARGETS))
    return TARGETS[to](model, Path(folder))


def _to_timm(model: PretrainedNetwork, folder: Path) -> Exported:
    """Timm's own folder, which is ours."""
    if beyond := _difference_to_timm(model):
        raise CheckpointError("export.not_expressible", library="timm", what=beyond)
    model.save_pretrained(folder)
    line = f"timm.create_model({f'local-dir:{folder}'!r}, pretrained=True)"
    return Exported(_written(folder), model.config.architecture, line, _calibration(model))


def _to_transformers(model: PretrainedNetwork, folder: Path) -> Exported:
    """Transformers' own ResNet where it can say the network, else its wrapper around timm's."""
    kind = "AutoModelForImageClassification" if model.num_classes else "AutoModel"
    line = f"transformers.{kind}.from_pretrained({str(folder)!r})"
    if beyond := difference_to_transformers(model):
        if _difference_to_timm(model):
            raise CheckpointError("export.not_expressible", library="transformers", what=beyond)
        model.save_pretrained(folder)
        wrapper = "TimmWrapperForImageClassification" if model.num_classes else "TimmWrapperModel"
        return Exported(_written(folder), wrapper, line, _calibration(model))
    kind = write_for_transformers(model, folder)
    return Exported(_written(folder), kind, line, ("the card with license and figures", *_calibration(model)))


def _to_torchvision(model: PretrainedNetwork, folder: Path) -> Exported:
    """The state dict as safetensors: a pickle would be code to whoever opens it."""
    config = model.config
    beyond = _difference_to(config, ARCHITECTURES[config.architecture])
    if config.architecture not in TORCHVISION:
        beyond = f"architecture={config.architecture!r}"
    elif not config.num_classes:
        beyond = "num_classes=0"
    if beyond:
        raise CheckpointError("export.not_expressible", library="torchvision", what=beyond)
    file = folder / WEIGHTS_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CheckpointError("checkpoint.not_written", folder=str(folder), reason=reason) from error
    write_weights(file, complete_state(model))
    made = f"torchvision.models.{config.architecture}(num_classes={config.num_classes})"
    line = f"model = {made}; model.load_state_dict(safetensors.torch.load_file({str(file)!r}))"
    names = ("the class names",) if model.label_names else ()
    return Exported((file,), config.architecture, line, ("the preprocessing", *names, *_calibration(model)))


def _calibration(model: PretrainedNetwork) -> tuple[str, ...]:
    """What calibrates the confidence of a network, which no other library divides its logits by."""
    temperature = model.metadata.temperature
    return () if temperature is None else (f"the temperature {temperature:g} of its scores",)


def _difference_to_timm(model: PretrainedNetwork) -> str:
    """The options that timm cannot say; empty where it builds the same network."""
    config = model.config
    if not in_timm(config.architecture):
        return f"architecture={config.architecture!r}"
    beyond = CheckpointConfig(config, model.preprocessing).options_beyond_timm
    return ", ".join(f"{name}={value!r}" for name, value in beyond.items())


def _difference_to(config: ResNetConfig, named: ResNetConfig) -> str:
    """The options in which two networks differ and that their tensors do not say; empty where there are none."""
    beyond = {name: value for name, value in config.differences(named).items() if name not in ANYWHERE}
    if config.norm_layer not in NORMS:
        beyond["norm_layer"] = config.norm_layer
    return ", ".join(f"{name}={value!r}" for name, value in beyond.items())


def _written(folder: Path) -> tuple[Path, ...]:
    found = [file for file in sorted(folder.iterdir()) if file.is_file() and not file.name.startswith(".")]
    return tuple(sorted(found, key=lambda file: file.name != WEIGHTS_FILE))


TARGETS: dict[str, Callable[[PretrainedNetwork, Path], Exported]] = {
    "timm": _to_timm,
    "torchvision": _to_torchvision,
    "transformers": _to_transformers,
}
"""Library -> what writes a network for it."""

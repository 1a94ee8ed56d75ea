"""What a run starts from: the network to train, with the dataset's classes, and what its checkpoint will say of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from accelerate import Accelerator

from resnet_hub import ResNet, create_model, list_architectures
from resnet_hub.errors import ConfigError
from resnet_hub.hub import repo_address
from resnet_hub.metadata import CheckpointMetadata
from resnet_hub.models import PretrainedNetwork

from .data import Data
from .hardware import describe_hardware
from .loop import unmapped
from .run import parent_license, versions
from .settings import FinetuneRecipe
from .splits import Split, with_values


def start_model(recipe: FinetuneRecipe, data: Data) -> PretrainedNetwork:
    """The network to train, with the dataset's classes. Raises: ConfigError, CheckpointError, HubError."""
    names, rates = data.label_names, ("drop_rate", "drop_path_rate", "drop_block_rate")
    options: dict[str, Any] = {name: getattr(recipe, name) for name in rates} | {"task": data.task}
    if recipe.from_scratch:
        if recipe.in_chans is not None:
            options["in_chans"] = recipe.in_chans
        model = create_model(recipe.model, num_classes=len(names), label_names=names, **options)
    elif _has_no_weights(recipe.model):
        raise ConfigError("finetune.no_weights", model=recipe.model)
    else:
        model = unmapped(ResNet.from_pretrained(recipe.model, label_names=names, in_chans=recipe.in_chans, **options))
    if recipe.image_size is not None:
        size = (model.config.in_chans, recipe.image_size, recipe.image_size)
        model.preprocessing = replace(model.preprocessing, input_size=size)
    images = data.train if isinstance(data.train, Split) else data.train.sample
    model.preprocessing = with_values(model.preprocessing, images, recipe.values)
    return model


def _has_no_weights(name: str) -> bool:
    return name in list_architectures() and name not in list_architectures(pretrained=True) and not Path(name).exists()


def describe(
    recipe: FinetuneRecipe, data: Data, model: PretrainedNetwork, accelerator: Accelerator
) -> CheckpointMetadata:
    """What the checkpoint will say of its origin; of local folders only the name, of the parent its license."""
    local = {key: Path(value).name for key in ("dataset", "model") if Path(value := getattr(recipe, key)).exists()}
    base_model = license = None
    if not recipe.from_scratch:
        address = None if "model" in local else repo_address(recipe.model)
        # In full, since what a bare name stands for may change between versions.
        base_model = local["model"] if address is None else str(address)
        license = parent_license(model, address)
    return CheckpointMetadata(
        dataset=local.get("dataset", recipe.dataset),
        recipe=recipe.public() | local,
        changed=recipe.changed() | local,
        versions=versions(),
        hardware=describe_hardware(accelerator),
        dataset_revision=data.revision,
        base_model=base_model,
        license=license,
        left_out=data.ledger.summary(),
    )

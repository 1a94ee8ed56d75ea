"""Freezing of parts of the network: their weights, and the statistics of their norms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from resnet_hub.checks import nearest
from resnet_hub.errors import ConfigError
from resnet_hub.nn import ResidualNetwork

from ..settings import FinetuneRecipe

HEAD = "head"
DROPOUT = "head_drop"
"""The layer of every network that drops features in front of the classifier."""


@dataclass(frozen=True)
class Freezing:
    """Which parts are frozen in which epoch, which follows from the epoch alone; which norms keep their statistics."""

    parts: dict[str, list[nn.Module]]
    """The modules of each part that may be frozen, from the stem upwards."""
    unfreeze_epoch: int | None
    unfreeze_every: int | None
    norms: tuple[nn.Module, ...] = ()
    """Those that compute with the statistics they came with, whether or not their part is trained."""

    @classmethod
    def of(cls, recipe: FinetuneRecipe, network: ResidualNetwork) -> Freezing:
        """What the recipe freezes. Raises: ConfigError when the network has no such part."""
        known = parts(network)
        backbone = [name for name in known if name != HEAD]
        asked = [] if recipe.freeze is None else [name.strip() for name in recipe.freeze.split(",")]
        # A stage may be called by the name of its module as well, which differs between families.
        aliases = {level["module"]: f"layer{number}" for number, level in enumerate(network.feature_info) if number}
        chosen = {aliases.get(name, name) for name in asked}
        if "backbone" in chosen:
            chosen = (chosen - {"backbone"}) | set(backbone)
        for name in chosen:
            if name not in backbone:
                near = nearest(name, [*backbone, "backbone"], 9)
                raise ConfigError(
                    "optim.unknown_part", name=name, architecture=network.config.architecture, nearest=near
                )
        held = {name: modules for name, modules in known.items() if name in chosen}
        norms = [module for module in network.modules() if isinstance(module, _BatchNorm)]
        return cls(held, recipe.unfreeze_epoch, recipe.unfreeze_every, tuple(norms) if recipe.freeze_bn_stats else ())

    @property
    def is_gradual(self) -> bool:
        """Whether what is frozen at first is trained later."""
        return self.unfreeze_epoch is not None or self.unfreeze_every is not None

    def frozen(self, epoch: int) -> list[str]:
        """The parts that are frozen in this epoch, from the stem upwards."""
        names = list(self.parts)
        if not self.is_gradual:
            return names
        first = self.unfreeze_epoch if self.unfreeze_epoch is not None else 1 + (self.unfreeze_every or 0)
        if epoch < first:
            return names
        if self.unfreeze_every is None:
            return []
        return names[: max(0, len(names) - 1 - (epoch - first) // self.unfreeze_every)]

    def apply(self, epoch: int) -> None:
        """Freezes what is frozen in this epoch, and makes the other parts trainable; call it after `train()`.

        Frozen parts compute as in evaluation: no statistics move, and nothing is dropped. Norms that keep their
        statistics do so in parts that are trained too; their weights move.
        """
        frozen = self.frozen(epoch)
        for name, modules in self.parts.items():
            for module in modules:
                module.requires_grad_(name not in frozen)
                if name in frozen:
                    module.eval()
        for norm in self.norms:
            norm.eval()


def parts(network: ResidualNetwork) -> dict[str, list[nn.Module]]:
    """The modules of the stem, of layer1, layer2, ... and of the head, each module in one part.

    What follows the last stage, such as the norm of a ResNetV2, belongs to that stage; dropout belongs to the head.
    """
    stages = {level["module"]: f"layer{number}" for number, level in enumerate(network.feature_info) if number}
    found: dict[str, list[nn.Module]] = {name: [] for name in ("stem", *stages.values(), HEAD)}
    current = "stem"
    head = (DROPOUT, network.classifier.partition(".")[0])
    for name, module in _top_modules(network):
        current = HEAD if name in head else stages.get(name, current)
        found[current].append(module)
    return found


def _top_modules(network: ResidualNetwork) -> Iterator[tuple[str, nn.Module]]:
    for name, module in network.named_children():
        if f"{name}.0" in network.stage_names:
            yield from ((f"{name}.{number}", stage) for number, stage in module.named_children())
        else:
            yield name, module

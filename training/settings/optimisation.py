"""How the weights move: optimizer, learning rates, decay, loss."""

from __future__ import annotations

from dataclasses import dataclass

from resnet_hub.checks import check_integer, check_range
from resnet_hub.errors import ConfigError
from training.settings.base import Settings, setting


@dataclass(frozen=True)
class OptimisationSettings(Settings):
    """How the weights move."""

    epochs: int = setting(10, "passes over the training pictures")
    optimizer: str = setting("sgd", "optimizer by timm's name; sgd has Nesterov momentum")
    lr: float = setting(0.01, "peak learning rate of the backbone")
    head_lr_factor: float = setting(1.0, "learning rate of a new head, as a multiple of the backbone's")
    momentum: float = setting(0.9, "momentum of the optimizer, 0 to 1")
    weight_decay: float = setting(1e-4, "weight decay; norms and biases have none")
    warmup_epochs: float = setting(1.0, "epochs over which the learning rate rises from 0")
    label_smoothing: float = setting(0.1, "share of the target spread over all classes, 0 to 1")
    accumulate: int = setting(1, "batches of each process whose gradients make one update together")
    clip_norm: float | None = setting(None, "largest norm of the gradient; not clipped where absent")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("--epochs", self.epochs, 1, 100_000)
        check_integer("--accumulate", self.accumulate, 1, 65_536)
        if self.clip_norm is not None:
            check_range("--clip-norm", self.clip_norm, 1e-6, 1e6)
        check_range("--lr", self.lr, 1e-9, 1e3)
        check_range("--head-lr-factor", self.head_lr_factor, 0, 1e6)
        check_range("--momentum", self.momentum, 0, 1)
        check_range("--weight-decay", self.weight_decay, 0, 1e3)
        check_range("--warmup-epochs", self.warmup_epochs, 0, 1e5)
        check_range("--label-smoothing", self.label_smoothing, 0, 0.999)
        if self.warmup_epochs > self.epochs:
            raise ConfigError(f"--warmup-epochs {self.warmup_epochs:g} is more than --epochs {self.epochs}; lower it")

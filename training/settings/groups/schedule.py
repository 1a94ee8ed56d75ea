"""Epochs, early stopping and the learning-rate schedule."""

from __future__ import annotations

from dataclasses import dataclass

from resnet_hub.checks import check_choice, check_integer, check_range
from resnet_hub.errors import ConfigError

from ..base import Settings, number_list, setting

SCHEDULES = ("cosine", "tanh", "poly", "step", "multistep", "one-cycle", "plateau", "wsd", "rsqrt", "constant")


@dataclass(frozen=True)
class ScheduleSettings(Settings):
    """Epochs, early stopping and the learning-rate schedule."""

    epochs: int = setting(10, "passes over the training images", may_change=True)
    patience: int | None = setting(
        None, "early stopping: epochs without a better one after which the run stops; never where absent"
    )
    schedule: str = setting(
        "cosine", f"learning-rate schedule after the warm-up: {', '.join(SCHEDULES)}", choices=SCHEDULES
    )
    warmup_epochs: float | None = setting(
        None,
        "epochs over which the learning rate rises from 0; where absent a tenth of all, at most 1, and longer where "
        "a rate that is absent too is raised for a larger batch",
    )
    min_lr: float = setting(0.0, "learning rate below which cosine, tanh, poly, plateau, wsd and rsqrt do not fall")
    decay_epochs: float | None = setting(
        None,
        "epochs between two falls of step (a third of all where absent), without a lower validation loss before "
        "plateau falls (a tenth), of the last part of wsd and rsqrt (a fifth)",
    )
    decay_rate: float = setting(0.1, "LR decay factor (gamma) of step, multistep and plateau, 0 to 1")
    milestones: str | None = setting(
        None, "epochs after which multistep falls, as in 30,60; after a half and three quarters where absent"
    )
    power: float = setting(1.0, "exponent of poly")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("--epochs", self.epochs, 1, 100_000)
        check_choice("--schedule", self.schedule, SCHEDULES)
        check_range("--min-lr", self.min_lr, 0, 1e3)
        check_range("--decay-rate", self.decay_rate, 0, 1)
        check_range("--power", self.power, 0.01, 100)
        if self.patience is not None:
            check_integer("--patience", self.patience, 1, 100_000)
        if self.decay_epochs is not None:
            check_range("--decay-epochs", self.decay_epochs, 1e-3, 1e5)
            self._refuse_idle("--decay-epochs", ("step", "plateau", "wsd", "rsqrt"))
        if self.power != 1:
            self._refuse_idle("--power", ("poly",))
        if self.milestones is not None:
            self._refuse_idle("--milestones", ("multistep",))
        if not all(0 < epoch < later for epoch, later in zip(self.falls, (*self.falls[1:], 1e6), strict=True)):
            raise ConfigError("settings.unsorted_milestones", milestones=self.milestones)
        if self.warmup_epochs is not None:
            self._check_warmup(self.warmup_epochs)

    def _check_warmup(self, epochs: float) -> None:
        check_range("--warmup-epochs", epochs, 0, 1e5)
        if epochs > self.epochs:
            raise ConfigError("settings.long_warmup", warmup=epochs, epochs=self.epochs)

    @property
    def warmup(self) -> float:
        """Epochs of the warm-up: what is given, else what leaves most of a short run for the rates to fall."""
        return min(1.0, self.epochs / 10) if self.warmup_epochs is None else self.warmup_epochs

    @property
    def falls(self) -> tuple[float, ...]:
        """Epochs after which multistep falls. Raises: ConfigError."""
        if self.milestones is None:
            return (self.epochs / 2, self.epochs * 3 / 4)
        return number_list("--milestones", self.milestones)

    def _refuse_idle(self, flag: str, users: tuple[str, ...]) -> None:
        if self.schedule not in users:
            raise ConfigError("settings.idle_flag", flag=flag, schedule=self.schedule, users=", ".join(users))

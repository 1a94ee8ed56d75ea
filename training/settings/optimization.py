"""How the weights move: optimizer, learning rates, decay, loss."""

from __future__ import annotations

from dataclasses import dataclass

from resnet_hub.checks import check_integer, check_range

from .base import Settings, number_list, refuse_both, setting

USUAL_MOMENTUM = 0.9
"""Of the gradients before, in each update."""


@dataclass(frozen=True)
class OptimizationSettings(Settings):
    """How the weights move."""

    optimizer: str = setting(
        "sgd",
        "any optimizer by timm's name: sgd (with Nesterov momentum), momentum, adam, adamw, rmsprop, lamb, lion, muon, "
        "and what timm.optim.list_optimizers() lists; lookahead_ may stand before it",
    )
    lr: float | None = setting(
        None,
        "peak learning rate of the backbone; where absent 0.01, where BatchNorm keeps its statistics 0.005, and for "
        "fewer than 1,000 images 0.002; less in proportion where an update has fewer than 32 images",
    )
    head_lr_factor: float = setting(1.0, "learning rate of a new head, as a multiple of the backbone's")
    layer_decay: float | None = setting(
        None, "learning rate of each block as a share of that of the block above, 0 to 1; equal where absent"
    )
    momentum: float = setting(USUAL_MOMENTUM, "momentum of the optimizer, 0 to 1")
    opt_eps: float | None = setting(None, "epsilon of the optimizer; its own where absent")
    opt_betas: str | None = setting(None, "betas of the optimizer, as in 0.9,0.95; its own where absent")
    weight_decay: float = setting(1e-4, "weight decay; norms and biases have none")
    l1: float = setting(0.0, "factor of the sum of the weights' magnitudes in the loss; norms and biases have none")
    label_smoothing: float = setting(0.1, "share of the target spread over all classes, 0 to 1")
    accumulate: int = setting(1, "batches of each process whose gradients make one update together")
    clip_norm: float | None = setting(None, "largest norm of the gradient; not clipped where absent")
    clip_value: float | None = setting(None, "largest size of a number of the gradient; not clipped where absent")
    clip_agc: float | None = setting(
        None, "largest norm of a unit's gradient as a share of its weights' (adaptive); not clipped where absent"
    )
    ema_decay: float | None = setting(
        None, "share of a moving average of the weights that each update keeps, 0 to 1; no average where absent"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.lr is not None:
            check_range("--lr", self.lr, 1e-9, 1e3)
        check_range("--head-lr-factor", self.head_lr_factor, 0, 1e6)
        check_range("--momentum", self.momentum, 0, 1)
        check_range("--weight-decay", self.weight_decay, 0, 1e3)
        check_range("--l1", self.l1, 0, 1e3)
        check_range("--label-smoothing", self.label_smoothing, 0, 0.999)
        check_integer("--accumulate", self.accumulate, 1, 65_536)
        for flag, value, low, high in (
            ("--layer-decay", self.layer_decay, 0.01, 1),
            ("--opt-eps", self.opt_eps, 0, 1),
            ("--clip-norm", self.clip_norm, 1e-6, 1e6),
            ("--clip-value", self.clip_value, 1e-6, 1e6),
            ("--clip-agc", self.clip_agc, 1e-6, 1e6),
            ("--ema-decay", self.ema_decay, 0, 0.999999),
        ):
            if value is not None:
                check_range(flag, value, low, high)
        refuse_both(**{"--clip-norm": self.clip_norm, "--clip-value": self.clip_value, "--clip-agc": self.clip_agc})
        for beta in self.betas or ():
            check_range("--opt-betas", beta, 0, 0.999999)

    @property
    def betas(self) -> tuple[float, ...] | None:
        """The numbers of `opt_betas`. Raises: ConfigError when they are none."""
        return None if self.opt_betas is None else number_list("--opt-betas", self.opt_betas)

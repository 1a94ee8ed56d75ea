"""How the weights move: the loss, the optimizer with its learning rates, and which parts are frozen."""

from __future__ import annotations

from dataclasses import dataclass

from resnet_hub.checks import check_choice, check_integer, check_range
from resnet_hub.errors import ConfigError

from ..base import Settings, number_list, refuse_both, setting

USUAL_MOMENTUM = 0.9
"""The default of `momentum`."""

# The losses that fit each task; the first is taken where none is asked for.
LOSSES = {
    "single_label": ("cross_entropy", "bce"),
    "multi_label": ("bce",),
    "regression": ("smooth_l1", "mse"),
}
LOSS_NAMES = ("auto", *dict.fromkeys(name for names in LOSSES.values() for name in names))


@dataclass(frozen=True)
class OptimizationSettings(Settings):
    """Optimizer, learning rate, gradient clipping, EMA."""

    optimizer: str = setting(
        "sgd",
        "any optimizer by timm's name: sgd (with Nesterov momentum), momentum, adam, adamw, rmsprop, lamb, lion, muon, "
        "and what timm.optim.list_optimizers() lists; lookahead_ may stand before it",
    )
    lr: float | None = setting(
        None,
        "peak learning rate of the backbone; where absent 0.01, where BatchNorm keeps its statistics 0.005, and for "
        "fewer than 1,000 images 0.002; for updates of 32 images, and in proportion for others, up to 256",
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
    grad_accum_steps: int = setting(1, "gradient accumulation: batches of each process that make one update")
    clip_grad_norm: float | None = setting(None, "largest L2 norm of the gradient; not clipped where absent")
    clip_grad_value: float | None = setting(
        None, "largest magnitude of one number of the gradient; not clipped where absent"
    )
    clip_grad_agc: float | None = setting(
        None,
        "adaptive gradient clipping: largest norm of a unit's gradient as a share of its weights'; off where absent",
    )
    ema_decay: float | None = setting(
        None,
        "decay of an exponential moving average (EMA) of the weights, 0 to 1; no average where absent",
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
        check_integer("--grad-accum-steps", self.grad_accum_steps, 1, 65_536)
        for flag, value, low, high in (
            ("--layer-decay", self.layer_decay, 0.01, 1),
            ("--opt-eps", self.opt_eps, 0, 1),
            ("--clip-grad-norm", self.clip_grad_norm, 1e-6, 1e6),
            ("--clip-grad-value", self.clip_grad_value, 1e-6, 1e6),
            ("--clip-grad-agc", self.clip_grad_agc, 1e-6, 1e6),
            ("--ema-decay", self.ema_decay, 0, 0.999999),
        ):
            if value is not None:
                check_range(flag, value, low, high)
        refuse_both(
            **{
                "--clip-grad-norm": self.clip_grad_norm,
                "--clip-grad-value": self.clip_grad_value,
                "--clip-grad-agc": self.clip_grad_agc,
            }
        )
        for beta in self.betas or ():
            check_range("--opt-betas", beta, 0, 0.999999)

    @property
    def betas(self) -> tuple[float, ...] | None:
        """The numbers of `opt_betas`. Raises: ConfigError when they are none."""
        return None if self.opt_betas is None else number_list("--opt-betas", self.opt_betas)


@dataclass(frozen=True)
class LossSettings(Settings):
    """The loss, and how rare classes count."""

    loss: str = setting(
        "auto",
        "cross_entropy, bce (each class by itself), smooth_l1, mse (in standard deviations of the targets); auto takes "
        "cross_entropy for one class of many, bce for several classes, smooth_l1 for regression",
        choices=LOSS_NAMES,
    )
    class_weights: str = setting(
        "none",
        "none, or auto: rare classes count more, as the inverse of their number of images",
        choices=("none", "auto"),
    )
    balanced_sampling: bool = setting(False, "draw equally many images of each class in an epoch, some of them twice")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("--loss", self.loss, LOSS_NAMES)
        check_choice("--class-weights", self.class_weights, ("none", "auto"))
        if self.balanced_sampling and self.class_weights == "auto":
            raise ConfigError("settings.balanced_twice")


@dataclass(frozen=True)
class FreezeSettings(Settings):
    """Freezing, and the linear probe before fine-tuning."""

    freeze: str | None = setting(
        None, "parts that are not trained, BatchNorm statistics too: some of stem,layer1,layer2,... or backbone"
    )
    unfreeze_epoch: int | None = setting(None, "epoch from which frozen parts are trained too; never where absent")
    unfreeze_every: int | None = setting(
        None, "gradual unfreezing: epochs after each of which one more frozen part is trained, the last first"
    )
    linear_probe_first: bool | None = setting(
        None,
        "before the first epoch, fit a new head to frozen features by a linear probe (LP-FT); where absent, with fewer "
        "than 10,000 images to train",
    )
    features_once: bool = setting(
        False,
        "linear probe in place of epochs: compute the features of the frozen backbone once, of each image and, with "
        "--flip, of its mirror image, and fit the head to them, with a weight decay chosen by cross-validation",
    )
    freeze_bn_stats: bool | None = setting(
        None,
        "BatchNorm keeps the running statistics of the checkpoint in training too; where absent, with fewer "
        "than 10,000 images to train",
    )

    @property
    def unfreezes(self) -> bool:
        """Whether parts that are frozen at first are trained later."""
        return self.unfreeze_epoch is not None or self.unfreeze_every is not None

    def __post_init__(self) -> None:
        super().__post_init__()
        for flag, value in (("--unfreeze-epoch", self.unfreeze_epoch), ("--unfreeze-every", self.unfreeze_every)):
            if value is not None:
                check_integer(flag, value, 1, 100_000)
                if self.freeze is None:
                    raise ConfigError("settings.nothing_to_unfreeze", flag=flag)

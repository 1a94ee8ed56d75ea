"""What a run keeps of itself, whether it repeats, and whom it tells."""

from __future__ import annotations

from dataclasses import dataclass

from resnet_hub.checks import check_integer

from .base import Settings, setting


@dataclass(frozen=True)
class SavingSettings(Settings):
    """What a run keeps of itself."""

    save_every_steps: int | None = setting(
        None, "updates of the weights between saves of all that --resume needs; only after each epoch where absent"
    )
    deterministic: bool = setting(
        False, "repeat bit for bit on the same machine from the same --seed: no operation that cannot; can be slower"
    )
    report_to: str | None = setting(
        None, "trackers to report to, separated by commas: tensorboard, trackio, wandb or another of accelerate's"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.save_every_steps is not None:
            check_integer("--save-every-steps", self.save_every_steps, 1, 10**9)

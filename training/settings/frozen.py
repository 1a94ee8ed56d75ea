"""Which parts of the network stay as they are, and until when."""

from __future__ import annotations

from dataclasses import dataclass

from resnet_hub.checks import check_integer
from resnet_hub.errors import ConfigError

from .base import Settings, setting


@dataclass(frozen=True)
class FreezeSettings(Settings):
    """Which parts of the network stay as they are."""

    freeze: str | None = setting(
        None, "parts that are not trained, their statistics too: some of stem,layer1,layer2,... or backbone"
    )
    unfreeze_epoch: int | None = setting(None, "epoch from which what is frozen is trained too; never where absent")
    unfreeze_every: int | None = setting(
        None, "epochs after each of which one more of the frozen parts is trained, the last first"
    )
    head_first: bool | None = setting(
        None,
        "before the first epoch, fit a new head to features that the network computes once; where absent, with fewer "
        "than 10,000 images to train",
    )
    keep_statistics: bool | None = setting(
        None,
        "BatchNorm computes with the statistics of the checkpoint in training too; where absent, with fewer "
        "than 10,000 images to train",
    )

    @property
    def unfreezes(self) -> bool:
        """Whether what is frozen at first is trained later."""
        return self.unfreeze_epoch is not None or self.unfreeze_every is not None

    def __post_init__(self) -> None:
        super().__post_init__()
        for flag, value in (("--unfreeze-epoch", self.unfreeze_epoch), ("--unfreeze-every", self.unfreeze_every)):
            if value is not None:
                check_integer(flag, value, 1, 100_000)
                if self.freeze is None:
                    raise ConfigError("settings.nothing_to_unfreeze", flag=flag)

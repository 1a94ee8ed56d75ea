"""Where to on the Hub an entry pushes, and a run of training when."""

from __future__ import annotations

from dataclasses import dataclass

from resnet_hub.checks import check_choice, check_integer
from resnet_hub.errors import ConfigError
from resnet_hub.hub import push_address

from .base import Settings, setting

PUSH_TIMES = ("best", "epoch", "end")


@dataclass(frozen=True)
class HubSettings(Settings):
    """What a run that pushes to the Hub is told. The token is none of it: it comes from HF_TOKEN or the saved login."""

    push_to_hub: str | None = setting(None, "owner/name of the repository to push to, made where missing")
    hub_private: bool | None = setting(None, "keep the repository private; its owner's default where absent")
    hub_revision: str | None = setting(None, "branch to push to, made where missing; main where absent")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.push_to_hub is not None:
            push_address(self.push_to_hub, self.hub_revision, create_pr=False)
            return
        for flag, value in (("--hub-private", self.hub_private), ("--hub-revision", self.hub_revision)):
            if value is not None:
                raise ConfigError("settings.no_push_target", flag=flag)


@dataclass(frozen=True)
class PublishSettings(HubSettings):
    """When a run of training pushes its checkpoints."""

    hub_every: str = setting(
        "best", "when to push: best (each new best checkpoint), epoch (after each), end; the end is always pushed"
    )
    hub_wait: int = setting(600, "seconds that the end of the run waits for its last push")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("--hub-every", self.hub_every, PUSH_TIMES)
        check_integer("--hub-wait", self.hub_wait, 0, 86_400)

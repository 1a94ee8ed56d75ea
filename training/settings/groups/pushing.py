"""Where a run goes: its checkpoints, trackers, and pushes to the Hub."""

from __future__ import annotations

from dataclasses import dataclass

from resnet_hub.checks import check_choice, check_integer
from resnet_hub.errors import ConfigError

from ..base import Settings, duration, setting

MOST_IMAGES = 2000
"""Images that a run folder keeps for its page at most."""
PUSH_TIMES = ("best", "epoch", "end")


@dataclass(frozen=True)
class HubSettings(Settings):
    """The repository to push to. The token is no setting: it comes from HF_TOKEN or the saved login."""

    push_to_hub: str | None = setting(
        None, "owner/name of the repository to push to, made where missing", public=False, may_change=True
    )
    hub_private: bool | None = setting(
        None, "keep the repository private; its owner's default where absent", public=False, may_change=True
    )
    hub_revision: str | None = setting(
        None, "branch to push to, made where missing; main where absent", public=False, may_change=True
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.push_to_hub is not None:
            from resnet_hub.hub import push_address  # loads torch, and flags are checked before that

            push_address(self.push_to_hub, self.hub_revision, create_pr=False)
            return
        for flag, value in (("--hub-private", self.hub_private), ("--hub-revision", self.hub_revision)):
            if value is not None:
                raise ConfigError("settings.no_push_target", flag=flag)


@dataclass(frozen=True)
class PublishSettings(HubSettings):
    """When a run of training pushes its checkpoints."""

    hub_strategy: str = setting(
        "best",
        "when to push: best (each new best checkpoint), epoch (after each), end; the end is always pushed",
        public=False,
        may_change=True,
        choices=PUSH_TIMES,
    )
    hub_wait: int = setting(
        600, "seconds that the end of the run waits for its last push", public=False, may_change=True
    )

    hub_state: bool = setting(
        False,
        "push what --resume needs as well, after each epoch and when the run is stopped, to the branch state of the "
        "repository: --resume hf://owner/name goes on on another machine",
        public=False,
        may_change=True,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.hub_state and self.push_to_hub is None:
            raise ConfigError("settings.no_push_target", flag="--hub-state")
        check_choice("--hub-strategy", self.hub_strategy, PUSH_TIMES)
        check_integer("--hub-wait", self.hub_wait, 0, 86_400)


@dataclass(frozen=True)
class SavingSettings(Settings):
    """Checkpointing, reproducibility and trackers."""

    save_every_steps: int | None = setting(
        None,
        "updates of the weights between saves of all that --resume needs; only after each epoch where absent",
        public=False,
        may_change=True,
    )
    max_time: str | None = setting(
        None,
        "time from the start of the program after which the run saves and stops, with exit status 75, as 90m, 2h or "
        "1h30m; --resume goes on with another such time",
        public=False,
        may_change=True,
    )
    budget: str | None = setting(
        None,
        "time from the start of the program within which the run means to be finished, as 5m or 1h30m: a few steps are "
        "measured, and what fits is done: epochs of everything, of the last stages, on smaller images or of a smaller "
        "network, or a linear probe, which is said",
        public=False,
        may_change=True,
    )
    deterministic: bool = setting(
        False, "repeat bit for bit on the same machine from the same --seed: no operation that cannot; can be slower"
    )
    held_out_images: int = setting(
        200,
        "images of the measured split that the run folder keeps for its page, with their answers; they are not pushed",
        public=False,
        may_change=True,
    )
    share_samples: bool = setting(
        False,
        "show up to three images of the measured split, which are your data, with their answers on the model card, in "
        "samples.png, which a push sends",
        public=False,
        may_change=True,
    )
    report_to: str | None = setting(
        None,
        "trackers to report to, separated by commas: tensorboard, trackio, wandb or another of accelerate's",
        public=False,
        may_change=True,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.save_every_steps is not None:
            check_integer("--save-every-steps", self.save_every_steps, 1, 10**9)
        check_integer("--held-out-images", self.held_out_images, 0, MOST_IMAGES)
        if self.max_time is not None:
            duration("--max-time", self.max_time)
        _ = self.seconds_planned

    @property
    def seconds_allowed(self) -> float | None:
        """How long the program may run before it saves and stops; None where nobody limits it."""
        return None if self.max_time is None else duration("--max-time", self.max_time)

    @property
    def seconds_planned(self) -> float | None:
        """How long the program means to run; None where nobody plans it."""
        return None if self.budget is None else duration("--budget", self.budget)

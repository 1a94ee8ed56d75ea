"""What stands on a setting's field beside its default: whether a card says it, whether a resumed run may change it."""

from dataclasses import dataclass, fields

import pytest

from resnet_hub.errors import ConfigError
from training.settings.base import Settings, duration, setting
from training.settings.recipe import FinetuneRecipe

HIDDEN = {"output", "overwrite", "dry_run", "find_lr", "save_every_steps", "max_time", "report_to", "cache_gb"}
HIDDEN |= {"labels", "push_to_hub", "hub_private", "hub_revision", "hub_strategy", "hub_wait", "held_out_images"}
HIDDEN |= {"hub_state", "budget", "share_samples"}
CHANGEABLE = (HIDDEN - {"output", "overwrite", "dry_run", "find_lr", "labels"}) | {"epochs", "threads", "workers"}


def test_a_card_says_what_says_something_of_the_network_and_a_resumed_run_changes_only_what_does_not():
    for item in fields(FinetuneRecipe):
        assert item.metadata["public"] == (item.name not in HIDDEN), item.name
        assert item.metadata["may_change"] == (item.name in CHANGEABLE), item.name


def test_what_is_not_public_is_left_out_of_the_public_settings():
    @dataclass(frozen=True)
    class Some(Settings):
        lr: float = setting(0.1, "learning rate")
        folder: str = setting("here", "folder", public=False)
        momentum: float | None = setting(None, "momentum")

    assert Some().public() == {"lr": 0.1}
    assert Some().to_json() == {"lr": 0.1, "folder": "here"}


def test_a_setting_that_nobody_marked_is_public_and_stays_as_it_was():
    marked = setting(1, "a number")
    assert (marked.metadata["public"], marked.metadata["may_change"]) == (True, False)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90m", 5400), ("2h", 7200), ("1h30m", 5400), ("45s", 45), ("1d", 86_400), (" 2H ", 7200)]
)
def test_a_duration_is_read_in_days_hours_minutes_and_seconds(text, seconds):
    assert duration("--max-time", text) == seconds


@pytest.mark.parametrize("text", ["", "2", "0m", "-1h", "2 hours", "30m1h", "1.5h", "9999d", "9" * 10_000 + "h", "٣h"])
def test_what_is_no_duration_is_refused_with_how_to_write_one(text):
    with pytest.raises(ConfigError, match="write it as 90m, 2h or 1h30m"):
        duration("--max-time", text)

"""What stands on a setting's field beside its default: whether a card says it, whether a resumed run may change it."""

from dataclasses import dataclass, fields

from training.settings.base import Settings, setting
from training.settings.recipe import FinetuneRecipe

HIDDEN = {"output", "overwrite", "dry_run", "find_lr", "save_every_steps", "report_to", "cache_gb"}
HIDDEN |= {"labels", "push_to_hub", "hub_private", "hub_revision", "hub_strategy", "hub_wait"}
CHANGEABLE = (HIDDEN - {"output", "overwrite", "dry_run", "find_lr", "labels"}) | {"threads", "workers"}


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

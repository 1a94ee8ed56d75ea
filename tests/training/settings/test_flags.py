"""Names that are no flags: those of earlier versions and of other trainers are answered with ours."""

import re
from dataclasses import fields

import pytest
from error_facts import Begins, code_and_fields

from resnet_hub.errors import ConfigError
from training.settings.base import flag_of
from training.settings.flags.flags import RENAMED, settings_parser
from training.settings.flags.other_trainers import ANSWERED, OTHER_TRAINERS
from training.settings.groups.evaluation import EvaluationSettings
from training.settings.recipe import FinetuneRecipe, parse_flags, read_recipe

NAMES = {item.name for item in fields(FinetuneRecipe)}
FLAGS = {flag_of(name) for name in NAMES} | {"--resume", "--recipe"}


def refusal(*flags):
    with pytest.raises(ConfigError) as refused:
        parse_flags(flags)
    return str(refused.value)


@pytest.mark.parametrize("old", RENAMED)
def test_an_old_name_is_refused_with_the_new_one(old, tmp_path):
    new = RENAMED[old]
    assert new in NAMES
    assert old not in NAMES
    expected = f"there is no flag '{flag_of(old)}'; it is called {flag_of(new)} now"
    assert expected in refusal(flag_of(old), "1")
    assert expected in refusal(f"{flag_of(old)}=1")


def test_an_old_switch_is_refused_with_the_new_one_switched_off():
    assert "there is no flag '--no-head-first'; it is called --no-linear-probe-first now" in refusal("--no-head-first")


def test_the_recipe_of_an_earlier_run_is_refused_with_all_new_names_at_once(tmp_path):
    file = tmp_path / "recipe.toml"
    file.write_text("max_bad_pictures = 0\nepochs = 3\nkeep_statistics = true\n")
    with pytest.raises(ConfigError) as refused:
        read_recipe(str(file))
    assert code_and_fields(refused.value) == (
        "settings.renamed_keys",
        {"file": str(file), "renamed": "max_bad_pictures -> max_bad_images, keep_statistics -> freeze_bn_stats"},
    )


@pytest.mark.parametrize("theirs", OTHER_TRAINERS)
def test_a_flag_of_another_trainer_is_answered_with_ours(theirs):
    assert theirs not in FLAGS
    named = re.findall(r"--[a-z0-9-]+", OTHER_TRAINERS[theirs])
    assert named
    assert set(named) <= FLAGS
    assert f"there is no flag '{theirs}'; here it is {OTHER_TRAINERS[theirs]}; see " in refusal(theirs, "1")


def test_a_flag_that_is_not_needed_here_is_answered_with_why_and_is_none_of_ours():
    assert not ANSWERED.keys() & (FLAGS | OTHER_TRAINERS.keys())
    for theirs, answer in ANSWERED.items():
        assert str(answer) in refusal(theirs, "1")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("--learning_rate", "there is no flag '--learning_rate'; here it is --lr"),
        ("--batch_size", "there is no flag '--batch_size'; here it is --batch-size"),
        ("-b", "there is no flag '-b'; here it is --batch-size"),
        ("--epoch", "there is no flag '--epoch'; the nearest are '--epochs'"),
        ("learning-rate", "there is no flag 'learning-rate'; the nearest are"),
    ],
)
def test_other_spellings_are_answered_too(given, says):
    assert says in refusal(given, "1")


def test_the_value_of_a_flag_that_there_is_not_is_not_repeated():
    assert "hf_secret" not in refusal("--hub-token=hf_secret")


def test_a_recipe_with_the_key_of_another_trainer_is_answered_with_ours(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text("learning_rate = 0.1\n")
    with pytest.raises(ConfigError) as refused:
        read_recipe(str(file))
    assert code_and_fields(refused.value) == (
        "settings.key_elsewhere",
        {"file": str(file), "key": "learning_rate", "here": "lr"},
    )
    file.write_text("warmup-ratio = 0.1\n")
    with pytest.raises(ConfigError) as refused:
        read_recipe(str(file))
    assert code_and_fields(refused.value) == (
        "settings.key_elsewhere",
        {"file": str(file), "key": "warmup-ratio", "here": "warmup_epochs, in epochs and not as a share of the run"},
    )


def test_an_entry_that_lacks_the_flag_does_not_name_it():
    parser = settings_parser(EvaluationSettings, "training.evaluate")
    with pytest.raises(ConfigError) as refused:
        parser.parse_args(["--learning-rate", "1"])
    assert code_and_fields(refused.value) == (
        "arguments.unknown_flag",
        {
            "flag": "--learning-rate",
            "answer": ("arguments.nearest", {"nearest": Begins("'--")}),
            "program": "training.evaluate",
        },
    )
    with pytest.raises(ConfigError) as refused:
        parser.parse_args(["--max-bad-pictures", "1"])
    assert code_and_fields(refused.value) == (
        "arguments.unknown_flag",
        {
            "flag": "--max-bad-pictures",
            "answer": ("settings.renamed_flag", {"new": "--max-bad-images"}),
            "program": "training.evaluate",
        },
    )


def test_a_recipe_with_a_key_that_is_not_needed_here_is_told_why(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text("num_labels = 3\n")
    with pytest.raises(ConfigError, match="unknown key 'num_labels'; it is not needed: the classes"):
        read_recipe(str(file))

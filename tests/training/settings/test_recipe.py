"""The settings of a run: defaults < recipe file < flags, and what is refused."""

import math
import re
import tomllib
from dataclasses import fields
from typing import get_type_hints

import pytest
from error_facts import Begins, code_and_fields

from resnet_hub.errors import ConfigError
from training.run.resuming.resume import parse_run
from training.settings.flags.flags import plain_type
from training.settings.recipe import FinetuneRecipe, read_recipe, recipe_names


def parse_recipe(flags):
    return parse_run(flags)[0]


def test_flags_go_before_the_recipe_file_and_the_file_before_the_defaults(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('dataset = "digits"\nepochs = 3\nlr = 1\n')
    recipe = parse_recipe(["--recipe", str(file), "--epochs", "7"])
    assert (recipe.dataset, recipe.epochs, recipe.lr, recipe.momentum) == ("digits", 7, 1.0, 0.9)


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_of_the_project_is_valid_and_opens_with_its_command(name):
    recipe = parse_recipe(["--recipe", name, "--dataset", "digits"])
    assert recipe.to_json().items() >= {**read_recipe(name), "dataset": "digits"}.items()
    from training.settings.recipe import RECIPES

    assert "accelerate launch -m training.finetune" in (RECIPES / f"{name}.toml").read_text().split("\n\n")[0]


def test_the_written_recipe_reads_back_to_the_same_settings(tmp_path):
    recipe = FinetuneRecipe(
        dataset='a "quoted" \\ name\n', model="ö/\x7f", clip_grad_norm=1.0, flip=False, image_size=96
    )
    file = tmp_path / "recipe.toml"
    file.write_text(recipe.to_toml(), "utf-8")
    assert FinetuneRecipe(**read_recipe(str(file))) == recipe
    assert "in_chans" not in tomllib.loads(file.read_text("utf-8"))


@pytest.mark.parametrize(
    ("flags", "code", "expected"),
    [
        (
            ["--batch-size", "0"],
            "checks.no_whole_number",
            {"name": "--batch-size", "value": 0, "low": 1, "high": 65536},
        ),
        (["--epochs", "-1"], "checks.no_whole_number", {"name": "--epochs", "value": -1, "low": 1, "high": 100000}),
        (
            ["--epochs", "many"],
            "arguments.refused",
            {
                "reason": "argument --epochs: invalid int value: 'many'",
                "program": "accelerate launch -m training.finetune",
            },
        ),
        (
            ["--lr", "nan"],
            "checks.out_of_range",
            {"name": "--lr", "value": pytest.approx(math.nan, nan_ok=True), "low": 1e-09, "high": 1000.0},
        ),
        (
            ["--precision", "bf8"],
            "checks.unknown_choice",
            {"name": "--precision", "value": "bf8", "choices": "'auto', 'no', 'bf16', 'fp16'"},
        ),
        (
            ["--epoch", "3"],
            "arguments.unknown_flag",
            {
                "flag": "--epoch",
                "answer": ("arguments.nearest", {"nearest": Begins("'--epochs'")}),
                "program": "accelerate launch -m training.finetune",
            },
        ),
        (["--warmup-epochs", "5", "--epochs", "3"], "settings.long_warmup", {"warmup": 5.0, "epochs": 3}),
        (["--recipe", "digit"], "settings.unknown_recipe", {"name": "digit", "known": Begins("adam-step, digits, ")}),
        (
            ["--schedule", "cosin"],
            "checks.unknown_choice",
            {"name": "--schedule", "value": "cosin", "choices": Begins("'cosine'")},
        ),
        (
            ["--milestones", "3,4"],
            "settings.idle_flag",
            {"flag": "--milestones", "schedule": "cosine", "users": "multistep"},
        ),
        (
            ["--decay-epochs", "3"],
            "settings.idle_flag",
            {"flag": "--decay-epochs", "schedule": "cosine", "users": "step, plateau, wsd, rsqrt"},
        ),
        (["--schedule", "multistep", "--milestones", "4,3"], "settings.unsorted_milestones", {"milestones": "4,3"}),
        (
            ["--schedule", "multistep", "--milestones", "4;3"],
            "settings.no_number_list",
            {"flag": "--milestones", "text": "4;3"},
        ),
        (
            ["--clip-grad-norm", "1", "--clip-grad-agc", "1"],
            "settings.contradiction",
            {"first": "--clip-grad-norm", "second": "--clip-grad-agc"},
        ),
        (
            ["--opt-betas", "0.9,1.5"],
            "checks.out_of_range",
            {"name": "--opt-betas", "value": 1.5, "low": 0, "high": 0.999999},
        ),
        (["--unfreeze-every", "2"], "settings.nothing_to_unfreeze", {"flag": "--unfreeze-every"}),
        (["--freeze", "backbone", "--unfreeze-epoch", "11"], "settings.late_unfreeze", {"epoch": 11, "epochs": 10}),
        (
            ["--linear-probe-first", "--from-scratch"],
            "settings.no_features",
            {},
        ),
        (["--freeze-bn-stats", "--from-scratch"], "settings.no_statistics", {}),
        (
            ["--features-once", "--mixup", "0.2"],
            "settings.contradiction",
            {"first": "--features-once", "second": "--mixup=0.2"},
        ),
        (
            ["--features-once", "--freeze", "stem"],
            "settings.contradiction",
            {"first": "--features-once", "second": "--freeze=stem"},
        ),
        (
            ["--budget", "5m", "--epochs", "3"],
            "settings.contradiction",
            {"first": "--budget=5m", "second": "--epochs=3"},
        ),
        (["--budget", "5"], "settings.no_duration", {"flag": "--budget", "text": "5"}),
        (
            ["--features-once", "--from-scratch"],
            "settings.contradiction",
            {"first": "--features-once", "second": "--from-scratch=True"},
        ),
        (["--freeze", "backbone", "--from-scratch"], "settings.frozen_random_weights", {}),
        (["--shift", "2", "--min-crop-area", "0.5"], "settings.shift_and_crop", {}),
        (["--color-jitter", "0.4", "--auto-augment", "3a"], "settings.jitter_and_policy", {"policy": "3a"}),
        (["--mix-probability", "0.5"], "settings.nothing_to_mix", {}),
        (["--power", "2"], "settings.idle_flag", {"flag": "--power", "schedule": "cosine", "users": "poly"}),
        (["--drop-rate", "1"], "checks.out_of_range", {"name": "--drop-rate", "value": 1.0, "low": 0, "high": 0.999}),
        (
            ["--val-fraction", "1.5"],
            "checks.out_of_range",
            {"name": "--val-fraction", "value": 1.5, "low": 0.001, "high": 0.9},
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_flag_is_refused_in_a_sentence(flags, code, expected):
    with pytest.raises(ConfigError) as refused:
        parse_recipe(["--dataset", "digits", *flags])
    assert code_and_fields(refused.value) == (code, expected)


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        ("epoch = 3", "settings.unknown_key", {"key": "epoch", "nearest": Begins("'epochs'")}),
        ('epochs = "3"', "settings.wrong_type", {"key": "epochs", "value": "3", "type": "int"}),
        ("epochs = 3.5", "settings.wrong_type", {"key": "epochs", "value": 3.5, "type": "int"}),
        ("flip = 1", "settings.wrong_type", {"key": "flip", "value": 1, "type": "bool"}),
        ("epochs = = 3", "settings.no_toml", {"reason": Begins("Invalid value")}),
    ],
)
def test_a_wrong_recipe_file_is_refused_in_a_sentence(tmp_path, text, code, expected):
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as refused:
        read_recipe(str(file))
    assert code_and_fields(refused.value) == (code, {"file": str(file), **expected})


def test_a_missing_dataset_is_asked_for():
    with pytest.raises(ConfigError) as refused:
        parse_recipe([])
    assert code_and_fields(refused.value) == ("settings.no_dataset", {})


UNITS = (
    "pixels|epoch|images|batches|updates|steps|seconds|gigabytes|processes|threads|channels|0 to 1|share|factor|"
    "multiple|multiply|probability|learning rate|alpha|beta|epsilon|norm|number|weight decay|exponent|seed"
)


def test_every_setting_has_a_flag_with_help_and_a_number_its_unit(capsys):
    with pytest.raises(SystemExit):
        parse_recipe(["--help-all"])
    text = " ".join(capsys.readouterr().out.split())
    types = get_type_hints(FinetuneRecipe)
    for setting in fields(FinetuneRecipe):
        assert re.search(rf"--{setting.name.replace('_', '-')}( |, )", text)
        assert setting.metadata["help"] in text
        if plain_type(types[setting.name]) in (int, float):
            assert re.search(UNITS, setting.metadata["help"]), setting.name


@pytest.mark.parametrize(
    ("dataset", "model", "folder"),
    [
        ("digits", "cifar_resnet20", "runs/digits-cifar_resnet20"),
        ("owner/flowers:small@v2", "owner/net@main", "runs/flowers-small-v2-net-main"),
        ("/data/pets/", "weights/resnet18", "runs/pets-resnet18"),
    ],
)
def test_the_run_folder_is_named_after_the_dataset_and_the_model(dataset, model, folder):
    assert str(FinetuneRecipe(dataset=dataset, model=model).folder) == folder


@pytest.mark.parametrize(
    ("flags", "code", "expected"),
    [
        (["--push-to-hub", "net"], "hub.no_owner", {"repo_id": "net"}),
        (
            ["--push-to-hub", "a/net", "--hub-revision", "a..b"],
            "hub.no_revision_name",
            {"revision": "a..b", "source": "a/net"},
        ),
        (["--hub-revision", "dev"], "settings.no_push_target", {"flag": "--hub-revision"}),
        (
            ["--push-to-hub", "a/net", "--hub-strategy", "day"],
            "checks.unknown_choice",
            {"name": "--hub-strategy", "value": "day", "choices": Begins("'best', ")},
        ),
    ],
    ids=["no owner", "no revision", "no repository", "no time"],
)
def test_a_push_that_cannot_be_meant_is_refused_before_the_run(flags, code, expected):
    with pytest.raises(ConfigError) as refused:
        parse_recipe(["--dataset", "digits", *flags])
    assert code_and_fields(refused.value) == (code, expected)

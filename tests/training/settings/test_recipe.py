"""The settings of a run: defaults < recipe file < flags, and what is refused."""

import re
import tomllib
from dataclasses import fields
from typing import get_type_hints

import pytest

from resnet_hub.errors import ConfigError
from training.run.resume import parse_run
from training.settings.flags import plain_type
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
    ("flags", "says"),
    [
        (["--batch-size", "0"], "--batch-size=0 is out of range; expected a whole number from 1 to 65536"),
        (["--epochs", "-1"], "--epochs=-1 is out of range"),
        (["--epochs", "many"], "argument --epochs: invalid int value: 'many'"),
        (["--lr", "nan"], "--lr=nan is out of range"),
        (["--precision", "bf8"], "--precision='bf8' is not known; choose one of 'auto', 'no', 'bf16', 'fp16'"),
        (["--epoch", "3"], "there is no flag '--epoch'; the nearest are '--epochs'"),
        (["--warmup-epochs", "5", "--epochs", "3"], "--warmup-epochs 5 is more than --epochs 3"),
        (["--recipe", "digit"], "there is no recipe 'digit'; give a TOML file or one of adam-step, digits, few-shot"),
        (["--schedule", "cosin"], "--schedule='cosin' is not known; choose one of 'cosine'"),
        (["--milestones", "3,4"], "--milestones says nothing to --schedule cosine; it is for multistep"),
        (
            ["--decay-epochs", "3"],
            "--decay-epochs says nothing to --schedule cosine; it is for step, plateau, wsd, rsq",
        ),
        (["--schedule", "multistep", "--milestones", "4,3"], "--milestones='4,3' do not rise from above 0; sort them"),
        (["--schedule", "multistep", "--milestones", "4;3"], "--milestones='4;3' is no list of numbers; write them as"),
        (
            ["--clip-grad-norm", "1", "--clip-grad-agc", "1"],
            "--clip-grad-norm and --clip-grad-agc contradict each other; give one of them",
        ),
        (["--opt-betas", "0.9,1.5"], "--opt-betas=1.5 is out of range"),
        (["--unfreeze-every", "2"], "--unfreeze-every has nothing to unfreeze; add --freeze backbone, or leave it out"),
        (["--freeze", "backbone", "--unfreeze-epoch", "11"], "--unfreeze-epoch 11 is after the last of --epochs 10"),
        (
            ["--linear-probe-first", "--from-scratch"],
            "--linear-probe-first fits a head to learned features, and --from-scratch has no",
        ),
        (["--freeze-bn-stats", "--from-scratch"], "--freeze-bn-stats keeps those of a checkpoint, and --from-scratch"),
        (["--freeze", "backbone", "--from-scratch"], "--freeze would keep the random weights of --from-scratch as"),
        (["--shift", "2", "--min-crop-area", "0.5"], "--shift moves whole images and --min-crop-area is for random"),
        (["--mix-probability", "0.5"], "--mix-probability says nothing without --mixup or --cutmix; add one, or leave"),
        (["--power", "2"], "--power says nothing to --schedule cosine; it is for poly"),
        (["--drop-rate", "1"], "--drop-rate=1.0 is out of range"),
        (["--val-fraction", "1.5"], "--val-fraction=1.5 is out of range"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_flag_is_refused_in_a_sentence(flags, says):
    with pytest.raises(ConfigError) as refused:
        parse_recipe(["--dataset", "digits", *flags])
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("epoch = 3", "has an unknown key 'epoch'; the nearest are 'epochs'"),
        ('epochs = "3"', "has epochs = '3'; expected a value of type int"),
        ("epochs = 3.5", "has epochs = 3.5; expected a value of type int"),
        ("flip = 1", "has flip = 1; expected a value of type bool"),
        ("epochs = = 3", "is no valid TOML"),
    ],
)
def test_a_wrong_recipe_file_is_refused_in_a_sentence(tmp_path, text, says):
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as refused:
        read_recipe(str(file))
    assert says in str(refused.value)


def test_a_missing_dataset_is_asked_for():
    with pytest.raises(
        ConfigError, match="--dataset is missing; give a Hub id such as owner/name, a folder, or digits"
    ):
        parse_recipe([])


UNITS = (
    "pixels|epoch|images|batches|updates|steps|seconds|gigabytes|processes|threads|channels|0 to 1|share|factor|"
    "multiple|multiply|probability|learning rate|alpha|beta|epsilon|norm|number|weight decay|exponent|seed"
)


def test_every_setting_has_a_flag_with_help_and_a_number_its_unit(capsys):
    with pytest.raises(SystemExit):
        parse_recipe(["--help"])
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
    ("flags", "says"),
    [
        (["--push-to-hub", "net"], "'net' does not say whose repository it is"),
        (["--push-to-hub", "a/net", "--hub-revision", "a..b"], "cannot be a revision"),
        (["--hub-revision", "dev"], "--hub-revision says how to push, but not where to; add --push-to-hub owner/name"),
        (
            ["--push-to-hub", "a/net", "--hub-strategy", "day"],
            "--hub-strategy='day' is not known; choose one of 'best', 'ep",
        ),
    ],
    ids=["no owner", "no revision", "no repository", "no time"],
)
def test_a_push_that_cannot_be_meant_is_refused_before_the_run(flags, says):
    with pytest.raises(ConfigError) as refused:
        parse_recipe(["--dataset", "digits", *flags])
    assert says in str(refused.value)

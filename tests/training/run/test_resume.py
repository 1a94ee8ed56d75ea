"""`--resume`: the run that is meant, its settings, and flags that contradict them."""

from contextlib import nullcontext
from dataclasses import fields

import pytest

from resnet_hub.errors import ConfigError, TrainingError
from training.run.resume import _refuse_contradictions, parse_run
from training.run.serialization import write_snapshot
from training.settings.recipe import FinetuneRecipe


@pytest.fixture
def interrupted(tmp_path, monkeypatch):
    """The folder of a run that was interrupted before its first step, as seen from where it was started."""
    monkeypatch.chdir(tmp_path)
    recipe = FinetuneRecipe(dataset="digits", model="resnet18", lr=0.02, workers=3)
    write_snapshot(recipe.folder / "state", {"run": {"recipe": recipe.to_json()}})
    return recipe.folder


def test_without_the_flag_a_run_begins(tmp_path):
    recipe, snapshot = parse_run(["--dataset", "digits", "--output", str(tmp_path)])
    assert recipe.dataset == "digits"
    assert snapshot is None


@pytest.mark.parametrize(
    "flags",
    [
        ["--resume", "runs/digits-resnet18"],
        ["--resume", "--output", "runs/digits-resnet18"],
        ["--resume", "--dataset", "digits", "--model", "resnet18"],
        ["--resume", "runs/digits-resnet18", "--lr", "0.02", "--output", "./runs/digits-resnet18"],
        ["--resume", "runs/digits-resnet18", "--batch-size", "auto"],
    ],
    ids=["folder", "output", "the same flags", "flags that agree", "a size that was found"],
)
def test_the_run_is_found_with_its_settings(interrupted, flags):
    recipe, snapshot = parse_run(flags)
    assert (recipe.dataset, recipe.model, recipe.lr, recipe.workers) == ("digits", "resnet18", 0.02, 3)
    assert snapshot.folder.parent.parent == recipe.folder == interrupted


def test_what_does_not_change_the_result_may_be_another(interrupted):
    recipe, _ = parse_run(["--resume", str(interrupted), "--workers", "1", "--save-every-steps", "5"])
    assert (recipe.workers, recipe.save_every_steps, recipe.lr) == (1, 5, 0.02)


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--lr", "0.1"], "--lr 0.1 contradicts --resume: the run in '{folder}' trains with --lr 0.02; leave --lr out"),
        (["--ema-decay", "0.9"], "--ema-decay 0.9 contradicts --resume: the run in '{folder}' trains with --ema-dec"),
        (["--no-flip"], "--flip False contradicts --resume: the run in '{folder}' trains with --flip True"),
        (["--recipe", "digits"], "contradicts --resume"),
        (["--output", "elsewhere"], "--resume '{folder}' and --output 'elsewhere' name two folders; drop --output"),
        (["--overwrite"], "--resume goes on with the run in '{folder}' and --overwrite replaces it; drop one"),
    ],
    ids=["another value", "absent before", "switch", "recipe", "output", "overwrite"],
)
def test_a_contradiction_is_refused_naming_both(interrupted, flags, says):
    with pytest.raises(ConfigError) as refused:
        parse_run(["--resume", str(interrupted), *flags])
    assert says.format(folder=interrupted) in str(refused.value)


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(TrainingError, match=r"there is no interrupted run in '.*'; name its folder with --resume FOLD"):
        parse_run(["--resume", str(tmp_path)])


def test_no_folder_at_all_is_asked_for():
    with pytest.raises(ConfigError, match="--resume does not say which run; give its folder: --resume runs/insects"):
        parse_run(["--resume"])


def test_settings_of_another_version_are_named(interrupted):
    write_snapshot(interrupted / "state", {"run": {"recipe": {"dataset": "digits", "warp": 9}}})
    with pytest.raises(ConfigError, match="was started by another version, with settings that this one lacks: warp"):
        parse_run(["--resume", str(interrupted)])


def test_a_run_of_an_earlier_version_is_told_what_to_do_before_its_settings_are_compared(interrupted):
    saved = {"dataset": "digits", "max_bad_pictures": 0, "accumulate": 2, "lr": 0.1}
    write_snapshot(interrupted / "state", {"run": {"recipe": saved}})
    with pytest.raises(ConfigError) as refused:
        parse_run(["--resume", str(interrupted), "--grad-accum-steps", "2"])
    assert "accumulate -> grad_accum_steps, max_bad_pictures -> max_bad_images" in str(refused.value)
    assert "resume it with that version, or start a new run with another --output" in str(refused.value)


@pytest.mark.parametrize("item", fields(FinetuneRecipe), ids=lambda item: item.name)
def test_what_a_resumed_run_may_change_stands_on_the_field(item, tmp_path):
    contradiction = pytest.raises(ConfigError, match=f"--{item.name.replace('_', '-')} b contradicts --resume")
    with nullcontext() if item.metadata["may_change"] or item.name == "output" else contradiction:
        _refuse_contradictions({item.name: "b"}, {item.name: "a"}, tmp_path)

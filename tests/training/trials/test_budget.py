"""`--budget`: what fits the time is done, and said."""

import json

import pytest
from images import class_folders

from resnet_hub import create_model
from training import finetune
from training.trials.budget import FEWEST_EPOCHS, MOST_EPOCHS, Costs, Plan, more_time, plan_of

COSTS = Costs(epoch=10.0, probe=4.0, once=5.0)


@pytest.mark.parametrize(
    ("left", "probed", "plan"),
    [
        (38.0, True, Plan(False, 3, 35.0)),
        (34.9, True, Plan(True, 1, 4.0)),
        (34.9, False, Plan(False, 2, 25.0)),
        (1.0, True, Plan(True, 1, 4.0)),
        (1.0, False, Plan(False, 1, 15.0)),
        (1e6, True, Plan(False, MOST_EPOCHS, 305.0)),
    ],
    ids=["three epochs", "a little less", "random weights", "too little", "too little for anything", "plenty"],
)
def test_as_many_epochs_as_fit_are_trained_and_where_three_do_not_a_linear_probe(left, probed, plan):
    assert plan_of(COSTS, left, probed=probed) == plan


def test_what_more_time_would_give_is_true():
    told = more_time(COSTS, Plan(True, 1, 4.0), 20.0)
    minutes = int(told.removesuffix("m on").rpartition(" ")[2])
    left = 0.9 * 60 * minutes - 20.0
    assert plan_of(COSTS, left, probed=True).epochs >= FEWEST_EPOCHS


@pytest.mark.usefixtures("new_process", "blank_figures")
def test_a_budget_that_is_spent_takes_the_quickest_way_and_says_it(tmp_path, capsys):
    class_folders(tmp_path / "data", {"red": 12, "green": 12})
    create_model("test_resnet", num_classes=5).save_pretrained(tmp_path / "start")
    flags = ["--dataset", tmp_path / "data", "--model", tmp_path / "start", "--output", tmp_path / "run"]
    flags += ["--image-size", 32, "--workers", 0, "--precision", "no", "--budget", "1s"]
    assert finetune.main([str(flag) for flag in flags]) == 0
    log = capsys.readouterr().err
    assert "budget 1s, of which 0.0 s are left after the start and a reserve: an epoch of everything takes about" in log
    assert "budget a linear probe, about " in log
    assert "everything is trained, for 3 epochs, from --budget " in log
    assert "budget that is more than there is" in log
    assert "features_once = true" in (tmp_path / "run" / "recipe.toml").read_text()
    assert json.loads((tmp_path / "run" / "results.json").read_text())["validation"]["top1"] == 1

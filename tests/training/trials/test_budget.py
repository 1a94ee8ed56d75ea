"""`--budget`: what fits the time is done, and said."""

import json

import pytest
from images import class_folders

from resnet_hub import create_model
from training import finetune
from training.settings import FinetuneRecipe
from training.trials.budget import FEWEST_EPOCHS, MOST_EPOCHS, Costs, ladder, more_time, plan_of
from training.trials.ways import Way, ways_of

COSTS = Costs(training=9.0, validation=1.0, features=3.0, once=5.0)
FROZEN = Way({"freeze": "stem,layer1,layer2"}, training=0.7)
SMALL = Way({"image_size": 160}, 0.5, 0.5)
OTHER = Way({"model": "resnet18.a1_in1k"}, 0.4, 0.4)
BOTH = Way({"model": "resnet18.a1_in1k", "image_size": 160}, 0.2, 0.2)
WAYS = [Way(), FROZEN, SMALL, OTHER, BOTH]


@pytest.mark.parametrize(
    ("left", "images", "words"),
    [
        (1e6, 500, f"{MOST_EPOCHS} epochs of everything"),
        (35.0, 500, "3 epochs of everything"),
        (34.9, 500, "4 epochs of the last stages"),
        (20.0, 500, "3 epochs of everything at 160 px"),
        (14.0, 500, "a linear probe"),
        (14.0, 5000, "3 epochs of everything of resnet18.a1_in1k"),
        (7.0, 5000, "3 epochs of everything of resnet18.a1_in1k at 160 px"),
        (6.0, 5000, "a linear probe"),
        (3.0, 500, "a linear probe at 160 px"),
        (1.0, 500, "a linear probe of resnet18.a1_in1k at 160 px"),
        (0.1, 500, "a linear probe of resnet18.a1_in1k at 160 px"),
    ],
)
def test_of_what_fits_the_time_the_way_that_gives_up_least_is_taken(left, images, words):
    plan = plan_of(COSTS, left, ladder(WAYS, images, probed=True))
    assert plan.words == words
    assert plan.seconds <= left or left == 0.1


def test_random_weights_are_all_trained_however_short_the_time_is():
    rungs = ladder([Way(), SMALL], 500, probed=False)
    assert plan_of(COSTS, 20.0, rungs).words == "3 epochs of everything at 160 px"
    assert plan_of(COSTS, 1.0, rungs).words == "1 epoch of everything at 160 px"


@pytest.mark.parametrize("left", [2.0, 14.0, 20.0, 34.0])
def test_what_more_time_would_give_is_true(left):
    rungs = ladder(WAYS, 500, probed=True)
    told = more_time(COSTS, plan_of(COSTS, left, rungs), gone=20.0)
    minutes = int(told.removesuffix("m on").rpartition(" ")[2])
    better = plan_of(COSTS, 0.9 * 60 * minutes - 20.0, rungs)
    assert better.way == Way()
    assert better.epochs >= FEWEST_EPOCHS


def recipe_of(**given):
    return FinetuneRecipe(dataset="digits", budget="5m", **given)


@pytest.mark.parametrize(
    ("given", "changes"),
    [
        ({}, ["", "freeze", "image_size", "model", "model image_size"]),
        ({"image_size": 224}, ["", "freeze", "model"]),
        ({"model": "timm/resnet50.a1_in1k"}, ["", "freeze", "image_size"]),
        ({"from_scratch": True, "model": "resnet50"}, ["", "image_size"]),
    ],
)
def test_what_is_given_stays_and_each_further_way_costs_less(given, changes):
    found = ways_of(recipe_of(**given), create_model("resnet50", num_classes=4))
    assert [" ".join(way.changes) for way in found] == changes
    costs = [way.training for way in found]
    assert costs == sorted(costs, reverse=True)
    assert costs[0] == 1
    by_name = {" ".join(way.changes): way for way in found}
    if "image_size" in by_name:
        assert by_name["image_size"].changes["image_size"] == 160
        assert by_name["image_size"].answers == pytest.approx((160 / 224) ** 2, rel=0.05)
    if "freeze" in by_name:
        assert (by_name["freeze"].changes["freeze"], by_name["freeze"].answers) == ("stem,layer1,layer2", 1)
        assert by_name["freeze"].training == pytest.approx(0.7, abs=0.02)  # a third forward, of the rest 55 % backward


def test_a_network_for_small_images_and_few_stages_has_its_own_ways():
    found = ways_of(recipe_of(model="alice/net"), create_model("cifar_resnet20", num_classes=4))
    assert [way.changes for way in found] == [{}, {"freeze": "stem,layer1"}]


@pytest.fixture
def folders(tmp_path):
    class_folders(tmp_path / "data", {"red": 12, "green": 12})
    create_model("test_resnet", num_classes=5).save_pretrained(tmp_path / "start")
    create_model("test_resnet", num_classes=5, widths=(8, 8, 8, 8)).save_pretrained(tmp_path / "small")
    return tmp_path


def flags_of(folders, *further):
    flags = ["--dataset", folders / "data", "--model", folders / "start", "--output", folders / "run"]
    return [str(flag) for flag in [*flags, "--workers", 0, "--precision", "no", *further]]


@pytest.mark.usefixtures("new_process", "blank_figures")
def test_a_budget_that_is_spent_takes_the_quickest_way_and_says_it(folders, capsys):
    assert finetune.main(flags_of(folders, "--image-size", 32, "--budget", "1s")) == 0
    log = capsys.readouterr().err
    assert "budget 1s, of which 0.0 s are left after the start and a reserve: an epoch of everything takes about" in log
    assert "budget a linear probe, about " in log
    assert "everything is trained, for 3 epochs, from --budget " in log
    assert "budget that is more than there is" in log
    assert "features_once = true" in (folders / "run" / "recipe.toml").read_text()
    assert json.loads((folders / "run" / "results.json").read_text())["validation"]["top1"] == 1


@pytest.mark.usefixtures("new_process", "blank_figures")
@pytest.mark.parametrize("there", [True, False], ids=["it is there", "it is not"])
def test_where_time_is_short_a_smaller_network_takes_the_place_of_one_that_nobody_chose(
    folders, capsys, monkeypatch, there
):
    small = folders / ("small" if there else "nowhere")
    quick = Way({"model": str(small), "image_size": 32}, 1e-9, 1e-9)
    monkeypatch.setattr("training.trials.budget.ways_of", lambda recipe, network: [Way(), quick])
    assert finetune.main(flags_of(folders, "--budget", "1s")) == 0
    log = capsys.readouterr().err
    taken = small if there else folders / "start"
    assert f'model = "{taken.name}"' in (folders / "run" / "recipe.toml").read_text()
    assert ("image_size = 32" in (folders / "run" / "recipe.toml").read_text()) == there
    if there:
        assert f"budget a linear probe of {small} at 32 px, about" in log
        assert "--image-size 160 keeps that size" in log
    else:
        assert f"budget {folders / 'start'} stays, as {small} cannot be had: " in log

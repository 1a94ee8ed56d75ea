"""The card that a run leaves: whose weights, which images, what was found, how, and under which license."""

import json

import pytest
from huggingface_hub import ModelCard
from images import class_folders
from launching import FROM_SCRATCH, forget_accelerator, leave_figures_blank
from random_weights import lively

from resnet_hub.hub.upload import push_checkpoint
from training import finetune

PARENT = "resnet18.fb_swsl_ig1b_ft_in1k"


@pytest.fixture(scope="module")
def run(hub_server, tmp_path_factory):
    """The folder of a short run from weights that are for non-commercial use only, and its card on the Hub."""
    from huggingface_hub import HfApi, constants

    forget_accelerator()
    place = tmp_path_factory.mktemp("run")
    hub_server.reset()
    template = hub_server.url + "/{repo_id}/resolve/{revision}/{filename}"
    with pytest.MonkeyPatch.context() as patch:
        leave_figures_blank(patch)
        patch.setattr(constants, "ENDPOINT", hub_server.url)
        patch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        patch.setattr(constants, "HF_HUB_CACHE", str(place / "cache"))
        patch.setenv("HF_TOKEN", hub_server.state.add_account("timm"))
        lively("resnet18", num_classes=4).half().push_to_hub(f"timm/{PARENT}")
        patch.setenv("HF_TOKEN", hub_server.token)
        data = class_folders(place / "insects", {"red": 12, "green": 6, "blue": 6})
        for color, name in (("red", "a|b"), ("green", "yes"), ("blue", "<i>")):
            (data / color).rename(data / name)
        flags = ("--dataset", data, "--model", PARENT, "--output", place / "run", "--image-size", 32)
        assert finetune.main([*map(str, flags), "--epochs", "2", "--workers", "0", "--warmup-epochs", "0"]) == 0
        push_checkpoint(place / "run", "alice/insects")
        pushed = HfApi().model_info("alice/insects").card_data
    return place / "run", pushed


@pytest.fixture(scope="module")
def card(run):
    return ModelCard.load(run[0] / "README.md")


def test_the_card_names_the_parent_and_keeps_its_license(card):
    assert card.data.base_model == f"timm/{PARENT}"
    assert card.data.license == "cc-by-nc-4.0"
    assert "no commercial use" in card.text


def test_the_hub_reads_the_same_from_the_pushed_card(run, card):
    pushed = run[1]
    assert (pushed.license, pushed.base_model) == (card.data.license, card.data.base_model)
    assert [result.metric_type for result in pushed.eval_results] == ["accuracy", "loss", "f1", "ece"]


def test_the_model_index_tells_where_the_figures_are_from(run, card):
    results = json.loads((run[0] / "results.json").read_text())["validation"]
    found = {result.metric_type: result for result in card.data.eval_results}
    assert found["accuracy"].metric_value == pytest.approx(results["top1"], abs=1e-6)
    assert (found["accuracy"].dataset_name, found["accuracy"].dataset_split) == ("insects", "20% of train")


@pytest.mark.parametrize(
    "told",
    [
        "](curves.png)",
        "](confusion.png)",
        "<summary>Results by class</summary>",
        "| a&#124;b | ",
        "- yes\n",
        "- &#60;i&#62;\n",
        "| epochs | 2 |",
        "**Accuracy ",
        "; the 95% interval is ",
        "%, from 4 images.",
        "<summary>Settings left at their defaults</summary>",
        "| label_smoothing | 0.1 |",
        "| time | ",
        "| hardware | ",
        "| torch | ",
        "one of 3 classes",
        "It was measured on 4 images from where it learned",
    ],
)
def test_the_card_tells(card, told):
    assert told in card.text


def test_the_classes_of_the_card_have_the_figures_of_the_run(run, card):
    per_class = json.loads((run[0] / "results.json").read_text())["per_class"]
    for row in per_class:
        assert f"| {row['precision']:.3f} | {row['recall']:.3f} | {row['f1']:.3f} | {row['images']} |" in card.text


def test_what_is_saved_during_training_says_as_much(tmp_path, monkeypatch):
    forget_accelerator()
    monkeypatch.setattr(finetune, "finish", lambda *_: None)
    data = class_folders(tmp_path / "colors", {"red": 6, "green": 6})
    flags = ("--dataset", data, *FROM_SCRATCH, "--output", tmp_path / "run", "--epochs", 1, "--workers", 0)
    assert finetune.main(list(map(str, flags))) == 0
    card = ModelCard.load(tmp_path / "run" / "README.md")
    assert [result.dataset_split for result in card.data.eval_results] == ["20% of train"] * 4
    assert "<summary>Results by class</summary>" in card.text

"""card.py: the card says what the run recorded, invents nothing, and stays whole whatever the classes are called."""

import re

import pytest
from huggingface_hub import ModelCard

from resnet_hub.card.contents.results import MAX_RESULT_CLASSES
from resnet_hub.card.contents.sections import MAX_CLASSES, model_card
from resnet_hub.card.parse import CardText

RUN = {
    "base_model": "timm/resnet18.a1_in1k",
    "license": "apache-2.0",
    "dataset": "alice/insects",
    "split": "test",
    "num_images": 153,
    "metrics": {"top1": 0.954321, "loss": 0.25},
    "recipe": {"epochs": 5, "optimizer": {"lr": 0.001, "momentum": None}},
    "versions": {"torch": "2.15.0"},
    "seconds": 90,
    "hardware": "2 CPU cores",
    "per_class": {
        "rows": [
            {"index": 1, "precision": 0.5, "recall": 0.25, "f1": 0.3333, "images": 100},
            {"index": 0, "precision": 1.0, "recall": 0.98, "f1": 0.9899, "images": 53},
        ],
        "measured": 2,
    },
}
CONFIG = {"architecture": "resnet18", "num_classes": 2, "label_names": ["ant", "bee"], "resnet_hub": RUN}


def run(**values):
    return {**CONFIG, "resnet_hub": {**RUN, **values}}


def loaded(card, tmp_path):
    (tmp_path / "README.md").write_text(card, "utf-8")
    return ModelCard.load(tmp_path / "README.md")


def metadata(config, tmp_path, **options):
    return loaded(model_card(config, **options), tmp_path).data.to_dict()


@pytest.mark.parametrize(("timm", "library"), [(True, "timm"), (False, "resnet_hub")])
def test_only_what_timm_loads_is_called_a_timm_model(tmp_path, timm, library):
    card = model_card(CONFIG, timm_compatible=timm)
    assert loaded(card, tmp_path).data.library_name == library
    assert ("import timm" in card) is timm


def test_no_license_is_invented(tmp_path):
    card = model_card(run(license=None))
    assert "license" not in loaded(card, tmp_path).data.to_dict()
    assert "No license was recorded" in card


def test_results_without_a_data_set_stay_out_of_the_model_index(tmp_path):
    card = model_card(run(dataset=None))
    assert "model-index" not in loaded(card, tmp_path).data.to_dict()
    assert "| Top-1 accuracy | 0.9543 |" in card


@pytest.mark.parametrize(
    "line",
    [
        "| Top-1 accuracy | 0.9543 |",
        "Measured on alice/insects, split test, 153 images.",
        "| optimizer.lr | 0.001 |",
        "| time | 1.5 minutes |",
        "| hardware | 2 CPU cores |",
        "| torch | 2.15.0 |",
        "- bee",
        'classifier = ImageClassifier.from_pretrained("bob/ants")',
    ],
)
def test_the_card_says_what_the_run_recorded(line):
    assert line in model_card(CONFIG, repo_id="bob/ants").splitlines()


def test_settings_left_unset_are_not_listed():
    assert "momentum" not in model_card(CONFIG)


@pytest.mark.parametrize(
    ("place", "value", "leaked"),
    [
        ("recipe", {"hub_token": "abc123"}, "abc123"),
        ("recipe", {"logging": {"api_key": "abc123"}}, "abc123"),
        ("recipe", {"note": "hf_abcdefghijklmnop"}, "abcdefghijklmnop"),
        ("hardware", "hf_abcdefghijklmnop", "abcdefghijklmnop"),
        ("recipe", {"output": "/home/alice smith/runs/1"}, "smith"),
        ("recipe", {"output": "see C:\\Users\\alice\\runs"}, "alice"),
        ("recipe", {"files": ["~alice/x", "file:///home/alice/y"]}, "alice"),
        ("base_model", "/home/alice/net/", "alice"),
        ("dataset", "/home/alice/insects", "alice"),
    ],
)
def test_neither_secrets_nor_folders_of_the_machine_are_told(place, value, leaked):
    config = {"architecture": "resnet18", "resnet_hub": {"metrics": {"top1": 1.0}, place: value}}
    assert leaked not in model_card(config)


def test_only_known_images_are_shown():
    card = model_card(CONFIG, images=["curves.png", "../secret.png"])
    assert "](curves.png)" in card
    assert "secret" not in card
    assert "confusion" not in card


def test_samples_stand_before_the_figures_where_they_lie_beside_the_card():
    card = model_card(CONFIG, images=["samples.png", "curves.png"])
    assert card.index("](samples.png)") < card.index("](curves.png)")
    assert "samples.png" not in model_card(CONFIG, images=["curves.png"])


def test_a_long_list_of_classes_is_cut():
    card = model_card({**CONFIG, "label_names": [f"class {index}" for index in range(1000)]})
    assert f"- class {MAX_CLASSES - 1}\n" in card
    assert f"- class {MAX_CLASSES}\n" not in card
    assert "and 900 more" in card


@pytest.mark.parametrize("config", [{}, {"resnet_hub": None}, {"label_names": None, "resnet_hub": {"recipe": None}}])
def test_a_config_that_says_nothing_still_gives_a_card(config, tmp_path):
    assert metadata(config, tmp_path)["library_name"] == "resnet_hub"


def with_classes(rows, measured, classes):
    names = [f"class {index}" for index in range(classes)]
    return run(per_class={"rows": rows, "measured": measured}) | {"label_names": names, "num_classes": classes}


def row(index, f1=0.5):
    return {"index": index, "precision": 0.25, "recall": 0.75, "f1": f1, "images": 4}


def test_each_class_has_its_figures_in_a_table():
    lines = model_card(CONFIG).splitlines()
    assert "| bee | 0.500 | 0.250 | 0.333 | 100 |" in lines
    assert lines.index("| ant | 1.000 | 0.980 | 0.990 | 53 |") > lines.index("| bee | 0.500 | 0.250 | 0.333 | 100 |")
    assert "Classes with the lowest F1 come first." in lines


def test_a_long_table_of_classes_is_cut_and_says_so():
    card = model_card(with_classes([row(index) for index in range(90)], 950, 1000))
    assert card.count("| 0.250 | 0.750 |") == MAX_RESULT_CLASSES
    assert f"These are {MAX_RESULT_CLASSES} of 950; the others did better." in card
    assert "50 of the 1000 classes had no image to be measured on." in card


@pytest.mark.parametrize(
    "rows",
    [None, {}, [None], [{"index": 1}], [row("0")], [row(-1)], [row(0, float("nan"))], [row(0, "<b>")], "rows"],
    ids=str,
)
def test_figures_that_are_none_make_no_table(rows):
    assert "Results by class" not in model_card(with_classes(rows, 2, 3))


def test_a_class_without_a_name_has_its_number():
    assert "| class 7 | 0.250 |" in model_card(with_classes([row(7)], 1, 3))


@pytest.mark.parametrize(
    ("problem", "answer", "limit"),
    [
        (None, "answers with one of 2 classes for an image.", "names one of its 2 classes for every image"),
        (
            "multi_label_classification",
            "any of 2 classes for an image, several at once",
            "Each score stands by itself",
        ),
        ("regression", "An image regressor", "does not say how sure it is"),
    ],
    ids=["one class", "several", "numbers"],
)
def test_the_card_says_what_kind_of_answer_it_gives(problem, answer, limit):
    card = model_card({**CONFIG, "problem_type": problem})
    assert answer in card
    assert limit in card


def test_every_section_stands_between_marks_empty_ones_too():
    names = re.findall("<!-- resnet_hub:begin (.+) -->", model_card({}))
    assert names == re.findall("<!-- resnet_hub:end (.+) -->", model_card({}))
    assert {"summary", "usage", "results", "per-class", "pictures", "training", "limits"} <= set(names)
    assert CardText.parse(model_card(CONFIG).encode(), "").own_words == ""


def test_the_figure_that_decides_comes_with_its_interval_and_the_number_of_images():
    card = model_card(run(intervals={"level": 0.95, "top1": [0.9, 0.99]}))
    assert "**Accuracy 95.4%**; the 95% interval is 90.0 to 99.0%, from 153 images." in card
    assert "**Accuracy 95.4%**, from 153 images." in model_card(run(intervals={"level": "high", "top1": [0.9]}))


def test_what_is_confused_is_named_with_how_often():
    pairs = [{"true": 0, "answer": 1, "images": 3}, {"true": 1, "answer": 0, "images": 1}, {"true": "x"}]
    card = model_card(run(per_class={**RUN["per_class"], "confused": pairs}))
    assert "- ant taken for bee: 3 images\n- bee taken for ant: 1 image\n" in card
    assert "What it confuses" not in model_card(CONFIG)


def test_settings_left_at_their_defaults_are_folded_away():
    card = model_card(run(changed={"epochs": 5}))
    shown, _, rest = card.partition("<summary>Settings left at their defaults</summary>")
    assert "| epochs | 5 |" in shown
    assert "| optimizer.lr | 0.001 |" not in shown
    assert "| optimizer.lr | 0.001 |" in rest


def test_a_reader_sees_first_what_it_is_how_good_it_is_and_what_it_is_not_for():
    card = model_card(CONFIG)
    headings = ["## How well", "## What it is not for", "## How to use it", "## How it was trained"]
    assert sorted(headings, key=card.index) == headings

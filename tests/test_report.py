"""The pictures of a run can be drawn for any number of classes and any class names."""

import numpy as np
import pytest
from pictures import class_folders
from PIL import Image

from training.data import load_data
from training.metrics import SingleLabelEvaluation
from training.recipe import FinetuneRecipe
from training.report import CONFUSION_CLASSES, MISTAKES, draw_confusion, draw_curves, draw_mistakes


def evaluation(classes, pictures=200, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, pictures)
    predictions = np.where(rng.random(pictures) < 0.8, labels, rng.integers(0, classes, pictures))
    sure = rng.random(pictures).astype(np.float32)
    return SingleLabelEvaluation(labels, rng.random(pictures), predictions, labels == predictions, sure, classes)


@pytest.mark.parametrize("classes", [2, 10, CONFUSION_CLASSES, 300])
def test_a_confusion_picture_is_drawn_for_this_many_classes(tmp_path, classes):
    file = draw_confusion(tmp_path, evaluation(classes), [f"class {index}" for index in range(classes)])
    with Image.open(file) as picture:
        assert picture.format == "PNG"
        assert min(picture.size) > 300
        assert max(picture.size) < 2500


@pytest.mark.parametrize("name", ["$x_{", "\\frac", "<b>&", "名前", "a" * 500, "", "\n"])
def test_a_hostile_class_name_is_drawn_as_text(tmp_path, name):
    file = draw_confusion(tmp_path, evaluation(2), [name, "other"])
    assert file.stat().st_size > 5_000


@pytest.mark.parametrize(("epochs", "quality"), [(1, "top1"), (2, "map"), (90, "r2")])
def test_curves_are_drawn_for_this_many_epochs_and_each_task(tmp_path, epochs, quality):
    rows = [
        {"epoch": epoch, "train_loss": 2 / epoch, "val_loss": 2.1 / epoch, f"val_{quality}": 1 - 1 / (epoch + 1)}
        for epoch in range(1, epochs + 1)
    ]
    with Image.open(draw_curves(tmp_path, rows)) as picture:
        assert picture.width > 900


def split_of(folder, count):
    class_folders(folder, {"red": count, "green": count})
    return load_data(FinetuneRecipe(dataset=str(folder))).train


@pytest.mark.parametrize("wrong", [1, 8, 3 * MISTAKES], ids=["one", "two rows", "more than are drawn"])
def test_a_sheet_of_the_worst_answers_is_drawn(tmp_path, wrong):
    split = split_of(tmp_path / "data", 50)
    right = np.arange(len(split)) >= wrong
    sure = np.linspace(0.5, 1, len(split), dtype=np.float32)
    answers = np.where(right, split.labels, 1 - split.labels)
    found = SingleLabelEvaluation(split.labels, np.ones(len(split)), answers, right, sure, 2)
    with Image.open(draw_mistakes(tmp_path, found, split, ("$x_{ <b>", "\n" * 90 + "a" * 300), 3)) as picture:
        assert picture.width == pytest.approx(min(6, wrong) * 250, rel=0.1)
        assert picture.height == pytest.approx(min(4, -(-wrong // 6)) * 300, rel=0.2)


def test_without_mistakes_there_is_no_sheet(tmp_path):
    split = split_of(tmp_path / "data", 5)
    found = SingleLabelEvaluation(split.labels, np.ones(8), split.labels, np.ones(8, bool), np.ones(8), 2)
    assert draw_mistakes(tmp_path, found, split, ("a", "b"), 3) is None
    assert not (tmp_path / "mistakes.png").exists()

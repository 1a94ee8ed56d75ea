"""The pictures of a run can be drawn for any number of classes and any class names."""

import numpy as np
import pytest
from PIL import Image

from training.metrics import Evaluation
from training.report import CONFUSION_CLASSES, draw_confusion, draw_curves


def evaluation(classes, pictures=200, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, pictures)
    predictions = np.where(rng.random(pictures) < 0.8, labels, rng.integers(0, classes, pictures))
    return Evaluation(labels, predictions, labels == predictions, rng.random(pictures), classes)


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


@pytest.mark.parametrize("epochs", [1, 2, 90])
def test_curves_are_drawn_for_this_many_epochs(tmp_path, epochs):
    rows = [
        {"epoch": epoch, "train_loss": 2 / epoch, "val_loss": 2.1 / epoch, "val_top1": 1 - 1 / (epoch + 1)}
        for epoch in range(1, epochs + 1)
    ]
    with Image.open(draw_curves(tmp_path, rows)) as picture:
        assert picture.width > 900

"""samples.png: images that a run was measured on, on its card, where their owner allows it."""

import logging

import numpy as np
import pytest
from images import class_folders

from resnet_hub.card import SAMPLES_FILE
from training.data import load_data
from training.metrics.regression import RegressionEvaluation
from training.metrics.single_label import SingleLabelEvaluation
from training.run.reports import samples
from training.run.reports.samples import draw_samples
from training.settings.recipe import FinetuneRecipe

NAMES = ("blue", "green", "<b>red")


@pytest.fixture(scope="module")
def split(tmp_path_factory):
    folder = tmp_path_factory.mktemp("colors")
    class_folders(folder, {"blue": 5, "green": 5, "red": 5})
    return load_data(FinetuneRecipe(dataset=str(folder))).validation


@pytest.fixture
def evaluation(split):
    targets = split.strata()
    predictions = np.where(targets == 0, 1, targets)  # a blue image is taken for a green one
    ones = np.ones(len(targets))
    return SingleLabelEvaluation(targets, ones, predictions, ones.astype(bool), np.full(len(targets), 0.75), 3)


def test_the_first_image_of_three_classes_is_shown_whether_the_answer_is_right_or_wrong(
    split, evaluation, tmp_path, monkeypatch
):
    drawn = []
    monkeypatch.setattr(samples, "draw_sheet", lambda file, images, channels: drawn.extend(images) or file)
    assert draw_samples(tmp_path, evaluation, split, NAMES, 3, shared=True) == [tmp_path / SAMPLES_FILE]
    assert [title for *_, title in drawn] == ["green 75%\ntrue: blue", "green 75%", "<b>red 75%"]
    rows = [int(np.flatnonzero(split.strata() == index)[0]) for index in range(3)]
    assert [content for content, *_ in drawn] == [split.image(row)[0] for row in rows]


def test_of_two_classes_three_images_are_shown_too(tmp_path, monkeypatch):
    class_folders(tmp_path / "two", {"green": 5, "red": 5})
    two = load_data(FinetuneRecipe(dataset=str(tmp_path / "two"), val_fraction=0.4)).validation
    targets, drawn = two.strata(), []
    ones = np.ones(len(targets))
    right = SingleLabelEvaluation(targets, ones, targets, ones.astype(bool), ones, 2)
    monkeypatch.setattr(samples, "draw_sheet", lambda file, images, channels: drawn.extend(images) or file)
    draw_samples(tmp_path, right, two, ("green", "red"), 3, shared=True)
    assert sorted(title for *_, title in drawn) == ["green 100%", "green 100%", "red 100%"]
    assert len({content for content, *_ in drawn}) == 3


def test_no_image_is_shown_unless_it_is_allowed_and_one_of_before_is_gone(split, evaluation, tmp_path):
    draw_samples(tmp_path, evaluation, split, NAMES, 3, shared=True)
    assert (tmp_path / SAMPLES_FILE).read_bytes().startswith(b"\x89PNG")
    assert draw_samples(tmp_path, evaluation, split, NAMES, 3, shared=False) == []
    assert not (tmp_path / SAMPLES_FILE).exists()


def test_a_regression_says_that_it_has_none(split, tmp_path, caplog):
    numbers = np.zeros((len(split.strata()), 1))
    with caplog.at_level(logging.WARNING):
        assert (
            draw_samples(tmp_path, RegressionEvaluation(numbers, numbers[:, 0], numbers), split, NAMES, 3, shared=True)
            == []
        )
    assert "--share-samples" in caplog.text

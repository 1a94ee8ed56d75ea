"""Which images of a split are kept to be looked at."""

from collections import Counter

import numpy as np

from training.metrics.multi_label import MultiLabelEvaluation
from training.metrics.regression import RegressionEvaluation
from training.metrics.shown_images import OF_ONE_CELL, SUREST, images_to_show
from training.metrics.single_label import SingleLabelEvaluation


def single(targets, predictions, sure, num_classes=10):
    targets, predictions, sure = np.asarray(targets), np.asarray(predictions), np.asarray(sure, np.float32)
    ones = np.ones(len(targets))
    return SingleLabelEvaluation(targets, ones, predictions, ones.astype(bool), sure, num_classes)


def test_the_surest_mistakes_come_first_and_right_answers_after_them():
    shown = images_to_show(single([0, 0, 1, 1], [0, 1, 0, 1], [0.9, 0.6, 0.8, 0.7]), 4)
    assert [image.row for image in shown] == [2, 1, 0, 3]
    assert (shown[0].truth, shown[0].answer) == ((1,), (0,))
    assert round(shown[0].score, 5) == 0.8


def test_every_confused_pair_has_an_image_before_one_has_many():
    often, seldom = 300, 30
    targets = np.concatenate([np.zeros(often, int), np.full(seldom, 2)])
    predictions = np.concatenate([np.ones(often, int), np.arange(seldom) % 5 + 3])
    sure = np.linspace(1, 0.1, often + seldom)  # all mistakes of the common pair are surer than the others
    shown = images_to_show(single(targets, predictions, sure), SUREST + 5)
    assert [image.row for image in shown[:SUREST]] == list(range(SUREST))
    assert {image.answer for image in shown[SUREST:]} == {(place,) for place in range(3, 8)}


def test_mistakes_leave_room_for_right_answers_of_every_class():
    targets = np.arange(100) % 10
    predictions = np.where(np.arange(100) < 50, (targets + 1) % 10, targets)
    shown = images_to_show(single(targets, predictions, np.full(100, 0.5)), 40)
    assert len(shown) == 40
    assert Counter(image.truth for image in shown if image.truth == image.answer) == {(k,): 1 for k in range(10)}


def test_of_one_kind_no_more_are_kept_than_can_be_looked_at():
    assert len(images_to_show(single([0] * 100, [0] * 100, [0.9] * 100), 50)) == OF_ONE_CELL


def test_none_are_kept_where_none_are_wanted():
    assert images_to_show(single([0, 1], [1, 1], [0.9, 0.9]), 0) == []


def test_with_several_classes_at_once_the_furthest_answers_come_first():
    targets = np.array([[1, 0], [1, 1], [0, 0]])
    scores = np.array([[0.9, 0.8], [0.9, 0.1], [0.2, 0.1]], np.float32)
    shown = images_to_show(MultiLabelEvaluation(targets, np.ones(3), scores), 3)
    assert [(image.row, image.truth, image.answer) for image in shown] == [
        (1, (0, 1), (0,)),
        (0, (0,), (0, 1)),
        (2, (), ()),
    ]
    assert [round(image.score, 3) for image in shown] == [0.9, 0.8, 0.8]


def test_a_regression_has_no_classes_to_show():
    assert images_to_show(RegressionEvaluation(np.ones((2, 1)), np.ones(2), np.ones((2, 1))), 5) == []

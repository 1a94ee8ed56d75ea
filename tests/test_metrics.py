"""Figures of an evaluation, against figures worked out by hand."""

import json

import numpy as np
import pytest

from training.metrics import RECORDED_CLASSES, Evaluation


@pytest.fixture
def evaluation():
    labels = np.array([0, 0, 0, 1, 1, 2])
    predictions = np.array([0, 0, 1, 1, 2, 2])
    return Evaluation(labels, predictions, np.ones(6, bool), np.array([0.1, 0.2, 1.3, 0.4, 2.0, 0.2]), 4)


def test_top1_is_the_share_of_right_answers(evaluation):
    assert evaluation.top1 == pytest.approx(4 / 6)


def test_the_loss_is_the_mean_over_pictures(evaluation):
    assert evaluation.loss == pytest.approx(4.2 / 6)


def test_macro_f1_averages_the_classes_that_occur(evaluation):
    # precision and recall: class 0 is 1 and 2/3, class 1 is 1/2 and 1/2, class 2 is 1/2 and 1; class 3 never occurs
    assert evaluation.macro_f1 == pytest.approx((0.8 + 0.5 + 2 / 3) / 3)


def test_the_confusion_has_true_classes_in_rows(evaluation):
    expected = [[2, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    assert evaluation.confusion().tolist() == expected


def test_top5_is_told_only_where_there_are_more_than_five_classes(evaluation):
    assert "top5" not in evaluation.summary()
    many = Evaluation(evaluation.labels, evaluation.predictions, np.arange(6) < 3, evaluation.losses, 6)
    assert many.summary()["top5"] == 0.5


def test_each_class_has_a_row_with_its_name_and_number_of_pictures(evaluation):
    rows = evaluation.by_class(("ant", "bee", "cat", "dog"))
    assert rows[0] == {"label": "ant", "precision": 1.0, "recall": pytest.approx(2 / 3), "f1": 0.8, "pictures": 3}
    assert rows[3]["pictures"] == 0


def test_the_worst_classes_come_first_and_those_without_pictures_not_at_all(evaluation):
    found = evaluation.worst_classes()
    assert found["measured"] == 3
    assert [(row["index"], row["f1"], row["pictures"]) for row in found["rows"]] == [
        (1, 0.5, 2),
        (2, 0.6667, 1),
        (0, 0.8, 3),
    ]


def test_of_many_classes_only_the_worst_travel_with_the_checkpoint():
    labels = np.arange(400) % 200
    predictions = np.where(labels == 150, 0, labels)
    found = Evaluation(labels, predictions, labels == predictions, np.ones(400), 200).worst_classes()
    assert (found["measured"], len(found["rows"])) == (200, RECORDED_CLASSES)
    assert [row["index"] for row in found["rows"][:3]] == [150, 0, 1]


def test_what_is_recorded_is_json(evaluation):
    assert json.loads(json.dumps(evaluation.record())) == evaluation.record()

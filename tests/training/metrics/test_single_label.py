"""Figures of an evaluation, against figures worked out by hand and those of scikit-learn."""

import json

import numpy as np
import pytest
import torch
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, f1_score, precision_recall_fscore_support

from training.metrics.recorded_classes import RECORDED_CLASSES
from training.metrics.single_label import SingleLabelEvaluation, format_interval

NAMES = ("ant", "bee", "cat", "dog")


def classes(targets, predictions, num_classes, confidences=None, losses=None, in_top5=None):
    targets, predictions = np.asarray(targets), np.asarray(predictions)
    sure = np.full(len(targets), 0.9, np.float32) if confidences is None else np.array(confidences, np.float32)
    lost = np.ones(len(targets)) if losses is None else np.array(losses)
    found = np.ones(len(targets), bool) if in_top5 is None else in_top5
    return SingleLabelEvaluation(targets, lost, predictions, found, sure, num_classes)


@pytest.fixture
def evaluation():
    sure = [0.9, 0.8, 0.7, 0.6, 0.95, 0.5]
    return classes([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 2, 2], 4, sure, [0.1, 0.2, 1.3, 0.4, 2.0, 0.2])


def test_top1_is_the_share_of_right_answers(evaluation):
    assert evaluation.top1 == evaluation.summary()["top1"] == pytest.approx(4 / 6)


def test_the_loss_is_the_mean_over_images(evaluation):
    assert evaluation.loss == pytest.approx(4.2 / 6)


def test_macro_f1_averages_the_classes_that_occur(evaluation):
    # precision and recall: class 0 is 1 and 2/3, class 1 is 1/2 and 1/2, class 2 is 1/2 and 1; class 3 never occurs
    assert evaluation.macro_f1() == pytest.approx((0.8 + 0.5 + 2 / 3) / 3)


def test_precision_recall_and_f1_of_each_class_are_those_of_scikit_learn():
    targets, predictions = np.random.default_rng(0).integers(0, 9, (2, 60))
    found = classes(targets, predictions, 12).per_class
    expected = precision_recall_fscore_support(targets, predictions, labels=np.arange(12), zero_division=0)
    for name, values in zip(("precision", "recall", "f1", "images"), expected, strict=True):
        np.testing.assert_array_equal(found[name], values)


def test_macro_f1_is_that_of_scikit_learn_for_any_counts():
    rng = np.random.default_rng(0)
    targets, predictions = rng.integers(0, 9, (2, 300))
    counts = rng.integers(0, 4, 300).astype(float)
    expected = f1_score(targets, predictions, average="macro", sample_weight=counts)
    assert classes(targets, predictions, 12).macro_f1(counts) == pytest.approx(expected)


def test_the_confusion_has_true_classes_in_rows(evaluation):
    expected = [[2, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    assert evaluation.confusion(np.arange(4)).tolist() == expected


def test_the_confusion_of_some_classes_is_cut_out_of_that_of_all():
    rng = np.random.default_rng(0)
    targets, predictions = rng.integers(0, 9, (2, 500))
    found, some = classes(targets, predictions, 9), np.array([1, 4, 7])
    expected = confusion_matrix(targets, predictions)
    assert found.confusion(np.arange(9)).tolist() == expected.tolist()
    assert found.confusion(some).tolist() == expected[np.ix_(some, some)].tolist()


def test_the_classes_confused_most_are_those_with_most_errors_on_both_sides(evaluation):
    # Errors: an image of 0 told as 1, one of 1 told as 2; so 1 has two, 0 and 2 one each, 3 none.
    assert evaluation.confused(1).tolist() == [1]
    assert evaluation.confused(2).tolist() == [0, 1]
    assert evaluation.confused(40).tolist() == [0, 1, 2, 3]


def test_top5_is_told_only_where_there_are_more_than_five_classes(evaluation):
    assert "top5" not in evaluation.summary()
    many = classes(evaluation.targets, evaluation.predictions, 6, in_top5=np.arange(6) < 3)
    assert many.summary()["top5"] == 0.5


def test_each_class_has_a_row_with_its_name_and_number_of_images(evaluation):
    rows = evaluation.by_class(NAMES)
    assert rows[0] == {"label": "ant", "precision": 1.0, "recall": pytest.approx(2 / 3), "f1": 0.8, "images": 3}
    assert rows[3]["images"] == 0


def test_the_worst_classes_come_first_and_those_without_images_not_at_all(evaluation):
    found = evaluation.record()["per_class"]
    assert found["measured"] == 3
    assert [(row["index"], row["f1"], row["images"]) for row in found["rows"]] == [
        (1, 0.5, 2),
        (2, 0.6667, 1),
        (0, 0.8, 3),
    ]


def test_of_many_classes_only_the_worst_travel_with_the_checkpoint():
    targets = np.arange(400) % 200
    found = classes(targets, np.where(targets == 150, 0, targets), 200).record()["per_class"]
    assert (found["measured"], len(found["rows"])) == (200, RECORDED_CLASSES)
    assert [row["index"] for row in found["rows"][:3]] == [150, 0, 1]


def test_what_is_recorded_and_reported_is_json(evaluation):
    told = {**evaluation.record(), **evaluation.details(), "intervals": evaluation.intervals()}
    assert json.loads(json.dumps(told)) == told


def test_seven_of_seven_right_is_not_surely_perfect():
    targets = np.arange(7) % 3
    found = classes(targets, targets, 6).intervals()
    assert found["top1"] == found["top5"] == pytest.approx([0.6457, 1.0], abs=5e-5)
    assert format_interval(found) == "95% interval of the top-1 accuracy 64.57 to 100%"
    assert "top5" not in classes(targets, targets, 5).intervals()


def test_the_interval_of_the_accuracy_is_that_of_a_share(evaluation):
    low, high = binomtest(4, 6).proportion_ci(method="wilson")
    assert evaluation.intervals()["top1"] == pytest.approx([low, high])


def test_where_there_is_no_interval_a_sentence_says_so():
    assert format_interval({"level": 0.95, "loss": [0.1, 0.2]}).startswith("no interval: ")


def test_the_surest_mistakes_come_first_with_both_names(evaluation):
    found = [(mistake.row, mistake.truth, mistake.answer, mistake.sure) for mistake in evaluation.mistakes(5, NAMES)]
    assert found == [(4, "bee", "cat", "95.0%"), (2, "ant", "bee", "70.0%")]


def test_answers_are_taken_from_logits_and_softened_by_the_temperature():
    logits = torch.tensor([[2.0, 0.0], [0.0, 4.0]])
    columns = SingleLabelEvaluation.answers(logits, torch.tensor([0, 0]), 2.0)
    found = SingleLabelEvaluation.of(tuple(column.numpy() for column in columns), 2)
    assert found.predictions.tolist() == [0, 1]
    assert found.losses == pytest.approx([np.log1p(np.exp(-2)), np.log1p(np.exp(4))])
    assert found.confidences == pytest.approx([1 / (1 + np.exp(-2)), 1 / (1 + np.exp(-4))])
    assert found.calibrated == pytest.approx([1 / (1 + np.exp(-1)), 1 / (1 + np.exp(-2))])
    gaps = (1 - 1 / (1 + np.exp(-1)), 1 / (1 + np.exp(-2)))
    assert found.summary()["ece_calibrated"] == pytest.approx(sum(gaps) / 2)

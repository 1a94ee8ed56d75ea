"""Figures of images with several classes, against scikit-learn and by hand."""

import json

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score, f1_score

from training.metrics.multi_label import MultiLabelEvaluation


def evaluation(logits, targets, temperature=None):
    columns = MultiLabelEvaluation.answers(torch.tensor(logits), torch.tensor(targets), temperature)
    return MultiLabelEvaluation.of(tuple(column.numpy() for column in columns), columns[0].shape[1])


@pytest.fixture(scope="module")
def found():
    rng = np.random.default_rng(0)
    targets = (rng.random((200, 5)) < 0.3).astype(np.float32)
    targets[:, 4] = 0  # a class without images
    # Rounded, so that many scores are equal.
    return evaluation((3 * targets - 1 + rng.normal(0, 2, (200, 5))).round().astype(np.float32), targets, 1.5)


@pytest.mark.parametrize("seed", [None, 1], ids=["each once", "resampled"])
def test_figures_are_those_of_scikit_learn(found, seed):
    counts = None if seed is None else np.random.default_rng(seed).integers(0, 4, 200).astype(float)
    true, scores, told = found.targets[:, :4], found.scores[:, :4], found.scores > 0.5
    figures = found.figures(counts)
    assert figures["map"] == pytest.approx(average_precision_score(true, scores, sample_weight=counts))
    assert figures["micro_f1"] == pytest.approx(f1_score(found.targets, told, average="micro", sample_weight=counts))
    assert figures["macro_f1"] == pytest.approx(f1_score(true, told[:, :4], average="macro", sample_weight=counts))


def test_the_loss_is_summed_over_the_classes():
    found = evaluation([[0.0, 0.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 0.0]])
    assert found.loss == pytest.approx(2 * np.log(2))


def test_rows_have_the_average_precision_and_none_without_images(found):
    rows = found.by_class(tuple("abcde"))
    expected = average_precision_score(found.targets[:, 1], found.scores[:, 1])
    assert (rows[1]["label"], rows[1]["average_precision"]) == ("b", pytest.approx(expected))
    assert rows[4]["average_precision"] is None


def test_the_surest_mistakes_name_the_class_that_is_missing_or_too_much():
    found = evaluation([[4.0, -3.0], [1.0, 5.0]], [[0.0, 1.0], [1.0, 1.0]])
    told = [(mistake.row, mistake.truth, mistake.answer, mistake.sure) for mistake in found.mistakes(9, ("sea", "sky"))]
    assert told == [(0, "not sea", "sea", "98.2%"), (0, "sky", "not sky", "95.3%")]


def test_a_split_without_a_single_class_has_figures(found):
    empty = evaluation([[-1.0, -1.0]], [[0.0, 0.0]])
    assert empty.summary()["map"] == empty.summary()["macro_f1"] == 0


def test_what_is_recorded_and_reported_is_json(found):
    told = {**found.record(), **found.details(), "classes": found.by_class(tuple("abcde"))}
    assert json.loads(json.dumps(told)) == told

"""Figures of a regression, by hand."""

import numpy as np
import pytest
import torch
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score, root_mean_squared_error

from training.metrics.regression import RegressionEvaluation

TRUE = [[1.0, 100.0], [2.0, 200.0], [3.0, 300.0]]
TOLD = [[1.0, 110.0], [2.5, 200.0], [3.0, 300.0]]


@pytest.fixture
def found():
    columns = RegressionEvaluation.answers(torch.tensor(TOLD), torch.tensor(TRUE), None)
    return RegressionEvaluation.of(tuple(column.numpy() for column in columns), 2)


def test_errors_are_averaged_over_the_outputs_in_their_units(found):
    figures = found.summary()
    assert figures["mae"] == pytest.approx((0.5 / 3 + 10 / 3) / 2)
    assert figures["rmse"] == pytest.approx((np.sqrt(0.25 / 3) + np.sqrt(100 / 3)) / 2)
    assert figures["r2"] == pytest.approx((1 - 0.25 / 2 + 1 - 100 / 20_000) / 2)
    assert figures["loss"] == pytest.approx((50 + 0.125) / 3)


def test_figures_are_those_of_scikit_learn_for_any_counts():
    rng = np.random.default_rng(0)
    true, told = rng.normal(50, 9, (2, 80, 3))
    counts = rng.integers(0, 4, 80).astype(float)
    figures = RegressionEvaluation(true, np.square(true - told).mean(1), told).figures(counts)
    expected = {
        "mae": mean_absolute_error(true, told, sample_weight=counts),
        "rmse": root_mean_squared_error(true, told, sample_weight=counts),
        "r2": r2_score(true, told, sample_weight=counts),
        "loss": mean_squared_error(true, told, sample_weight=counts),
    }
    assert figures == pytest.approx(expected)


def test_each_output_has_a_row(found):
    assert found.by_class(("age", "price"))[1] == {
        "label": "price",
        "mae": pytest.approx(10 / 3),
        "rmse": pytest.approx(np.sqrt(100 / 3)),
        "r2": pytest.approx(0.995),
    }


def test_the_largest_errors_come_first_in_deviations_of_their_output(found):
    told = [(mistake.row, mistake.truth, mistake.answer) for mistake in found.mistakes(2, ("age", "price"))]
    assert told == [(1, "age 2", "age 2.5"), (0, "price 100", "price 110")]


def test_r_squared_decides_not_the_output_with_the_largest_numbers(found):
    closer = RegressionEvaluation(found.targets, found.losses + 50, np.array([[1, 120], [2, 200], [3, 300]]))
    assert closer.quality > found.quality


def test_a_single_image_has_figures(found):
    one = RegressionEvaluation(found.targets[:1], found.losses[:1], found.predictions[:1])
    assert one.summary()["r2"] == 0

"""Calibration: the error by hand, and a temperature that is known beforehand."""

import numpy as np
import pytest
import torch

from training.metrics.calibration import BINS, TEMPERATURES, expected_error, fit_temperature, reliability_rows, subset


def test_the_error_is_the_mean_gap_of_the_bins():
    confidences, right = np.array([0.9, 0.9, 0.9, 0.9, 0.5, 0.5]), np.array([1, 1, 1, 0, 1, 1], bool)
    assert expected_error(confidences, right) == pytest.approx((4 * 0.15 + 2 * 0.5) / 6)


def test_answers_that_are_counted_twice_weigh_twice():
    confidences, right = np.array([0.9, 0.5]), np.array([True, False])
    assert expected_error(confidences, right, np.array([3.0, 1.0])) == pytest.approx((3 * 0.1 + 0.5) / 4)


def test_a_bin_holds_its_upper_edge_and_the_lowest_holds_zero():
    rows = reliability_rows(np.array([0.0, 1 / BINS, 1.0]), np.array([False, True, True]))
    assert [(row["up_to"], row["answers"]) for row in rows] == [(round(1 / BINS, 4), 2), (1.0, 1)]


@pytest.mark.parametrize("task", ["single_label", "multi_label"])
def test_logits_that_are_three_times_too_large_have_the_temperature_three(task):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(20_000, 4, generator=generator)
    if task == "single_label":
        targets = torch.multinomial(logits.softmax(1), 1, generator=generator)[:, 0]
    else:
        targets = (torch.rand(logits.shape, generator=generator) < logits.sigmoid()).float()
    assert fit_temperature(3 * logits, targets, task) == pytest.approx(3, rel=0.05)


def test_few_images_without_a_mistake_do_not_make_a_network_endlessly_sure():
    logits = 3 * torch.eye(3).repeat(10, 1)
    few, many = (fit_temperature(logits[:count], torch.arange(count) % 3, "single_label") for count in (3, 30))
    assert TEMPERATURES[0] < many < few < 1


def test_a_large_split_is_thinned_evenly():
    rows = subset(1_000_000, 2**20)
    assert (len(rows), rows[0], rows[-1]) == (256, 0, 999_999)
    assert np.ptp(np.diff(rows)) <= 1

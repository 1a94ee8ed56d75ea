"""The core of confident learning on made-up probabilities: who is suspected, of what, in which order."""

import numpy as np
import pytest

from training.doctor.wrong_labels import suspect_class_sets, suspect_classes, suspect_numbers


def test_a_label_that_is_unlikely_where_another_is_as_likely_as_usual_is_suspected_worst_first():
    probabilities = np.array([[0.9, 0.1]] * 8 + [[0.2, 0.8], [0.1, 0.9], [0.45, 0.55]] + [[0.1, 0.9]] * 8, np.float32)
    labels = np.array([0] * 11 + [1] * 8)
    found = suspect_classes(probabilities, labels)
    assert found.rows.tolist() == [9, 8]
    assert found.suggested.tolist() == [1, 1]
    assert np.allclose(found.confidence, [0.9, 0.8])


def test_a_class_that_is_never_sure_needs_less_to_be_suggested_and_one_without_images_never_is():
    sure = np.full((12, 3), 0.05, np.float32)
    sure[:6, 0], sure[6:, 1], sure[5] = 0.9, 0.4, (0.1, 0.38, 0.52)
    assert suspect_classes(sure, np.array([0] * 6 + [1] * 6)).rows.tolist() == []  # the third class has no images
    sure[5] = (0.1, 0.52, 0.38)
    found = suspect_classes(sure, np.array([0] * 6 + [1] * 6))
    assert (found.rows.tolist(), found.suggested.tolist()) == ([5], [1])


def test_a_label_that_is_still_the_likeliest_is_not_suspected():
    probabilities = np.full((26, 5), 0.025, np.float32)
    probabilities[:20, 0], probabilities[20:, 1] = 0.9, 0.28  # of the second class the probe is never sure
    labels = np.array([0] * 20 + [1] * 6)
    probabilities[0] = (0.25, 0.24, 0.17, 0.17, 0.17)
    assert suspect_classes(probabilities, labels).rows.tolist() == []
    probabilities[0] = (0.24, 0.25, 0.17, 0.17, 0.17)
    assert suspect_classes(probabilities, labels).rows.tolist() == [0]


def test_of_several_classes_one_too_many_and_a_lacking_one_are_both_suspected():
    labels = np.array([[1, 0]] * 6 + [[0, 1]] * 6, np.float32)
    probabilities = np.where(labels > 0, 0.9, 0.1).astype(np.float32)
    probabilities[2], probabilities[8] = (0.9, 0.95), (0.1, 0.05)
    found = suspect_class_sets(probabilities, labels)
    assert dict(zip(found.rows.tolist(), found.suggested.tolist(), strict=True)) == {2: [1.0, 1.0], 8: [0.0, 0.0]}


def test_a_number_far_from_what_the_others_suggest_is_suspected():
    rng = np.random.default_rng(0)
    answers = rng.normal(0, 1, (200, 2)).astype(np.float32)
    targets = answers + rng.normal(0, 0.1, answers.shape).astype(np.float32)
    targets[7, 1] += 5
    found = suspect_numbers(answers, targets)
    assert found.rows[0] == 7
    assert len(found) <= 3
    assert np.array_equal(found.suggested[0], answers[7])


def test_nothing_is_suspected_where_all_agrees():
    labels = np.arange(20) % 2
    assert len(suspect_classes(np.eye(2, dtype=np.float32)[labels], labels)) == 0
    assert len(suspect_numbers(np.ones((9, 1), np.float32), np.ones((9, 1), np.float32))) == 0


@pytest.mark.parametrize(("clear", "expected"), [(80, [0]), (79, [])])
def test_less_doubt_is_enough_where_the_classes_are_clear(clear, expected):
    """Of 100 images the probe finds so many labels the likeliest; it is sure of none."""
    probabilities = np.full((100, 3), (0.5, 0.3, 0.2), np.float32)
    labels = np.zeros(100, np.int64)
    probabilities[0], labels[0] = (0.45, 0.2, 0.35), 1  # two fifths as likely as the second class usually is
    probabilities[1 : 100 - clear] = (0.4, 0.45, 0.15)  # the first class is likely still
    probabilities[-4:], labels[-4:] = (0.2, 0.6, 0.2), 1
    assert suspect_classes(probabilities, labels).rows.tolist() == expected

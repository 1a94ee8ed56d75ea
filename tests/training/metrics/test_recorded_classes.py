"""What travels with a checkpoint of how its classes are told apart."""

import numpy as np

from training.metrics.recorded_classes import most_confused


def test_the_pairs_that_are_confused_most_come_first_with_how_often():
    true, answer = np.array([0, 0, 1, 2, 2, 2]), np.array([1, 0, 1, 0, 0, 1])
    assert most_confused(true, answer) == [
        {"true": 2, "answer": 0, "images": 2},
        {"true": 0, "answer": 1, "images": 1},
        {"true": 2, "answer": 1, "images": 1},
    ]


def test_where_all_is_right_nothing_is_confused():
    assert most_confused(np.arange(3), np.arange(3)) == []

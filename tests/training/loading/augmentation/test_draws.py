"""Random numbers of an image: by seed, epoch and index alone."""

import numpy as np

from training.loading.augmentation.draws import POLICY, draw


def test_numbers_follow_from_seed_epoch_and_index_and_not_from_how_many_are_asked_for():
    first = draw(1, 2, 3)
    assert len(first) == POLICY
    assert np.array_equal(first, draw(1, 2, 3))
    assert np.array_equal(first, draw(1, 2, 3, layers=4)[:POLICY])
    others = [draw(2, 2, 3), draw(1, 3, 3), draw(1, 2, 4), draw(-1, 2, 3), draw(1, 2, 2**64 - 1)]
    for other in others:
        assert not np.isin(first, other).any()


def test_numbers_are_even_and_neighbors_have_nothing_to_do_with_each_other():
    numbers = np.array([draw(0, 1, index) for index in range(4000)])
    assert ((numbers >= 0) & (numbers < 1)).all()
    assert np.abs(numbers.mean(0) - 0.5).max() < 5 / np.sqrt(12 * 4000)
    assert np.abs(np.corrcoef(numbers.T) - np.eye(POLICY)).max() < 5 / np.sqrt(4000)
    assert np.abs([np.corrcoef(column[1:], column[:-1])[0, 1] for column in numbers.T]).max() < 5 / np.sqrt(4000)

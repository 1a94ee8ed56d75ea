"""Folds: alike in each class, one for all images of a group."""

import numpy as np

from training.doctor.probe import FOLDS, make_folds


def test_every_class_is_in_every_fold_and_equal_images_are_in_one():
    classes = np.repeat([0, 1, 2], [50, 10, 5])
    folds = make_folds(classes, np.arange(65), 0)
    for number, share in enumerate((10, 2, 1)):
        assert np.bincount(folds[classes == number], minlength=FOLDS).tolist() == [share] * FOLDS
    assert not np.array_equal(folds, make_folds(classes, np.arange(65), 1))
    groups = np.arange(65) // 5
    together = make_folds(classes, groups, 0)
    assert all(len(set(together[groups == group])) == 1 for group in range(13))

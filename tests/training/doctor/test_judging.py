"""Labels planted wrong among features of clear classes are found; what cannot be judged is said."""

import numpy as np
import pytest
import torch

from training.doctor.judging import judge

RNG_SEED = 3


def clusters(classes=4, images=30, length=16):
    rng = np.random.default_rng(RNG_SEED)
    labels = np.repeat(np.arange(classes), images)
    centers = rng.normal(0, 1, (classes, length))
    features = centers[labels] + rng.normal(0, 0.3, (len(labels), length))
    return torch.from_numpy(features.astype(np.float32)), labels


def test_labels_planted_wrong_are_found_with_what_they_should_be():
    features, truth = clusters()
    wrong = np.array([3, 40, 41, 77, 100, 119])
    labels = truth.copy()
    labels[wrong] = (truth[wrong] + 1) % 4
    found = judge(features, labels, np.arange(len(labels)), "single_label", 4)
    assert set(found.suspects.rows.tolist()) == set(wrong.tolist())
    assert np.array_equal(found.suspects.suggested, truth[found.suspects.rows])
    assert (found.judged, found.unjudged) == (120, ())


def test_the_same_seed_finds_the_same():
    features, labels = clusters()
    labels[5] = 2
    one, other = (judge(features, labels, np.arange(len(labels)), "single_label", 4) for _ in range(2))
    assert np.array_equal(one.suspects.confidence, other.suspects.confidence)


def test_a_wrong_label_that_two_equal_images_share_is_found():
    """Were they in two folds, each would vouch for the other."""
    features, truth = clusters(images=12)
    features = torch.cat([features, features[:1].repeat(4, 1)])
    labels = np.concatenate([truth, [1] * 4])
    labels[0] = 1
    groups = np.concatenate([np.arange(len(truth)), [0] * 4])
    found = judge(features, labels, groups, "single_label", 4)
    assert set(found.suspects.rows.tolist()) == {0, *range(len(truth), len(truth) + 4)}


def test_classes_with_too_few_images_are_named_and_neither_judged_nor_suggested():
    features, labels = clusters()
    labels[:2] = 4
    found = judge(features, labels, np.arange(len(labels)), "single_label", 6)
    assert found.unjudged == (4,)
    assert found.judged == 118
    assert not np.isin([0, 1], found.suspects.rows).any()


def test_where_only_one_class_has_enough_images_nothing_is_judged():
    features, labels = clusters(2, 3)
    found = judge(features[:4], labels[:4], np.arange(4), "single_label", 2)
    assert (found.judged, found.unjudged, len(found.suspects)) == (0, (1,), 0)


@pytest.mark.parametrize("task", ["multi_label", "regression"])
def test_other_tasks_find_what_was_planted(task):
    features, truth = clusters()
    labels = np.eye(4, dtype=np.float32)[truth]
    labels[10] = 1 - labels[10] if task == "multi_label" else 9
    found = judge(features, labels, np.arange(len(labels)), task, 4)
    assert found.suspects.rows[0] == 10
    assert len(found.suspects) <= 3

"""How one split is cut in two: by class, by several classes, by numbers; the same on every process."""

import numpy as np
import pytest
from datasets import Dataset

from training.splits.split import Split, stratified_split


def test_every_class_gives_its_share_to_the_held_out_part():
    labels = np.repeat([0, 1, 2], [100, 50, 5])
    kept, held_out = stratified_split(labels, 0.2, seed=0)
    assert np.bincount(labels[held_out]).tolist() == [20, 10, 1]
    assert sorted([*kept, *held_out]) == list(range(155))


def test_a_class_with_one_image_stays_in_train_and_one_with_two_is_in_both():
    labels = np.array([0, 1, 1, 2, 2, 2])
    kept, held_out = stratified_split(labels, 0.01, seed=0)
    assert np.bincount(labels[kept], minlength=3).tolist() == [1, 1, 2]
    assert np.bincount(labels[held_out], minlength=3).tolist() == [0, 1, 1]


def test_the_split_follows_from_the_seed_alone():
    labels = np.random.default_rng(0).integers(0, 5, 200)
    np.random.seed(1)
    first = stratified_split(labels, 0.25, seed=3)[1]
    np.random.seed(2)
    assert np.array_equal(first, stratified_split(labels, 0.25, seed=3)[1])
    assert not np.array_equal(first, stratified_split(labels, 0.25, seed=4)[1])


def test_twenty_thousand_classes_are_cut_at_once():
    labels = np.random.default_rng(0).integers(0, 20_000, 200_000)
    kept, held_out = stratified_split(labels, 0.1, seed=0)
    counts, out = (np.bincount(part, minlength=20_000) for part in (labels, labels[held_out]))
    assert (out[counts > 1] == np.maximum(1, np.round(0.1 * counts[counts > 1]))).all()
    assert len(kept) + len(held_out) == 200_000


def test_every_one_of_several_classes_gives_about_its_share():
    rng = np.random.default_rng(0)
    labels = (rng.random((400, 6)) < [0.5, 0.3, 0.2, 0.1, 0.03, 0.02]).astype(np.float32)
    kept, held_out = stratified_split(labels, 0.25, seed=0)
    assert abs(labels[held_out].sum(0) / labels.sum(0) - 0.25).max() < 0.08
    assert labels[held_out].sum(0).min() >= 1
    assert labels[kept].sum(0).min() >= 1
    assert not set(kept) & set(held_out)
    assert len(held_out) == pytest.approx(100, abs=10)


def test_numbers_are_cut_alike_over_their_range():
    values = np.random.default_rng(0).exponential(100, (300, 1)).astype(np.float32)
    kept, held_out = stratified_split(values, 0.2, seed=0)
    tenths = np.searchsorted(np.sort(values[:, 0])[30::30], values[held_out, 0], side="right")
    assert np.bincount(tenths).tolist() == [6] * 10
    assert len(kept) == 240


@pytest.mark.parametrize(
    ("label", "task", "says"),
    [
        (np.int64(1), "single_label", "dog"),
        (np.float32([1, 1]), "multi_label", "cat, dog"),
        (np.float32([0, 0]), "multi_label", "none"),
        (np.float32([0.25, 3]), "regression", "cat 0.25, dog 3"),
    ],
)
def test_what_is_to_be_learned_of_a_image_is_told(label, task, says):
    split = Split("train", Dataset.from_dict({"image": [None]}), np.array([label]))
    assert split.caption(0, ("cat", "dog"), task) == says


@pytest.mark.parametrize("seed", range(5))
def test_a_rare_class_beside_a_common_one_is_in_both_parts(seed):
    labels = np.ones((100, 2), np.float32)
    labels[2:, 1] = 0  # two images have the second class
    kept, held_out = stratified_split(labels, 0.1, seed)
    assert (labels[kept, 1].sum(), labels[held_out, 1].sum()) == (1, 1)

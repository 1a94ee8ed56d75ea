"""What a run held out is found again by what the images show, whatever became of names, order and the rest."""

import logging
from dataclasses import replace

import numpy as np
import pytest
from datasets import Dataset
from error_facts import code_and_fields

from resnet_hub.errors import DataError
from training.splits.recorded_split import NEW, UNKNOWN, RecordedPart, RecordedSplit, find_rows, target_numbers
from training.splits.split import Split


def split_of(digests, labels=None, name="train"):
    labels = np.zeros(len(digests), np.int64) if labels is None else np.array(labels)
    rows = Dataset.from_dict({"image": [str(digest) for digest in digests]})
    return Split(name, rows, labels, np.array(digests, np.uint64))


@pytest.fixture
def cut():
    """A run that cut its validation of four images from train."""
    return RecordedSplit.of(split_of([1, 2, 3, 4, 5, 6]), split_of([10, 11, 12, 13], name="20% of train"), None)


@pytest.mark.parametrize(
    ("digests", "labels", "rows", "changed"),
    [
        ([10, 1, 11, 2], [0, 0, 1, 0], [0, 2], 0),
        ([11, 10], [1, 0], [1, 0], 0),
        ([1, 10, 10, 11], [0, 0, 0, 1], [1, 3], 0),
        ([10, 10, 11], [1, 0, 1], [1, 2], 0),
        ([11, 10], [0, 0], [1, 0], 1),
        ([11], [1], [0], 0),
        ([1, 2], [0, 0], [], 0),
        ([], [], [], 0),
    ],
    ids=[
        "among others",
        "in another order",
        "twice",
        "twice, once mislabeled",
        "relabeled",
        "one gone",
        "none",
        "empty",
    ],
)
def test_held_out_images_are_found_in_the_order_of_the_run(digests, labels, rows, changed):
    part = RecordedPart("20% of train", np.array([10, 11], np.uint64), np.array([0, 1]))
    found, others = find_rows(part, split_of(digests, labels))
    assert (found.tolist(), others) == (rows, changed)


def test_equal_images_are_found_as_often_as_the_run_held_them_out():
    part = RecordedPart("20% of train", np.array([10, 11, 10], np.uint64), np.array([0, 1, 1]))
    assert find_rows(part, split_of([10, 10, 10, 11], [2, 1, 0, 1]))[0].tolist() == [2, 3, 1]


@pytest.mark.parametrize("labels", [np.eye(3, dtype=np.float32), np.array([[0.5], [1], [2]], np.float32)], ids=len)
def test_several_targets_of_an_image_count_as_one(labels):
    numbers = target_numbers(labels)
    assert (numbers.dtype, len(set(numbers.tolist()))) == (np.int64, 3)
    assert target_numbers(labels[::-1]).tolist() == numbers[::-1].tolist()


@pytest.mark.parametrize(
    ("asked", "splits", "place"),
    [
        (None, ["train"], ("train", "validation")),
        ("validation", ["train", "test"], ("train", "validation")),
        ("20% of train", ["train"], ("train", "validation")),
        ("test", ["train"], None),
        ("other", ["train"], None),
        (None, ["photos"], None),
    ],
)
def test_a_validation_split_that_was_cut_is_looked_for_in_train(cut, asked, splits, place):
    assert cut.place(asked, splits) == place


def test_a_split_that_the_dataset_has_is_called_by_its_role_too():
    record = RecordedSplit.of(split_of([1]), split_of([2], name="val"), split_of([3], name="test"))
    assert record.place("validation", ["train", "val"]) == ("val", None)
    assert record.place(None, ["train", "val"]) == ("val", None)


def test_images_that_are_gone_or_relabeled_are_counted(cut, caplog):
    with caplog.at_level(logging.INFO):
        rows = cut.held_out(split_of([1, 13, 2, 12, 11], [0, 0, 0, 1, 0]), "validation", asked=False)
    assert rows.tolist() == [4, 3, 1]
    assert [record.getMessage().strip() for record in caplog.records] == [
        "20% of train: the 3 images of train that the run held out; --split train takes all 5",
        "1 of the 4 are not there any more",
        "1 of them have another target than in the run",
    ]


def test_another_dataset_is_taken_whole_unless_the_held_out_images_were_asked_for(cut, caplog):
    other = split_of([20, 21, 10])
    with caplog.at_level(logging.INFO):
        assert cut.held_out(other, "validation", asked=False) is None
    assert "1 of the 4 images that the run held out are in it, so all are taken" in caplog.text
    assert cut.held_out(other, "validation", asked=True).tolist() == [2]
    with pytest.raises(DataError) as refused:
        cut.held_out(split_of([20, 21]), "validation", asked=True)
    assert code_and_fields(refused.value) == (
        "data.no_held_out_image",
        {"split": "train", "count": "4", "name": "20% of train"},
    )


def test_an_image_that_was_trained_on_counts_as_such_wherever_else_it_is():
    record = RecordedSplit.of(split_of([1, 2]), split_of([2, 3]), split_of([3, 4]))
    assert record.roles(np.array([1, 2, 3, 4, 5], np.uint64)).tolist() == [0, 0, 1, 2, NEW]


@pytest.mark.parametrize("train", ["train", replace(split_of([1]), digests=None)], ids=["a stream", "images"])
def test_a_run_that_did_not_look_at_what_it_trained_on_knows_what_it_held_out(train):
    record = RecordedSplit.of(train, split_of([2], name="20% of train"), None)
    assert record.roles(np.array([1, 2], np.uint64)).tolist() == [UNKNOWN, 1]
    assert record.place(None, ["train"]) == ("train", "validation")
    assert record.held_out(split_of([1, 2]), "validation", asked=False).tolist() == [1]


def test_a_run_that_did_not_look_at_what_it_held_out_has_no_record():
    assert RecordedSplit.of(split_of([1]), replace(split_of([2]), digests=None), None) is None


def test_a_million_images_are_found_at_once():
    digests = np.random.default_rng(0).integers(0, 2**64, 1_000_000, np.uint64)
    part = RecordedPart("20% of train", digests[::5], np.zeros(200_000, np.int64))
    rows = Dataset.from_dict({"image": [""]})
    found, _ = find_rows(part, Split("train", rows, np.zeros(1_000_000, np.int64), digests))
    assert np.array_equal(found, np.arange(0, 1_000_000, 5))

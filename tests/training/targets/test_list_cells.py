"""Lists as targets: 0 and 1 for each output, or classes; as lists and as text, the same in every split."""

import numpy as np
import pytest
from datasets import Dataset, Features
from error_facts import code_and_fields

from resnet_hub.errors import DataError
from training.targets.targets import find_target, read_targets


def table(values, feature=None):
    return Dataset.from_dict({"label": values}, features=None if feature is None else Features({"label": feature}))


@pytest.mark.parametrize(
    ("values", "names", "targets"),
    [
        ([[1, 0], [1, 1], None], ("label_0", "label_1"), [[1, 0], [1, 1], [np.nan] * 2]),
        ([[1, 0], [0, 1], []], ("label_0", "label_1"), [[1, 0], [0, 1], [np.nan] * 2]),
        ([[1.0, 0.0], [1.0, 1.0]], ("label_0", "label_1"), [[1, 0], [1, 1]]),
        ([[1, None], [1, 1]], ("label_0", "label_1"), [[1, np.nan], [1, 1]]),
        ([[0], [1], []], ("0", "1"), [[1, 0], [0, 1], [0, 0]]),
        ([[3.0, 12.0], [3.0]], ("3", "12"), [[1, 1], [1, 0]]),
        (["[1, 0]", None, "[1 1]"], ("label_0", "label_1"), [[1, 0], [np.nan] * 2, [1, 1]]),
        (["[1. 0.]", "(0.0, 1.0)"], ("label_0", "label_1"), [[1, 0], [0, 1]]),
        (["1 0 0", "1 1 0"], ("label_0", "label_1", "label_2"), [[1, 0, 0], [1, 1, 0]]),
        (["1,0,0", "1,1,0"], ("label_0", "label_1", "label_2"), [[1, 0, 0], [1, 1, 0]]),
        (
            ["['a', \"b's\"]", "['a' 'c']", "[]"],
            ("a", "b's", "c"),
            [[1, 1, 0], [1, 0, 1], [0] * 3],
        ),
        (["[cat, dog]", "[cat]"], ("cat", "dog"), [[1, 1], [1, 0]]),
        (["[True, False]", "[true, true]"], ("label_0", "label_1"), [[1, 0], [1, 1]]),
    ],
    ids=[
        "lists of 0 and 1",
        "lists of 0 and 1 with an empty one",
        "lists of 0.0 and 1.0",
        "lists of 0 and 1 with a gap",
        "single class numbers that are 0 and 1",
        "uneven lists of whole floats",
        "lists of 0 and 1 as text",
        "lists as numpy writes them",
        "0 and 1 between blanks",
        "0 and 1 between commas",
        "lists of texts as text",
        "lists of bare words",
        "lists of booleans as text",
    ],
)
def test_a_column_of_lists_is_several_classes(values, names, targets):
    target = find_target(table(values), ("label",))
    assert (target.task, target.names) == ("multi_label", names)
    np.testing.assert_array_equal(read_targets(table(values), "train", target), targets)


@pytest.mark.parametrize(
    ("train", "other", "expected"),
    [
        ([0.0, 1.0], [1.0], [1]),
        ([0.0, 1.0], [None, 1], [-1, 1]),
        ([0.0, 1.0], [0.5], ("targets.fraction_among_classes", {"split": "val", "number": 0.5})),
        ([[1, 0], [1, 1]], [[0, 0]], [[0, 0]]),
        ([[1, 0], [1, 1]], [[2, 0]], ("targets.not_binary_in_split", {"columns": "label", "split": "val"})),
        ([[1, 0], [1, 1]], [[1, 0, 0]], ("targets.other_length", {"column": "label", "length": 2})),
        ([[2], [3]], [[3], []], [[0, 1], [0, 0]]),
        ([0.5, 1], [2.0, 3.0], [[2], [3]]),
        (["[1, 0]", "[1, 1]"], ["1 0"], [[1, 0]]),
        (["[1, 0]", "[1, 1]"], ["x"], ("targets.unreadable_list", {"column": "label", "text": "x"})),
    ],
    ids=[
        "one value only",
        "integers with a gap",
        "a fraction",
        "zeros only",
        "another number",
        "another length",
        "an empty list",
        "whole numbers of a regression",
        "lists as text",
        "no list",
    ],
)
def test_one_split_decides_and_the_others_are_read_by_it(train, other, expected):
    target = find_target(table(train), ("label",))
    if isinstance(expected, list):
        np.testing.assert_array_equal(read_targets(table(other), "val", target), expected)
        return
    with pytest.raises(DataError) as refused:
        read_targets(table(other), "val", target)
    assert code_and_fields(refused.value) == expected


@pytest.mark.parametrize(
    ("values", "names", "form", "targets"),
    [
        ([[0, 0], [0, 0]], ("label_0", "label_1"), "flags", [[0, 0], [0, 0]]),
        ([[0, 1], [1, 0]], ("0", "1", "2"), "classes", [[1, 1, 0], [1, 1, 0]]),
    ],
    ids=["a split of zeros", "class numbers"],
)
def test_the_outputs_of_a_network_tell_what_lists_of_0_and_1_are(values, names, form, targets):
    target = find_target(table(values), ("label",), "multi_label").named(names)
    assert target.form == form
    assert read_targets(table(values), "test", target).tolist() == targets

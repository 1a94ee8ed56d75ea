"""What the label columns hold: the task by type, class names sorted, one target for each row as an array."""

import time

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, Features, List, Value
from error_facts import code_and_fields

from resnet_hub.errors import DataError
from training.targets.targets import find_target, has_target, read_targets

ANIMALS = ClassLabel(names=["wasp", "ant"])


def table(values, feature=None, column="label"):
    features = None if feature is None else Features({column: feature})
    return Dataset.from_dict({column: values}, features=features)


def read(rows, columns=("label",), task="auto"):
    target = find_target(rows, columns, task)
    return target, read_targets(rows, "train", target)


@pytest.mark.parametrize(
    ("values", "feature", "task", "names", "targets"),
    [
        ([1, 0, -1], ANIMALS, "single_label", ("wasp", "ant"), [1, 0, -1]),
        (["wasp", "ant", "wasp", None], None, "single_label", ("ant", "wasp"), [1, 0, 1, -1]),
        ([10, 9, 10], None, "single_label", ("9", "10"), [1, 0, 1]),
        ([10.0, None, 9.0], None, "single_label", ("9", "10"), [1, -1, 0]),
        ([True, False], None, "single_label", ("False", "True"), [1, 0]),
        (["tench, Tinca tinca", "eel"], None, "single_label", ("eel", "tench, Tinca tinca"), [1, 0]),
        ([0.5, 2.0, None], None, "regression", ("label",), [[0.5], [2], [np.nan]]),
        ([1.0, 0.0, 1.0], None, "single_label", ("0", "1"), [1, 0, 1]),
        ([1.0, float("nan"), 0.0], Value("float32"), "single_label", ("0", "1"), [1, -1, 0]),
        (["02", "1", "01"], None, "single_label", ("01", "02", "1"), [1, 2, 0]),
        (["yes", " ", "no"], None, "single_label", ("no", "yes"), [1, -1, 0]),
        ([[0.5, 1], [2, 3], None], None, "regression", ("label_0", "label_1"), [[0.5, 1], [2, 3], [np.nan] * 2]),
        ([[1], [], [0, 1]], List(ANIMALS), "multi_label", ("wasp", "ant"), [[0, 1], [0, 0], [1, 1]]),
        ([["b", "a"], None, ["b"]], None, "multi_label", ("a", "b"), [[1, 1], [np.nan] * 2, [0, 1]]),
        ([[3, 12], [3, 4]], None, "multi_label", ("3", "4", "12"), [[1, 0, 1], [1, 1, 0]]),
        ([[True, False]], List(Value("bool"), 2), "multi_label", ("label_0", "label_1"), [[1, 0]]),
        (["b; a", "b", None, "a;"], None, "multi_label", ("a", "b"), [[1, 1], [0, 1], [np.nan] * 2, [1, 0]]),
        (["b|a", "b"], None, "multi_label", ("a", "b"), [[1, 1], [0, 1]]),
        (["1;0", "0;1", None], None, "multi_label", ("label_0", "label_1"), [[1, 0], [0, 1], [np.nan] * 2]),
        (["1 | 1", "0 | 1"], None, "multi_label", ("label_0", "label_1"), [[1, 1], [0, 1]]),
        (["1;0", "1;2"], None, "multi_label", ("0", "1", "2"), [[1, 1, 0], [0, 1, 1]]),
        ([[1, -1], [-1, 1]], None, "multi_label", ("label_0", "label_1"), [[1, 0], [0, 1]]),
        ([[2, -1], [-1, 1]], None, "multi_label", ("-1", "1", "2"), [[1, 0, 1], [1, 1, 0]]),
        (["3 12", "3"], None, "single_label", ("3", "3 12"), [1, 0]),
        (["3,5", "4,0"], None, "single_label", ("3,5", "4,0"), [0, 1]),
    ],
    ids=[
        "declared classes",
        "texts",
        "whole numbers",
        "whole numbers with a gap",
        "booleans",
        "a name with a comma",
        "fractions",
        "whole floats",
        "whole floats with a NaN",
        "texts of numbers keep their zeros",
        "blank texts",
        "lists of floats",
        "lists of declared classes",
        "lists of texts",
        "lists of whole numbers",
        "lists of booleans",
        "texts with semicolons",
        "texts with bars",
        "zeros and ones between semicolons",
        "zeros and ones between bars",
        "numbers of classes between semicolons",
        "lists of -1 and 1",
        "lists of class numbers with a -1",
        "other numbers between blanks",
        "decimal commas",
    ],
)
def test_the_type_of_a_column_decides_the_task_and_the_targets(values, feature, task, names, targets):
    target, found = read(table(values, feature))
    assert (target.task, target.names) == (task, names)
    assert found.dtype == (np.int64 if task == "single_label" else np.float32)
    np.testing.assert_array_equal(found, targets)


@pytest.mark.parametrize(
    ("values", "asked", "names", "targets"),
    [
        ([1, 5, 2], "regression", ("label",), [[1], [5], [2]]),
        (["a,b", "b"], "multi_label", ("a", "b"), [[1, 1], [0, 1]]),
        (["b", None, "a"], "multi_label", ("a", "b"), [[0, 1], [np.nan] * 2, [1, 0]]),
        (["a;b", "b"], "single_label", ("a;b", "b"), [0, 1]),
        ([2.0, 1.0], "single_label", ("1", "2"), [1, 0]),
        ([1.0, 0.0], "regression", ("label",), [[1], [0]]),
        ([1.5, 1.0, None, 0.5], "single_label", ("0.5", "1", "1.5"), [2, 1, -1, 0]),
        ([[1, -1], [-1, 0]], "regression", ("label_0", "label_1"), [[1, -1], [-1, 0]]),
        (["3.5", " 4 ", None], "regression", ("label",), [[3.5], [4], [np.nan]]),
        ([[3, 12], [3, 4]], "regression", ("label_0", "label_1"), [[3, 12], [3, 4]]),
        (["[0.5, 1]", "[2, 3]"], "regression", ("label_0", "label_1"), [[0.5, 1], [2, 3]]),
        ([[3], [5], None, [3]], "single_label", ("3", "5"), [0, 1, -1, 0]),
        ([[0, 1], [1, 0], None], "single_label", ("label_0", "label_1"), [1, 0, -1]),
        (["[1, 0]", "[0, 1]"], "single_label", ("label_0", "label_1"), [0, 1]),
        (["['b']", "['a']"], "single_label", ("a", "b"), [1, 0]),
        (["[1, 1]", "[0, 1]"], "single_label", ("[0, 1]", "[1, 1]"), [1, 0]),
        (["[[1]]", "[2]"], "single_label", ("[2]", "[[1]]"), [1, 0]),
        (["3 12", "3"], "multi_label", ("3", "12"), [[1, 1], [1, 0]]),
        ([7, 9], "multi_label", ("7", "9"), [[1, 0], [0, 1]]),
        ([f"id {n}" for n in range(21)], "single_label", tuple(sorted(f"id {n}" for n in range(21))), None),
    ],
    ids=[
        "ages",
        "commas",
        "one class each",
        "a name with a semicolon",
        "floats as classes",
        "0.0 and 1.0 as numbers",
        "half stars as classes",
        "signs as amounts",
        "texts as numbers",
        "lists of whole numbers",
        "lists of numbers as text",
        "lists of one",
        "one-hot",
        "one-hot as text",
        "lists of one as text",
        "lists as names",
        "no lists",
        "numbers between blanks",
        "whole numbers",
        "ids",
    ],
)
def test_the_task_that_was_asked_for_is_taken(values, asked, names, targets):
    target, found = read(table(values), task=asked)
    assert (target.task, target.names) == (asked, names)
    if targets is not None:
        np.testing.assert_array_equal(found, targets)


def test_folders_named_by_numbers_are_a_regression_where_asked_for():
    target, found = read(table([0, 1, -1], ClassLabel(names=["23", "4.5"])), task="regression")
    assert target.names == ("label",)
    np.testing.assert_array_equal(found, [[23], [4.5], [np.nan]])


@pytest.mark.parametrize(
    ("columns", "task", "targets"),
    [
        ({"cat": [1, 0], "dog": [1, 1]}, "multi_label", [[1, 1], [0, 1]]),
        ({"cat": [True, False], "dog": [1.0, None]}, "multi_label", [[1, 1], [0, np.nan]]),
        ({"x": [0.5, 2], "y": [3, 4]}, "regression", [[0.5, 3], [2, 4]]),
        ({"cat": ["1", "0"], "dog": ["0", "0"]}, "multi_label", [[1, 0], [0, 0]]),
    ],
    ids=["0 and 1", "a gap", "numbers", "texts"],
)
def test_several_columns_are_one_output_each(columns, task, targets):
    target, found = read(Dataset.from_dict(columns), tuple(columns))
    assert (target.task, target.names) == (task, tuple(columns))
    np.testing.assert_array_equal(found, targets)


def test_columns_of_minus_one_and_one_say_no_and_yes():
    rows = Dataset.from_dict({"a": [1, -1, None], "b": [-1, -1, 1]})
    target, found = read(rows, ("a", "b"))
    assert (target.task, target.reason.code) == ("multi_label", "targets.columns_of_signs")
    np.testing.assert_array_equal(found, [[1, 0], [0, 0], [np.nan, 1]])
    with pytest.raises(DataError) as error:
        read_targets(Dataset.from_dict({"a": [1], "b": [0]}), "test", target)
    assert error.value.code == "targets.not_binary_in_split"


def test_one_hot_columns_are_one_class_each_where_asked_for():
    target, found = read(Dataset.from_dict({"cat": [1, 0, None], "dog": [0, 1, 1]}), ("cat", "dog"), "single_label")
    assert (target.names, found.tolist()) == (("cat", "dog"), [0, 1, -1])


@pytest.mark.parametrize(
    ("rows", "columns", "task", "code", "expected"),
    [
        ({"a": [1, -1], "b": [0, 1]}, ("a", "b"), "auto", "targets.three_signs", {"columns": "a, b"}),
        ({"label": [[1, -1], [0, 1]]}, ("label",), "auto", "targets.three_signs", {"columns": "label"}),
        ({"label": ["1", "b"]}, ("label",), "regression", "targets.no_number", {"column": "label", "text": "b"}),
        ({"label": [b"1"]}, ("label",), "regression", "targets.no_numbers", {"column": "label", "kind": "binary"}),
        ({"label": [{"a": 1}]}, ("label",), "auto", "targets.no_classes", {"column": "label", "kind": "dict"}),
        (
            {"label": [[1, 3], [2]]},
            ("label",),
            "single_label",
            "targets.lists_of_single_label",
            {"column": "label", "kind": "lists of int64"},
        ),
        (
            {"label": [[0.5], [1.0, 2.0]]},
            ("label",),
            "auto",
            "targets.uneven_lists",
            {"column": "label", "shortest": 1, "longest": 2},
        ),
        ({"a": [1, 2], "b": [0, 1]}, ("a", "b"), "multi_label", "targets.not_binary", {"columns": "a, b"}),
        ({"a": [1, 2], "b": ["x", "y"]}, ("a", "b"), "auto", "targets.no_number", {"column": "b", "text": "x"}),
        ({"a": [1], "b": [1]}, ("a", "b"), "single_label", "targets.columns_of_single_label", {"columns": "a, b"}),
        (
            {"label": ["[1]", "[2, [3]]"]},
            ("label",),
            "auto",
            "targets.unreadable_list",
            {"column": "label", "text": "[2, [3]]"},
        ),
        (
            {"label": [f"id {n}" for n in range(21)]},
            ("label",),
            "auto",
            "targets.ids",
            {"column": "label", "count": 21, "rows": 21},
        ),
        (
            {"label": [100.0 * n for n in range(21)] + [None]},
            ("label",),
            "auto",
            "targets.ids_or_amounts",
            {"column": "label", "count": 21, "rows": 21},
        ),
        (
            {"label": [0.5, float("inf")]},
            ("label",),
            "auto",
            "targets.infinite",
            {"columns": "label", "split": "train"},
        ),
    ],
    ids=[
        "-1, 0 and 1",
        "lists of -1, 0 and 1",
        "texts as numbers",
        "bytes as numbers",
        "dicts",
        "lists as one class",
        "ragged",
        "counts",
        "a text",
        "one class",
        "a text that is no list",
        "ids",
        "amounts",
        "infinite",
    ],
)
def test_a_column_that_does_not_hold_what_the_task_needs_is_refused(rows, columns, task, code, expected):
    with pytest.raises(DataError) as refused:
        read(Dataset.from_dict(rows), columns, task)
    assert code_and_fields(refused.value) == (code, expected)


def test_classes_are_matched_by_name_and_not_by_number():
    rows = table([0, 1], ClassLabel(names=["bee", "ant"]))
    target = find_target(rows, ("label",)).named(("ant", "bee"))
    assert read_targets(rows, "test", target).tolist() == [1, 0]


def test_columns_are_put_in_the_order_of_an_existing_network_s_outputs():
    rows = Dataset.from_dict({"cat": [1, 0], "dog": [0, 0]})
    target = find_target(rows, ("cat", "dog")).named(("dog", "cat"))
    assert read_targets(rows, "test", target).tolist() == [[0, 1], [0, 0]]
    with pytest.raises(DataError) as refused:
        find_target(rows, ("cat", "dog")).named(("dog", "eel"))
    assert code_and_fields(refused.value) == ("targets.other_outputs", {"names": "dog, eel", "columns": "cat, dog"})


def test_rows_without_a_target_are_known():
    assert has_target(np.array([0, -1, 3])).tolist() == [True, False, True]
    assert has_target(np.array([[0, 1], [np.nan, 1]], np.float32)).tolist() == [True, False]


def test_a_million_rows_of_twenty_thousand_classes_are_numbered_within_seconds():
    numbers = np.random.default_rng(0).integers(0, 20_000, 1_000_000)
    rows = table([f"class {number}" for number in numbers])
    started = time.process_time()
    target, found = read(rows)
    assert len(target.names) == 20_000
    assert target.names[found[7]] == f"class {numbers[7]}"
    assert time.process_time() - started < 10

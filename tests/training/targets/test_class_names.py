"""Names of classes: unknown ones are named, those that look alike too, and what was decided is said."""

import pytest
from datasets import ClassLabel, Dataset, Features, Value
from error_facts import Begins, code_and_fields

from resnet_hub.errors import DataError
from training.targets.targets import find_target, read_targets


def table(values, feature=None):
    return Dataset.from_dict({"label": values}, features=None if feature is None else Features({"label": feature}))


def test_an_unknown_class_is_named():
    target = find_target(table(["ant", "bee"]), ("label",))
    with pytest.raises(DataError) as refused:
        read_targets(table(["ant", "moth"]), "val", target)
    assert code_and_fields(refused.value) == (
        "targets.unknown_classes",
        {"split": "val", "count": 2, "unknown": "'moth'", "known": Begins("'ant'")},
    )


def test_a_number_that_a_column_does_not_declare_is_named():
    features = ClassLabel(names=["ant"])
    rows = Dataset.from_dict({"label": [0, 7]}).cast_column("label", Value("int64"))
    declared = Dataset(rows.data.table, info=table([0], features).info)
    target = find_target(table([0], features), ("label",))
    with pytest.raises(DataError) as refused:
        read_targets(declared, "train", target)
    assert code_and_fields(refused.value) == ("targets.undeclared_number", {"split": "train", "number": 7, "count": 1})


@pytest.mark.parametrize(
    ("values", "code", "fields"),
    [
        (["ant", "bee"], "targets.one_class", {"column": "label", "count": 2}),
        ([True, False], "targets.one_class", {"column": "label", "count": 2}),
        (["1", "02"], "targets.whole_numbers", {"column": "label", "count": 2}),
        ([3.0, 4.0], "targets.whole_numbers", {"column": "label", "count": 2}),
        ([[1, 0], [0, 1]], "targets.lists_of_one_hot", {"column": "label", "length": 2}),
        ([[1, 1], [0, 1]], "targets.lists_of_flags", {"column": "label", "length": 2}),
        ([[1, 2], [0, 1]], "targets.lists_of_class_numbers", {"column": "label", "count": 3}),
        (["a;b"], "targets.divided_texts", {"column": "label", "mark": ";"}),
    ],
    ids=["texts", "booleans", "texts of numbers", "whole floats", "one-hot", "0 and 1", "class numbers", "divided"],
)
def test_what_was_decided_is_said(values, code, fields):
    assert code_and_fields(find_target(table(values), ("label",)).reason) == (code, fields)


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["Cat", "cat", "cat ", "dog"], "'Cat', 'cat', 'cat '"),
        (["\u00e9", "e\u0301"], r"'e\u0301', '\xe9'"),
        (["a", "b", "ab"], None),
    ],
    ids=["capitals and spaces", "forms of a letter", "different names"],
)
def test_classes_that_look_alike_are_named_and_stay_apart(names, shown):
    target = find_target(table(names), ("label",))
    found = read_targets(table(names), "train", target)
    assert len(set(found.tolist())) == len(target.names) == len(names)
    if shown is None:
        assert target.reason.code == "targets.one_class"
    else:
        assert code_and_fields(target.reason.fields["other"]) == ("targets.look_alikes", {"names": shown})


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["scab", "scab rust", "rust"], "'scab rust'"),
        (["a", "b", "a, b"], "'a, b'"),
        (["car", "chair car", "person", "person chair"], "'chair car', 'person chair'"),
        (["hot dog", "dog"], None),
        (["golden eagle", "golden retriever", "labrador retriever"], None),
    ],
    ids=["blanks", "commas", "one that stands nowhere alone", "a name of two words", "words that come again"],
)
def test_a_class_that_is_made_of_others_is_named(names, shown):
    reason = find_target(table(names), ("label",)).reason
    if shown is None:
        assert reason.code == "targets.one_class"
    else:
        assert code_and_fields(reason.fields["other"]) == ("targets.made_of_others", {"names": shown})


@pytest.mark.parametrize(
    ("values", "shown"),
    [(["a", "b", "NA", "None"], "'NA', 'None'"), ([-1, 0, 1, 1], "'-1'"), (["nano", "na na"], None)],
    ids=["words", "a number", "words that only begin so"],
)
def test_a_class_that_may_stand_for_none_is_named_and_learned(values, shown):
    target = find_target(table(values), ("label",))
    assert len(target.names) == len(set(values))
    if shown is None:
        assert target.reason.code == "targets.one_class"
    else:
        assert code_and_fields(target.reason.fields["other"]) == ("targets.like_empty_cells", {"names": shown})


def test_the_first_rows_of_a_stream_are_not_taken_for_ids():
    assert find_target(table(list(range(30))), ("label",), entire=False).task == "single_label"

"""Rows go to the split that a column says, and stay together where it says none."""

import pytest
from datasets import Dataset, DatasetDict
from error_facts import code_and_fields

from resnet_hub.errors import DataError
from training.layouts.ledger import Ledger
from training.tables.columns.split import AskedColumns, divide, refuse_in_stream


def divided(columns, asked=None, label=None):
    """The numbers of the rows of each split, and what was said."""
    count = len(next(iter(columns.values())))
    rows = Dataset.from_dict({"number": list(range(count)), **columns})
    ledger = Ledger()
    tables = divide(DatasetDict({"train": rows}), AskedColumns(label=label, split=asked), ledger)
    said = [line.code for line in ledger.decisions]
    return {split: part["number"][:] for split, part in tables.items()}, said, ledger


DIVIDED = {
    "split": ({"split": ["train", "val", "test", "train"]}, {"train": [0, 3], "validation": [1], "test": [2]}),
    "capitals": ({"Split": ["TRAIN", "Valid", "Testing"]}, {"train": [0], "validation": [1], "test": [2]}),
    "set": ({"set": ["training", "dev"]}, {"train": [0], "validation": [1]}),
    "subset with spaces": ({"subset": ["train ", " test"]}, {"train": [0], "test": [1]}),
    "partition": ({"partition": ["train", "validation"]}, {"train": [0], "validation": [1]}),
    "is_valid": ({"is_valid": [False, True, False]}, {"train": [0, 2], "validation": [1]}),
    "is_valid as numbers": ({"is_valid": [0, 1, 0]}, {"train": [0, 2], "validation": [1]}),
    "is_test as text": ({"is_test": ["False", "True"]}, {"train": [0], "test": [1]}),
    "words beside the split": ({"Usage": ["Training", "PublicTest"]}, {"train": [0], "test": [1]}),
    "is_train": ({"is_train": [1, 1, 0]}, {"train": [0, 1], "test": [2]}),
    "a flag for each split": (
        {"is_train": [1, 0, 0], "is_val": [0, 1, 0], "is_test": [0, 0, 1]},
        {"train": [0], "validation": [1], "test": [2]},
    ),
    "a flag for two splits": (
        {"is_train": [1, 0, 0], "is_val": [0, 1, 0]},
        {"train": [0], "validation": [1], "test": [2]},
    ),
    "another name": ({"train/test": ["train", "test", None]}, {"train": [0], "test": [1]}),
    "mode": ({"mode": ["TRAIN", "VAL"]}, {"train": [0], "validation": [1]}),
    "two letters": ({"split": ["tr", "va", "te"]}, {"train": [0], "validation": [1], "test": [2]}),
    "two that agree": ({"split": ["train", "test"], "set": ["train", "test"]}, {"train": [0], "test": [1]}),
}


@pytest.mark.parametrize(("columns", "expected"), DIVIDED.values(), ids=DIVIDED)
def test_a_column_of_splits_divides_the_rows_and_is_said(columns, expected):
    splits, said, _ = divided(columns)
    assert splits == expected
    assert said == ["tables.split_by"]


WHOLE = {
    "no such column": ({"label": ["train", "test", "train"]}, []),
    "folds": ({"fold": [0, 1, 2, 0]}, ["tables.no_split_words"]),
    "other words": ({"split": ["a", "b", "a"]}, ["tables.no_split_words"]),
    "names of something else": ({"set": ["x1", "x2", "x3"]}, []),
    "classes": ({"class": ["train", "test", "train"]}, []),
    "a word that is no split among others of another name": ({"vehicle": ["train", "test", "bus"]}, []),
    "one split alone in a column of another name": ({"vehicle": ["train", "train"]}, []),
    "flags of what may be a class": ({"train": [0, 1, 0]}, ["tables.flags_of_split"]),
    "flags that are none": ({"is_valid": [0, 1, 2]}, []),
}


@pytest.mark.parametrize(("columns", "expected"), WHOLE.values(), ids=WHOLE)
def test_other_columns_divide_nothing(columns, expected):
    splits, said, _ = divided(columns)
    assert list(splits) == ["train"]
    assert said == expected


def test_rows_of_another_value_or_of_none_are_left_out_and_counted():
    splits, _, ledger = divided({"split": ["train", "test", "unused", None, "train"]})
    assert splits == {"train": [0, 4], "test": [1]}
    left = {str(entry.reason): entry.names for entry in ledger.left_out}
    assert sorted(left.values()) == [("row 3",), ("row 4",)]
    assert ledger.seen["rows"] == 2  # the others are counted where they are read


def test_the_column_that_was_asked_for_divides_and_none_does_not():
    columns = {"split": ["train", "test", "train"], "mine": ["val", "train", "train"]}
    assert divided(columns, "mine")[0] == {"train": [1, 2], "validation": [0]}
    assert divided(columns, "none")[0] == {"train": [0, 1, 2]}


def test_flags_that_may_be_a_class_divide_where_asked_for():
    assert divided({"train": [0, 1, 0]}, "train")[0] == {"train": [1], "test": [0, 2]}


def test_a_row_of_two_splits_by_its_flags_is_two_readings():
    with pytest.raises(DataError) as error:
        divided({"is_val": [0, 1, 0], "is_test": [0, 1, 1]})
    assert code_and_fields(error.value) == ("tables.two_split_columns", {"first": "is_val", "second": "is_test"})


def test_a_fold_that_was_asked_for_is_validated_on():
    assert divided({"fold": [0, 1, 2, 0]}, "fold=0")[0] == {"train": [1, 2], "validation": [0, 3]}
    assert divided({"a=b": ["train", "test"]}, "a=b")[0] == {"train": [0], "test": [1]}


def test_the_label_is_no_split():
    assert list(divided({"split": ["train", "test"]}, label="split")[0]) == ["train"]


def test_values_that_mean_a_split_by_a_word_of_theirs_are_said():
    _, _, ledger = divided({"Usage": ["Training", "PublicTest", "PrivateTest", "PrivateTest"]})
    assert ledger.decisions[0].fields["splits"] == "1 train, 3 test ('PrivateTest', 'PublicTest')"


def test_a_column_that_names_splits_in_a_few_rows_is_two_readings():
    columns = {"set": ["train", "x", "y", "x", "test"]}
    with pytest.raises(DataError) as refused:
        divided(columns)
    facts = {"column": "set", "known": "'test', 'train'", "others": "'x', 'y'"}
    assert code_and_fields(refused.value) == ("tables.some_split_words", facts)
    assert divided(columns, "set")[0] == {"train": [0], "test": [4]}
    assert divided(columns, "none")[0] == {"train": [0, 1, 2, 3, 4]}


REFUSED = {
    "no such column": ("nope", "columns.absent"),
    "no such value": ("fold=7", "tables.no_such_value"),
    "numbers": ("fold", "tables.not_splits"),
}


@pytest.mark.parametrize(("asked", "code"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_asked_for_is_refused(asked, code):
    with pytest.raises(DataError) as refused:
        divided({"fold": [0, 1, 2, 0]}, asked)
    assert refused.value.code == code


def test_two_columns_that_contradict_are_two_readings():
    with pytest.raises(DataError) as refused:
        divided({"split": ["train", "test"], "set": ["test", "train"]})
    assert code_and_fields(refused.value) == ("tables.two_split_columns", {"first": "split", "second": "set"})


def test_a_column_that_contradicts_the_files_is_refused_and_can_be_chosen():
    tables = DatasetDict(
        {
            name: Dataset.from_dict({"number": [place], "split": ["train"]})
            for place, name in enumerate(("train", "test"))
        }
    )
    with pytest.raises(DataError) as refused:
        divide(tables, AskedColumns(), Ledger())
    facts = {"column": "split", "split": "test", "other": "train"}
    assert code_and_fields(refused.value) == ("tables.other_split_than_file", facts)
    assert list(divide(tables, AskedColumns(split="none"), Ledger())) == ["train", "test"]
    assert divide(tables, AskedColumns(split="split"), Ledger())["train"]["number"][:] == [0, 1]


def test_rows_that_stream_cannot_be_divided():
    rows = Dataset.from_dict({"split": ["train", "test"]}).to_iterable_dataset()
    with pytest.raises(DataError) as refused:
        refuse_in_stream({"train": rows}, AskedColumns())
    assert refused.value.code == "tables.split_of_stream"
    refuse_in_stream({"train": rows}, AskedColumns(split="none"))

"""Which columns hold pictures and classes, found by type, then by name, or asked for."""

import datasets
import pytest
from datasets import ClassLabel, Dataset, Features, Value
from pictures import picture

from resnet_hub.errors import DataError
from training.columns import class_names, class_numbers, find_columns

IMAGE = datasets.Image()
ANIMALS = ClassLabel(names=["ant", "bee"])


def rows(**columns):
    """Two rows with columns of these features."""
    values = {name: [_value(feature, row) for row in range(2)] for name, feature in columns.items()}
    return Dataset.from_dict(values, features=Features(columns))


def _value(feature, row):
    if isinstance(feature, datasets.Image):
        return picture("red", row)
    return ("ant", "bee")[row] if getattr(feature, "dtype", "") == "string" else row


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"img": IMAGE, "label": ANIMALS}, ("img", "label")),
        ({"picture": IMAGE, "species": ANIMALS, "id": Value("int64")}, ("picture", "species")),
        ({"image": IMAGE, "label": Value("string")}, ("image", "label")),
        ({"image": IMAGE, "category": Value("int32"), "name": Value("string")}, ("image", "category")),
        ({"label": Value("int64"), "kind": ANIMALS, "image": IMAGE}, ("image", "kind")),
    ],
)
def test_the_columns_are_found(columns, found):
    assert find_columns(rows(**columns), None, None) == found


def test_the_asked_for_columns_are_taken():
    table = rows(left=IMAGE, right=IMAGE, coarse=ANIMALS, fine=ANIMALS)
    assert find_columns(table, "right", "coarse") == ("right", "coarse")


@pytest.mark.parametrize(
    ("columns", "asked", "says"),
    [
        (
            {"image": IMAGE, "label": ANIMALS},
            ("img", None),
            "--image-column 'img' is no column; the dataset has 'image' (pictures), 'label' (2 classes)",
        ),
        (
            {"image": IMAGE, "label": ANIMALS},
            (None, "class"),
            "--label-column 'class' is no column; the dataset has 'image' (pictures), 'label' (2 classes)",
        ),
        (
            {"image": IMAGE, "label": ANIMALS},
            ("label", None),
            "--image-column 'label' holds no pictures; those that do: 'image' (pictures)",
        ),
        (
            {"text": Value("string"), "label": ANIMALS},
            (None, None),
            "no column holds pictures; the dataset has 'text' (string), 'label' (2 classes); "
            "choose one with --image-column",
        ),
        (
            {"a": IMAGE, "b": IMAGE, "label": ANIMALS},
            (None, None),
            "several columns hold pictures; the dataset has 'a' (pictures), 'b' (pictures), 'label' (2 classes)",
        ),
        (
            {"image": IMAGE, "coarse": ANIMALS, "fine": ANIMALS},
            (None, None),
            "several columns hold classes; the dataset has 'image' (pictures), 'coarse' (2 classes), 'fine' (2 cl",
        ),
        (
            {"image": IMAGE, "caption": Value("string")},
            (None, None),
            "no column is known to hold classes; the dataset has 'image' (pictures), 'caption' (string)",
        ),
        ({"image": IMAGE}, (None, None), "the pictures have no classes; put each class into a folder of its own"),
    ],
    ids=[
        "no such image column",
        "no such label column",
        "no pictures in it",
        "no pictures",
        "two pictures",
        "two classes",
        "no classes",
        "pictures alone",
    ],
)
def test_a_column_that_cannot_be_meant_is_refused_with_the_candidates(columns, asked, says):
    with pytest.raises(DataError) as refused:
        find_columns(rows(**columns), *asked)
    assert says in str(refused.value)


def test_declared_names_keep_their_order():
    assert class_names(rows(image=IMAGE, label=ClassLabel(names=["wasp", "ant"])), "label") == ("wasp", "ant")


def test_texts_become_classes_in_sorted_order():
    table = Dataset.from_dict({"label": ["wasp", "ant", "wasp", None]})
    names = class_names(table, "label")
    assert names == ("ant", "wasp")
    assert class_numbers(table, "train", "label", names).tolist() == [1, 0, 1, -1]


def test_whole_numbers_become_classes_in_numeric_order():
    table = Dataset.from_dict({"label": [10, 9, 10]})
    names = class_names(table, "label")
    assert names == ("9", "10")
    assert class_numbers(table, "train", "label", names).tolist() == [1, 0, 1]


def test_classes_are_matched_by_name_and_not_by_number():
    table = Dataset.from_dict({"label": [0, 1]}, features=Features({"label": ClassLabel(names=["bee", "ant"])}))
    assert class_numbers(table, "test", "label", ("ant", "bee")).tolist() == [1, 0]


def test_rows_without_a_class_are_marked():
    table = Dataset.from_dict({"label": [-1, 1]}, features=Features({"label": ANIMALS}))
    assert class_numbers(table, "test", "label", ("ant", "bee")).tolist() == [-1, 1]


def test_an_unknown_class_is_named():
    table = Dataset.from_dict({"label": ["ant", "moth"]})
    with pytest.raises(DataError, match="classes in val that are not among the 2 known ones: 'moth'; expected 'ant'"):
        class_numbers(table, "val", "label", ("ant", "bee"))


def test_a_column_of_numbers_with_fractions_is_no_set_of_classes():
    table = Dataset.from_dict({"label": [0.5, 1.5]})
    with pytest.raises(DataError, match=r"--label-column 'label' holds .* expected class names or whole numbers"):
        class_names(table, "label")

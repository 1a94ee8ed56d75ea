"""Which columns hold images and classes, found by type, then by name, or asked for."""

import datasets
import pytest
from datasets import ClassLabel, Dataset, Features, Value
from error_facts import code_and_fields
from images import image

from resnet_hub.errors import DataError
from training.targets.columns import find_columns

IMAGE = datasets.Image()
ANIMALS = ClassLabel(names=["ant", "bee"])


def rows(**columns):
    """Two rows with columns of these features."""
    values = {name: [_value(feature, row) for row in range(2)] for name, feature in columns.items()}
    return Dataset.from_dict(values, features=Features(columns))


def _value(feature, row):
    if isinstance(feature, datasets.Image):
        return image("red", row)
    return ("ant", "bee")[row] if getattr(feature, "dtype", "") == "string" else row


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"img": IMAGE, "label": ANIMALS}, ("img", "label")),
        ({"picture": IMAGE, "species": ANIMALS, "id": Value("int64")}, ("picture", "species")),
        ({"image": IMAGE, "label": Value("string")}, ("image", "label")),
        ({"image": IMAGE, "category": Value("int32"), "name": Value("string")}, ("image", "category")),
        ({"label": Value("int64"), "kind": ANIMALS, "image": IMAGE}, ("image", "kind")),
        ({"Image": IMAGE, "mask": IMAGE, "Label": Value("string"), "id": Value("int64")}, ("Image", "Label")),
        ({"image": IMAGE, "Label": Value("string"), "label": Value("string")}, ("image", "label")),
        ({"img": IMAGE, "coarse_label": ANIMALS, "fine_label": ANIMALS}, ("img", "fine_label")),
        ({"mask": IMAGE, "image": IMAGE, "label": ANIMALS}, ("image", "label")),
        ({"image": IMAGE, "source": ANIMALS, "label": ANIMALS}, ("image", "label")),
    ],
)
def test_the_columns_are_found(columns, found):
    image, label = found
    assert find_columns(rows(**columns), None, None) == (image, (label,))


def test_the_asked_for_columns_are_taken():
    table = rows(left=IMAGE, right=IMAGE, coarse=ANIMALS, fine=ANIMALS)
    assert find_columns(table, "right", "coarse") == ("right", ("coarse",))


@pytest.mark.parametrize(
    ("columns", "asked", "code", "expected"),
    [
        (
            {"image": IMAGE, "label": ANIMALS},
            ("img", None),
            "columns.absent",
            {"flag": "--image-column", "column": "img", "columns": "'image' (images), 'label' (2 classes)"},
        ),
        (
            {"image": IMAGE, "label": ANIMALS},
            (None, "class"),
            "columns.absent",
            {"flag": "--label-column", "column": "class", "columns": "'image' (images), 'label' (2 classes)"},
        ),
        (
            {"image": IMAGE, "label": ANIMALS},
            ("label", None),
            "columns.other_images",
            {"column": "label", "columns": "'image' (images)"},
        ),
        (
            {"text": Value("string"), "label": ANIMALS},
            (None, None),
            "columns.no_images",
            {"columns": "'text' (string), 'label' (2 classes)"},
        ),
        (
            {"a": IMAGE, "b": IMAGE, "label": ANIMALS},
            (None, None),
            "columns.several_images",
            {"columns": "'a' (images), 'b' (images), 'label' (2 classes)"},
        ),
        (
            {"image": IMAGE, "coarse": ANIMALS, "fine": ANIMALS},
            (None, None),
            "columns.several_classes",
            {"columns": "'image' (images), 'coarse' (2 classes), 'fine' (2 classes)"},
        ),
        (
            {"image": IMAGE, "caption": Value("string")},
            (None, None),
            "columns.no_classes",
            {"columns": "'image' (images), 'caption' (string)"},
        ),
        ({"image": IMAGE}, (None, None), "columns.no_class_folders", {}),
    ],
    ids=[
        "no such image column",
        "no such label column",
        "no images in it",
        "no images",
        "two images",
        "two classes",
        "no classes",
        "images alone",
    ],
)
def test_a_column_that_cannot_be_meant_is_refused_with_the_candidates(columns, asked, code, expected):
    with pytest.raises(DataError) as refused:
        find_columns(rows(**columns), *asked)
    assert code_and_fields(refused.value) == (code, expected)


def named(*files):
    cells = [{"bytes": b"", "path": f"/data/{file}"} for file in files]
    return Dataset.from_dict({"image": cells}, features=Features({"image": IMAGE}))


BEGIN = {
    "dogs and cats": (["cat.0.jpg", "cat.1.jpg", "dog.0.jpg", "dog.1.jpg"], ["cat", "dog"]),
    "pets": (["Abyssinian_1.jpg", "Abyssinian_2.jpg", "pug_1.jpg", "pug_20.jpg"], ["Abyssinian", "pug"]),
    "Windows": (["ant (1).png", "ant (2).png", "bee (1).png", "bee (2).png"], ["ant", "bee"]),
}


@pytest.mark.parametrize(("files", "words"), BEGIN.values(), ids=BEGIN)
def test_images_without_classes_whose_names_begin_with_them_are_told_so(files, words):
    with pytest.raises(DataError) as refused:
        find_columns(named(*files), None, None)
    told = {"names": ", ".join(map(repr, words)), "first": words[0]}
    assert code_and_fields(refused.value) == ("columns.classes_in_names", told)


@pytest.mark.parametrize("files", [["IMG_1.jpg", "IMG_2.jpg"], ["1.png", "2.png"], ["a1.png", "b1.png", "c1.png"]])
def test_names_that_all_begin_alike_or_each_with_another_word_say_no_classes(files):
    with pytest.raises(DataError) as refused:
        find_columns(named(*files), None, None)
    assert refused.value.code == "columns.no_class_folders"

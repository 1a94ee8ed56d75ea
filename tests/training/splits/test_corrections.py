"""`--labels`: which image a row is about, what it changes, and every way in which it can be wrong."""

import numpy as np
import pytest
from datasets import Dataset
from error_facts import code_and_fields

from resnet_hub.errors import DataError, Phrase
from training.layouts import Ledger
from training.splits.corrections import corrected, format_target, parse_target
from training.splits.split import Split
from training.targets.targets import Target

NAMES = ("cat", "dog", "007", "true")


def target(task):
    return Target(task, ("label",), NAMES, Phrase("ledger.no_target"), "class")


CATS = target("single_label")


def split(name, paths, labels, digests):
    cells = [{"bytes": None, "path": path} for path in paths]
    return Split(name, Dataset.from_dict({"image": cells}), np.array(labels), np.array(digests, np.uint64))


@pytest.fixture
def splits():
    return {
        "train": split("train", ["/d/cat/1.png", "/d/dog/1.png", "/d/cat/2.png"], [0, 1, 0], [5, 5, 6]),
        "test": split("test", ["/d/cat/3.png", "/d/cat/4.png"], [0, 2], [7, 2**64 - 1]),
    }


def labels_file(folder, *rows, header="file,label,correction,digest"):
    file = folder / "labels.csv"
    file.write_text("\n".join([header, *(f"{','.join(row[:3])},px-{row[3]:016x}" for row in rows)]))
    return str(file)


def test_labels_are_corrected_images_left_out_and_both_stand_in_the_ledger(splits, tmp_path):
    file = labels_file(
        tmp_path,
        ("cat/2.png", "cat", "dog", 6),
        ("cat/3.png", "cat", "<drop>", 7),
        ("x.png", "007", "TRUE", 2**64 - 1),
        ("gone.png", "cat", "", 99),
    )
    ledger = Ledger()
    found = corrected(splits, CATS, file, ledger)
    assert found["train"].labels.tolist() == [0, 1, 1]
    assert found["test"].labels.tolist() == [3]
    assert splits["train"].labels.tolist() == [0, 1, 0]
    (decision,) = ledger.decisions
    assert (decision.fields["changed"], decision.fields["dropped"], ledger.corrected) == ("2", "1", 2)
    assert [(entry.count, entry.names) for entry in ledger.left_out] == [(1, ("/d/cat/3.png",))]


@pytest.mark.parametrize(("name", "label"), [("dog/1.png", "dog"), ("elsewhere.png", "dog")])
def test_of_equal_images_that_of_the_name_is_meant_else_that_of_the_label(splits, tmp_path, name, label):
    file = labels_file(tmp_path, (name, label, "cat", 5))
    assert corrected(splits, CATS, file, Ledger())["train"].labels.tolist() == [0, 0, 0]


def test_without_a_file_nothing_changes(splits):
    assert corrected(splits, CATS, None, Ledger()) == splits


def test_what_an_image_is_by_now_may_be_what_was_wanted(splits, tmp_path):
    file = labels_file(tmp_path, ("cat/2.png", "dog", "cat", 6))
    assert corrected(splits, CATS, file, Ledger())["train"].labels.tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("rows", "code", "fields"),
    [
        ([("a.png", "cat", "dog", 99)], "no_such_image", {"line": 2, "image": "a.png"}),
        ([("x", "cat", "bird", 6)], "unknown_class", {"line": 2, "text": "bird"}),
        ([("x", "cat", "dog", 6), ("x", "cat", "<drop>", 6)], "contradiction", {"line": 3, "other": 2}),
        ([("x", "dog", "true", 6)], "other_label", {"line": 2, "label": "cat", "given": "dog"}),
        ([("x", "cat", "<drop>", 7), ("y", "007", "<drop>", 2**64 - 1)], "nothing_left", {"split": "test"}),
    ],
)
def test_a_row_that_cannot_be_meant_is_refused_by_its_line(splits, tmp_path, rows, code, fields):
    with pytest.raises(DataError) as error:
        corrected(splits, CATS, labels_file(tmp_path, *rows), Ledger())
    assert error.value.code == f"corrections.{code}"
    assert fields.items() <= error.value.fields.items()


def test_of_one_split_alone_rows_about_others_are_no_mistake(splits, tmp_path):
    file = labels_file(tmp_path, ("cat/3.png", "cat", "dog", 7))
    assert corrected({"train": splits["train"]}, CATS, file, Ledger(), whole=False)["train"].labels.tolist() == [
        0,
        1,
        0,
    ]


def test_images_that_nobody_has_looked_at_cannot_be_corrected(splits, tmp_path):
    unseen = {"train": Split("train", splits["train"].rows, splits["train"].labels)}
    with pytest.raises(DataError) as error:
        corrected(unseen, CATS, labels_file(tmp_path, ("x", "cat", "dog", 6)), Ledger())
    assert code_and_fields(error.value) == ("corrections.unchecked", {"split": "train"})


@pytest.mark.parametrize(
    ("task", "value", "text"),
    [
        ("single_label", np.int64(2), "007"),
        ("multi_label", np.array([1, 0, 1, 0], np.float32), "cat | 007"),
        ("multi_label", np.zeros(4, np.float32), "<none>"),
        ("regression", np.array([1.5, -2, 0, 1e-5], np.float32), "1.5 | -2 | 0 | 1e-05"),
    ],
)
def test_a_target_is_read_as_it_is_written(task, value, text):
    assert format_target(value, CATS.names, task) == text
    assert np.allclose(parse_target(text, target(task), "f", 2), value)


@pytest.mark.parametrize("text", ["1 | 2", "1 | 2 | 3 | x", "1|2|3|nan", "1,5 | 2 | 3 | 4"])
def test_what_is_no_number_for_each_output_is_refused(text):
    with pytest.raises(DataError) as error:
        parse_target(text, target("regression"), "f", 2)
    assert code_and_fields(error.value) == (
        "corrections.no_numbers",
        {"file": "f", "line": 2, "text": text, "count": 4},
    )

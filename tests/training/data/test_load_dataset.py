"""From a --dataset argument to rows: folders, parquet, digits; what is not there is said."""

import datasets
import numpy as np
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features
from error_facts import code_and_fields
from images import class_folders, image
from sklearn.datasets import load_digits

from resnet_hub.errors import DataError
from training.data import load_dataset
from training.data.load_dataset import digits, load_splits
from training.tables import AskedColumns


def test_class_folders_become_one_split_with_sorted_names(tmp_path):
    class_folders(tmp_path, {"red": 3, "green": 2})
    splits = load_splits(str(tmp_path))
    assert list(splits) == ["train"]
    assert splits["train"].features["label"].names == ["green", "red"]
    assert sorted(splits["train"]["label"]) == [0, 0, 1, 1, 1]


@pytest.mark.parametrize("validation", ["val", "valid", "validation", "dev"])
def test_folders_above_the_classes_are_splits_under_any_usual_name(tmp_path, validation):
    class_folders(tmp_path / "train", {"red": 3, "green": 2})
    class_folders(tmp_path / validation, {"red": 1, "green": 1})
    class_folders(tmp_path / "test", {"red": 2, "green": 1})
    splits = load_splits(str(tmp_path))
    assert {name: len(rows) for name, rows in splits.items()} == {"train": 5, "validation": 2, "test": 3}


def test_a_image_whose_name_holds_the_word_train_stays_in_its_class(tmp_path):
    class_folders(tmp_path, {"red": 3, "green": 2})
    image("red", 9).save(tmp_path / "red" / "train-12.png")
    image("red", 9).save(tmp_path / "red" / "test 3.png")
    assert {name: len(rows) for name, rows in load_splits(str(tmp_path)).items()} == {"train": 7}


def test_images_are_not_decoded_on_loading(tmp_path):
    class_folders(tmp_path, {"red": 1, "green": 1})
    (tmp_path / "red" / "broken.png").write_bytes(b"no picture")
    assert len(load_splits(str(tmp_path))["train"]) == 3


def test_a_parquet_folder_as_the_hub_lays_it_out_keeps_its_splits_and_names(tmp_path):
    features = Features({"img": datasets.Image(), "label": ClassLabel(names=["wasp", "ant"])})
    rows = Dataset.from_dict({"img": [image("red", 0), image("green", 1)], "label": [0, 1]}, features=features)
    (tmp_path / "data").mkdir()
    for split in ("train", "test"):
        rows.to_parquet(tmp_path / "data" / f"{split}-00000-of-00001.parquet")
    splits = load_splits(str(tmp_path))
    assert {name: len(part) for name, part in splits.items()} == {"train": 2, "test": 2}
    assert splits["train"].features["label"].names == ["wasp", "ant"]
    assert isinstance(splits, DatasetDict)


def test_the_digits_are_all_there_as_dark_ink_on_white_paper():
    rows = digits()["train"]
    assert len(rows) == 1797
    assert np.bincount(rows["label"]).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    zero = np.asarray(rows[0]["image"])
    assert zero.shape == (64, 64)
    assert zero[0, 0] == 255  # paper in the corner
    assert zero.min() < 40  # ink somewhere
    scans, targets = load_dataset._scanned_digits()
    expected = load_digits()
    np.testing.assert_array_equal(scans, expected.images)
    np.testing.assert_array_equal(targets, expected.target)


URL = "https://huggingface.co/datasets/alice/cats/tree/main"


@pytest.mark.parametrize(
    ("source", "code", "expected"),
    [
        ("./no/such/folder", "data.no_folder", {"source": "./no/such/folder"}),
        ("digitz", "data.no_folder", {"source": "digitz"}),
        ("a b/c", "data.no_folder", {"source": "a b/c"}),
        (URL, "data.address", {"source": URL, "id": "alice/cats"}),
        ("hf://datasets/alice/cats", "data.address", {"source": "hf://datasets/alice/cats", "id": "alice/cats"}),
    ],
)
def test_what_is_not_there_is_said(source, code, expected):
    with pytest.raises(DataError) as refused:
        load_splits(source)
    assert code_and_fields(refused.value) == (code, expected)


def test_images_in_no_folder_of_their_own_have_no_class(tmp_path):
    for number in range(3):
        image("red", number).save(tmp_path / f"{number}.png")
    (tmp_path / ".cache").mkdir()
    assert list(load_splits(str(tmp_path))["train"].features) == ["image"]


@pytest.mark.parametrize("name", ["rows.csv", "rows.tsv", "rows.parquet", "rows.jsonl"])
def test_a_table_with_images_beside_it_is_read_by_its_suffix(tmp_path, name):
    for number in range(2):
        image("red", number).save(tmp_path / f"{number}.png")
    rows = Dataset.from_dict({"file_name": ["0.png", "1.png"], "label": ["NA", "ant"]})
    if name.endswith("parquet"):
        rows.to_parquet(tmp_path / name)
    elif name.endswith("jsonl"):
        rows.to_json(tmp_path / name)
    else:
        rows.to_csv(tmp_path / name, index=False, sep="\t" if name.endswith("tsv") else ",")
    read = load_splits(str(tmp_path / name))["train"]
    assert read["label"] == ["NA", "ant"]
    assert read[1]["file_name"].size == (40, 32)


def test_csv_files_named_after_splits_are_these_splits(tmp_path):
    (tmp_path / "images").mkdir()
    for number in range(4):
        image("red", number).save(tmp_path / "images" / f"{number}.png")
    for split, part in (("train", (0, 1)), ("val", (2,)), ("test", (3,))):
        rows = "".join(f"images/{number}.png,a\n" for number in part)
        (tmp_path / f"{split}.csv").write_text(f"file,label\n{rows}")
    splits = load_splits(str(tmp_path))
    assert {name: len(rows) for name, rows in splits.items()} == {"train": 2, "validation": 1, "test": 1}


def test_a_table_that_is_none_is_refused(tmp_path):
    (tmp_path / "rows.parquet").write_bytes(b"no parquet")
    with pytest.raises(DataError, match=r"rows.parquet' cannot be read as a table \("):
        load_splits(str(tmp_path / "rows.parquet"))


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(DataError) as refused:
        load_splits(str(tmp_path))
    assert code_and_fields(refused.value) == ("data.empty_folder", {"folder": str(tmp_path)})


def test_a_folder_without_images_is_refused(tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "read.txt").write_text("nothing")
    with pytest.raises(DataError) as refused:
        load_splits(str(tmp_path))
    assert code_and_fields(refused.value) == (
        "data.no_images",
        {"folder": str(tmp_path), "seen": "\n  ./\n    notes/  1 .txt"},
    )


@pytest.mark.parametrize(("content", "code"), [(b"x", "data.other_file"), (b"PK\3\4...", "data.archive")])
def test_a_file_that_is_no_table_is_refused(tmp_path, content, code):
    file = tmp_path / "rows.txt"
    file.write_bytes(content)
    with pytest.raises(DataError) as refused:
        load_splits(str(file))
    kinds = ".csv, .tsv, .parquet, .jsonl, .ndjson, .json, .arrow"
    assert code_and_fields(refused.value) == (code, {"file": str(file), "kinds": kinds})


def test_a_split_column_is_refused_where_folders_say_the_splits(tmp_path):
    class_folders(tmp_path, {"red": 2, "green": 2})
    with pytest.raises(DataError) as refused:
        load_splits(str(tmp_path), asked=AskedColumns(split="fold"))
    assert code_and_fields(refused.value) == ("layouts.no_columns", {"column": "fold", "source": str(tmp_path)})
    assert len(load_splits(str(tmp_path), asked=AskedColumns(split="none"))["train"]) == 4


def test_a_hub_dataset_is_loaded_by_its_id_at_a_revision(run_with_hub):
    printed = run_with_hub(
        """
        import datasets, sys
        from datasets import ClassLabel, Dataset, Features
        from images import image
        from training.data.load_dataset import load_splits, open_streams

        features = Features({"img": datasets.Image(), "label": ClassLabel(names=["wasp", "ant"])})
        rows = Dataset.from_dict({"img": [image("red", 0), image("green", 1)], "label": [0, 1]}, features=features)
        commit = rows.push_to_hub("alice/insects", split="train").oid
        rows.select([0]).push_to_hub("alice/insects", split="train")
        print([len(load_splits(name)["train"]) for name in ("alice/insects", f"alice/insects@{commit}")])
        print(load_splits("alice/insects")["train"].features["label"].names)
        streams, streamed = open_streams(f"alice/insects@{commit}")
        row = next(iter(streams["train"]))
        print(streamed == commit, sorted(row), row["img"]["bytes"][1:4], streams["train"].features["label"].names)
        """,
        "training.data.load_dataset",
    )
    assert printed.splitlines()[-3:] == [
        "[1, 2]",
        "['wasp', 'ant']",
        "True ['img', 'label'] b'PNG' ['wasp', 'ant']",
    ]

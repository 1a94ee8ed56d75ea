"""What a run takes from its dataset: splits that never leak, classes that match, bad images counted."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from error_facts import code_and_fields
from images import class_folders, image

from resnet_hub.errors import DataError
from training.data import load_data, load_split
from training.settings.recipe import FinetuneRecipe


def encoded(picture):
    file = io.BytesIO()
    picture.save(file, "png")
    return file.getvalue()


def recipe(folder, **settings):
    return FinetuneRecipe(dataset=str(folder), **settings)


def test_a_missing_validation_split_is_cut_from_train_without_overlap(tmp_path):
    class_folders(tmp_path, {"red": 10, "green": 20})
    data = load_data(recipe(tmp_path))
    train, held_out = ({part.image(index)[1] for index in range(len(part))} for part in (data.train, data.validation))
    assert (len(train), len(held_out)) == (24, 6)
    assert not train & held_out
    assert np.bincount(data.validation.labels).tolist() == [4, 2]


def test_an_existing_validation_split_is_used_and_test_is_kept_apart(tmp_path):
    class_folders(tmp_path / "train", {"red": 4, "green": 4})
    class_folders(tmp_path / "val", {"red": 2, "green": 1}, start=10)
    class_folders(tmp_path / "test", {"red": 1, "green": 2}, start=20)
    data = load_data(recipe(tmp_path))
    assert (len(data.train), len(data.validation), len(data.test)) == (8, 3, 3)


def test_a_test_split_is_never_taken_for_validation(tmp_path):
    class_folders(tmp_path / "train", {"red": 10, "green": 10})
    class_folders(tmp_path / "test", {"red": 2, "green": 2}, start=20)
    data = load_data(recipe(tmp_path))
    assert (len(data.train), len(data.validation), len(data.test)) == (16, 4, 4)


@pytest.mark.parametrize("name", ["test", "val"])
def test_what_is_measured_on_is_not_trained_on(tmp_path, name):
    class_folders(tmp_path / name, {"red": 4, "green": 4})
    split = {"val": "validation"}.get(name, name)
    with pytest.raises(DataError, match=f"no split to train on, only {split}, which is measured on; name a folder"):
        load_data(FinetuneRecipe(dataset=str(tmp_path)))


def test_equal_splits_have_equal_hashes_and_others_another(tmp_path):
    class_folders(tmp_path, {"red": 10, "green": 10})
    hashes = [load_data(recipe(tmp_path, seed=seed)).split_hash for seed in (0, 0, 1)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_one_class_only_is_refused(tmp_path):
    class_folders(tmp_path, {"red": 4})
    with pytest.raises(DataError) as refused:
        load_data(recipe(tmp_path))
    assert code_and_fields(refused.value) == ("data.one_class", {"name": "red"})


def test_images_without_class_folders_are_refused_with_the_layout_that_is_expected(tmp_path):
    for number in range(3):
        image("red", number).save(tmp_path / f"{number}.png")
    with pytest.raises(DataError) as refused:
        load_data(recipe(tmp_path))
    assert code_and_fields(refused.value) == ("columns.no_class_folders", {})


def test_a_class_in_val_that_train_lacks_is_named(tmp_path):
    class_folders(tmp_path / "train", {"red": 4, "green": 4})
    class_folders(tmp_path / "val", {"red": 2, "blue": 1}, start=10)
    with pytest.raises(DataError) as refused:
        load_data(recipe(tmp_path))
    assert code_and_fields(refused.value) == ("data.classes_not_in_train", {"split": "validation", "classes": "'blue'"})


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "0 bytes|empty"), (b"just a text", "not an image|no image"), (None, "truncated|cut|incomplete|damaged")],
    ids=["0 bytes", "text", "truncated"],
)
def test_an_undecodable_image_stops_the_run_by_name_until_it_is_allowed(tmp_path, caplog, content, reason):
    class_folders(tmp_path, {"red": 6, "green": 6})
    bad = tmp_path / "red" / "bad.png"
    image("red", 99, (300, 200)).save(bad)
    bad.write_bytes(bad.read_bytes()[:2000] if content is None else content)
    with pytest.raises(DataError, match=rf"1 image cannot be decoded .*bad\.png.*({reason}).*--max-bad-images 1"):
        load_data(recipe(tmp_path))
    data = load_data(recipe(tmp_path, max_bad_images=1))
    assert len(data.train) + len(data.validation) == 12
    assert len(data.bad_images) == 1
    assert "bad.png" in data.bad_images[0]
    assert "left out of 13 rows: 1, cannot be decoded: " in caplog.text


def test_images_that_are_all_bad_are_refused(tmp_path):
    class_folders(tmp_path, {"red": 2, "green": 2})
    for file in tmp_path.rglob("*.png"):
        file.write_bytes(b"x")
    with pytest.raises(DataError, match="split 'train' has no images that can be decoded"):
        load_data(recipe(tmp_path, max_bad_images=4))


def test_one_image_of_each_class_cannot_be_split(tmp_path):
    class_folders(tmp_path, {"red": 1, "green": 1})
    with pytest.raises(DataError) as refused:
        load_data(recipe(tmp_path))
    assert code_and_fields(refused.value) == ("data.nothing_to_hold_out", {"split": "train"})


def test_a_wrong_label_column_lists_the_candidates(tmp_path):
    class_folders(tmp_path, {"red": 2, "green": 2})
    with pytest.raises(DataError) as refused:
        load_data(recipe(tmp_path, label_column="kind"))
    assert code_and_fields(refused.value) == (
        "columns.absent",
        {"flag": "--label-column", "column": "kind", "columns": "'image' (images), 'label' (2 classes)"},
    )


def test_other_columns_of_classes_are_said_unless_one_was_chosen(tmp_path):
    for number in range(6):
        image("red", number).save(tmp_path / f"{number}.png")
    rows = [f"{number}.png,{'ab'[number % 2]},{'xyz'[number % 3]}" for number in range(6)]
    (tmp_path / "labels.csv").write_text("\n".join(["file,label,class", *rows]))
    for chosen, said in ((None, 1), ("label", 0), ("class", 0)):
        decisions = load_data(recipe(tmp_path, label_column=chosen)).ledger.decisions
        assert [line.code for line in decisions].count("columns.others") == said


def test_other_columns_of_images_are_said_unless_one_was_chosen(tmp_path):
    cells = [{"bytes": encoded(image("red", number)), "path": None} for number in range(6)]
    rows = {"mask": cells, "image": cells, "label": [f"{number % 2}" for number in range(6)]}
    pq.write_table(pa.table(rows), tmp_path / "train.parquet")
    for chosen, said in ((None, 1), ("image", 0), ("mask", 0)):
        decisions = load_data(recipe(tmp_path, image_column=chosen)).ledger.decisions
        assert [line.code for line in decisions].count("columns.several_of_images") == said


def test_a_table_to_answer_without_targets_is_not_measured(tmp_path):
    for number in range(8):
        image("red", number).save(tmp_path / f"{number}.png")
    rows = [f"{number},{'ab'[number % 2]}" for number in range(6)]
    (tmp_path / "train.csv").write_text("\n".join(["id,label", *rows]))
    (tmp_path / "test.csv").write_text("id\n6\n7\n")
    data = load_data(recipe(tmp_path))
    assert data.test is None
    assert "data.no_target_column" in [line.code for line in data.ledger.decisions]
    (tmp_path / "test.csv").write_text("id,lable\n6,a\n7,b\n")
    with pytest.raises(DataError) as error:
        load_data(recipe(tmp_path))
    assert error.value.code == "targets.absent"


def test_a_split_to_measure_on_is_numbered_as_the_network_is(tmp_path):
    class_folders(tmp_path / "train", {"red": 2, "green": 2})
    class_folders(tmp_path / "test", {"red": 2, "green": 1})
    split = load_split(recipe(tmp_path), None, ("red", "blue", "green"))
    assert split.name == "test"
    assert sorted(split.labels.tolist()) == [0, 0, 2]


def test_a_split_that_does_not_exist_is_refused_with_the_others(tmp_path):
    class_folders(tmp_path, {"red": 2, "green": 2})
    with pytest.raises(DataError, match="there is no split 'val'; the dataset has train"):
        load_split(recipe(tmp_path), "val", ("green", "red"))


def test_the_ants_and_bees_are_read_as_they_are(data_folder):
    data = load_data(recipe(data_folder / "hymenoptera"))
    assert data.label_names == ("ants", "bees")
    assert (len(data.train), len(data.validation), data.test) == (244, 153, None)
    assert np.bincount(data.train.labels).tolist() == [123, 121]
    assert data.bad_images == ()


def labeled_images(folder, header, rows):
    """A folder with images and a CSV of what is to be learned of them."""
    lines = [header]
    for number, cells in enumerate(rows):
        image("red", number).save(folder / f"{number}.png")
        lines.append(f"{number}.png,{cells}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return folder / "labels.csv"


@pytest.mark.parametrize(
    ("header", "rows", "column", "task", "names", "shape"),
    [
        ("file,kind", ["None", "cat"] * 5, "kind", "single_label", ("None", "cat"), ()),
        ("file,label", ["a;b", "b", "a"] * 5, None, "multi_label", ("a", "b"), (2,)),
        ("file,cat,dog", ["1,0", "0,1", "1,1"] * 5, "cat,dog", "multi_label", ("cat", "dog"), (2,)),
        ("file,age", [f"{0.5 * number}" for number in range(10)], "age", "regression", ("age",), (1,)),
    ],
    ids=["one class", "divided text", "columns of 0 and 1", "numbers"],
)
def test_a_csv_gives_the_targets_of_every_task(tmp_path, header, rows, column, task, names, shape):
    data = load_data(recipe(labeled_images(tmp_path, header, rows), label_column=column))
    assert (data.task, data.label_names, data.train.labels.shape[1:]) == (task, names, shape)
    assert len(data.train) + len(data.validation) == len(rows)


def test_rows_without_a_target_are_left_out_and_counted(tmp_path, caplog):
    data = load_data(recipe(labeled_images(tmp_path, "file,label", ["a", "b", "", "a", "b"])))
    assert len(data.train) + len(data.validation) == 4
    assert "left out of 5 rows: 1, without a target: '2.png'" in caplog.text


def test_a_validation_split_without_labels_is_refused(tmp_path):
    class_folders(tmp_path / "images", {"red": 6})
    for split, labels in (("train", "aabb"), ("val", "  ")):
        lines = [f"images/red/{number}.png,{label.strip()}" for number, label in enumerate(labels)]
        (tmp_path / f"{split}.csv").write_text("\n".join(["file,label", *lines]) + "\n")
    with pytest.raises(DataError) as refused:
        load_data(recipe(tmp_path))
    assert code_and_fields(refused.value) == ("data.unlabeled_validation", {"split": "validation"})


def test_one_number_for_all_images_is_nothing_to_learn(tmp_path):
    with pytest.raises(DataError) as refused:
        load_data(recipe(labeled_images(tmp_path, "file,label", ["0.5"] * 6)))
    assert code_and_fields(refused.value) == ("data.one_target", {"columns": "label"})


def test_images_that_are_all_alike_are_not_said_to_be_too_few(tmp_path):
    for color in ("red", "green"):
        (tmp_path / color).mkdir()
        for copy in range(2):
            image(color, 0).save(tmp_path / color / f"{copy}.png")
    with pytest.raises(DataError) as refused:
        load_data(recipe(tmp_path))
    assert code_and_fields(refused.value) == ("data.only_near_duplicates", {"split": "train"})

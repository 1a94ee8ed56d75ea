"""Folders whose images a list of JSON records names, and tables of a column of 0 and 1 for each class."""

import json

import pytest
from error_facts import code_and_fields
from folder_trees import make_tree

from resnet_hub.errors import DataError
from training.data.load import load_data
from training.settings.recipe import FinetuneRecipe

IMG = [f"img/{number}.png" for number in range(8)]
RECORDS = [{"image": name, "label": "ab"[number % 2]} for number, name in enumerate(IMG)]
STEMS = [{"label": "ab"[number % 2], "id": f"photo{number}"} for number in range(8)]


def flags(names, classes, rows, first="filename"):
    lines = [",".join([name, *map(str, row)]) for name, row in zip(names, rows, strict=True)]
    return "\n".join([", ".join([first, *classes]), *lines])


def read(tmp_path, tree, **settings):
    data = load_data(FinetuneRecipe(dataset=str(make_tree(tmp_path / "data", tree)), **settings))
    assert data.ledger.unaccounted() == {"files": 0, "rows": 0}
    return data


@pytest.mark.parametrize(
    "tree",
    [
        {"img": 8, "labels.json": json.dumps(RECORDS)},
        {"img": 8, "annotations/labels.json": "\ufeff" + json.dumps(RECORDS, indent=2)},
        {**{f"im/photo{number}.png": "image" for number in range(8)}, "rows.json": json.dumps(STEMS, indent=1)},
        {"img": 8, "labels.json": "\n".join(map(json.dumps, RECORDS))},
        {
            "img": 8,
            "LABELS.CSV": "Image,Label\n" + "".join(f"img/{number}.PNG,{'ab'[number % 2]}\n" for number in range(8)),
        },
        {"img": 8, "train.json": json.dumps(RECORDS[:6]), "val.json": json.dumps(RECORDS[6:])},
    ],
    ids=[
        "beside the folder",
        "indented, in a folder",
        "names without their suffix",
        "in lines",
        "as CSV in capitals",
        "one for each split",
    ],
)
def test_a_list_of_records_that_names_the_images_of_a_folder_is_its_table(tmp_path, tree):
    data = read(tmp_path, tree)
    assert data.label_names == ("a", "b")
    assert sum(map(len, data.splits)) == data.ledger.roles["image"] == 8
    assert data.ledger.left_out == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (json.dumps([{"at": 1}]), "ledger.json_records"),
        (json.dumps({"images": [{"file_name": "0.png"}], "annotations": []}), "ledger.json_dictionary"),
        (json.dumps(["0.png"]), "ledger.text_files"),
    ],
    ids=["of something else", "as COCO", "no records"],
)
def test_other_json_is_left_out_with_what_it_is(tmp_path, text, code):
    (entry,) = read(tmp_path, {"a": 4, "b": 4, "notes.json": text}).ledger.left_out
    assert (entry.reason.fields["found"].code, entry.names) == (code, ("notes.json",))


def test_records_and_class_folders_that_both_say_classes_are_two_readings(tmp_path):
    tree = {"a": 4, "b": 4, "labels.json": json.dumps([{"image": "0.png", "label": "c"}])}
    with pytest.raises(DataError) as refused:
        read(tmp_path, tree)
    code, fields = code_and_fields(refused.value)
    assert (code, fields["tables"], fields["layout"]) == ("layouts.table_or_folders", "'labels.json'", "class-folders")
    tree["labels.json"] = json.dumps(
        [{"image": f"{of}/{number}.png", "label": of * 2} for of in "ab" for number in "0123"]
    )
    assert read(tmp_path, tree, layout="tables").label_names == ("aa", "bb")


def test_columns_of_zeros_and_ones_in_each_folder_of_a_split_are_the_classes(tmp_path):
    names = [f"{number}.png" for number in range(6)]
    table = flags(names, ("cat", "dog"), [(1, 0), (0, 1), (1, 1), (0, 0), (1, 0), (0, 1)])
    data = read(tmp_path, {"train": 6, "valid": 6, "train/_classes.csv": table, "valid/_classes.csv": table})
    assert (data.task, data.label_names) == ("multi_label", ("cat", "dog"))
    assert data.train.labels.tolist() == [[1, 0], [0, 1], [1, 1], [0, 0], [1, 0], [0, 1]]
    said = data.ledger.decisions[-1]
    assert code_and_fields(said) == ("targets.columns_of_flags", {"columns": "cat, dog"})


def test_of_columns_with_one_1_in_each_row_both_readings_are_said_and_can_be_had(tmp_path):
    rows = [[f"{float(number % 3 == place)}" for place in range(3)] for number in range(6)]
    names = [f"{number},{number}.png" for number in range(6)]
    tree = {"images": 6, "train.csv": flags(names, ("c", "a", "b"), rows, ",image")}  # with the index of pandas
    data = read(tmp_path, tree, val_fraction=0.4)
    assert code_and_fields(data.ledger.decisions[-1]) == ("targets.columns_of_one_hot", {"columns": "c, a, b"})
    data = read(tmp_path, tree, val_fraction=0.4, task="single_label")
    assert (data.task, data.label_names) == ("single_label", ("c", "a", "b"))


def test_one_column_of_zeros_and_ones_with_any_name_is_not_taken_for_classes(tmp_path):
    with pytest.raises(DataError) as refused:
        read(tmp_path, {"": 2, "rows.csv": flags(["0.png", "1.png"], ("sick",), [(1,), (0,)])})
    assert refused.value.code == "columns.no_classes"


@pytest.mark.parametrize(
    "rows", [[(1, 0), (2, 1)], [(1, "x"), (0, "y")], [(1, ""), (0, "")]], ids=["amounts", "texts", "nothing"]
)
def test_other_columns_beside_zeros_and_ones_are_not_taken_for_classes(tmp_path, rows):
    with pytest.raises(DataError) as refused:
        read(tmp_path, {"": 2, "rows.csv": flags(["0.png", "1.png"], ("a", "b"), rows)})
    assert refused.value.code == "columns.no_classes"

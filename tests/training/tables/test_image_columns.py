"""Columns that hold images without saying so: bytes, and names of files inside their own folder only."""

import csv
import io
import re

import datasets
import pandas
import pytest
from images import image

from resnet_hub.errors import DataError
from training.data.load import load_data
from training.data.load_dataset import load_splits, open_streams
from training.settings.recipe import FinetuneRecipe


@pytest.fixture
def write(tmp_path):
    """Writes a folder with images and a CSV with these rows."""

    def write(rows):
        (tmp_path / "images").mkdir()
        for number in range(4):
            image("red" if number < 2 else "green", number).save(tmp_path / "images" / f"{number}.png")
        with (tmp_path / "train.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("photo", "label"), *rows])
        return tmp_path

    return write


ROWS = [(f"images/{number}.png", "rouge" if number < 2 else "vert") for number in range(4)]


def test_named_files_are_opened_and_their_classes_are_the_texts(write):
    data = load_data(FinetuneRecipe(dataset=str(write(ROWS))))
    assert data.label_names == ("rouge", "vert")
    assert (len(data.train), len(data.validation)) == (2, 2)


def test_a_file_that_is_not_there_is_a_bad_image(write):
    with pytest.raises(DataError, match=r"1 image cannot be decoded .*lost\.png"):
        load_data(FinetuneRecipe(dataset=str(write([*ROWS, ("images/lost.png", "vert")]))))


@pytest.mark.parametrize("name", ["/etc/secret.png", "../secret.png", "images/../../secret.png", "file:///a.png"])
def test_a_name_that_leads_out_of_the_folder_is_a_bad_image_that_is_not_opened(write, name):
    with pytest.raises(DataError, match=f"1 image .*'{re.escape(name)}' names no file inside the dataset"):
        load_data(FinetuneRecipe(dataset=str(write([*ROWS, (name, "vert")]))))


def test_a_table_without_images_stays_a_table(write):
    splits = load_splits(str(write([("red", "rouge"), ("green", "vert")])))
    assert splits["train"]["photo"][:] == ["red", "green"]


def encoded(shown):
    file = io.BytesIO()
    shown.save(file, "png")
    return file.getvalue()


KINDS = {
    "bytes": lambda content: content,
    "bytes beside a path": lambda content: {"bytes": content, "path": "1.png"},
    "bytes alone in a cell": lambda content: {"bytes": content},
}


@pytest.mark.parametrize("cell", KINDS.values(), ids=KINDS)
def test_images_in_a_table_that_pandas_wrote_are_found_whole_or_as_they_come(tmp_path, cell):
    contents = [encoded(image("red", number)) for number in range(3)]
    columns = {"photo": [None, *map(cell, [b"damaged", *contents])], "checksum": [b"\x00" * 4] * 5}
    columns |= {"name": ["1.png"] * 5, "label": list("aabba")}
    pandas.DataFrame(columns).to_parquet(tmp_path / "rows.parquet")
    rows = load_splits(str(tmp_path))["train"]
    assert [kind for kind in rows.features.values() if isinstance(kind, datasets.Image)] == [rows.features["photo"]]
    assert [shown.size for shown in rows.select(range(2, 5))["photo"]] == 3 * [(40, 32)]
    stream = open_streams(str(tmp_path))[0]["train"]
    assert [row["photo"]["bytes"] for row in stream.skip(2)] == contents

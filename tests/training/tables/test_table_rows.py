"""Folders whose tables say what the images are: which table is read, what of it, and what becomes of every file."""

import json

import datasets
import pytest
from datasets import ClassLabel, Dataset, Features
from error_facts import code_and_fields
from folder_trees import make_tree
from images import hash_free, image

from resnet_hub.errors import DataError
from training.data.load import load_data
from training.data.load_dataset import load_splits, open_streams
from training.layouts.ledger import Ledger
from training.settings.recipe import FinetuneRecipe
from training.tables.columns.split import AskedColumns

COUNT = 8


def label(number):
    return ("red", "green")[number % 2]


@pytest.fixture
def folder(tmp_path):
    """Writes images to these paths, and texts to others."""

    def write(paths, **texts):
        for number, path in enumerate(paths):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            image(label(number), hash_free(label(number), number)).save(tmp_path / path)
        for path, text in texts.items():
            place = tmp_path / path.replace("__", "/").replace("_dot_", ".")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        return str(tmp_path)

    return write


def rows(names, header="image,label"):
    return f"{header}\n" + "".join(f"{name},{label(number)}\n" for number, name in enumerate(names))


def lines(names):
    return "\n".join(json.dumps({"file_name": name, "label": label(number)}) for number, name in enumerate(names))


def read(source, **asked):
    """Rows of each split, and the ledger of a whole load."""
    data = load_data(FinetuneRecipe(dataset=source, max_bad_images=asked.pop("bad", 0), **asked))
    assert data.ledger.unaccounted() == {"files": 0, "rows": 0}
    return {split.name: len(split) for split in data.splits}, data.ledger


def left(ledger):
    return {entry.reason.code: entry.names for entry in ledger.left_out}


IMG = [f"img/{number}.png" for number in range(COUNT)]
FLAT = [f"{number}.png" for number in range(COUNT)]


def test_files_that_a_metadata_table_does_not_name_are_left_out_by_name(folder):
    splits, ledger = read(
        folder([*FLAT, "train.png"], metadata_dot_csv=rows(FLAT, "file_name,label"), notes_dot_txt="x")
    )
    assert sum(splits.values()) == COUNT
    assert left(ledger) == {"tables.not_named": ("train.png",), "ledger.no_image": ("notes.txt",)}


def test_metadata_tables_of_several_folders_are_one_dataset(folder):
    source = folder(
        [f"{split}/{number}.png" for split in ("train", "val") for number in range(COUNT)],
        train__metadata_dot_jsonl=lines(FLAT),
        val__metadata_dot_jsonl=lines(FLAT),
    )
    assert read(source)[0] == {"train": COUNT, "validation": COUNT}


def test_names_without_a_file_are_bad_images_with_their_names(folder):
    source = folder(IMG, train_dot_csv=rows([*IMG, "img/lost.png"]))
    with pytest.raises(DataError) as refused:
        read(source)
    assert refused.value.code == "data.undecodable_images"
    assert "lost.png" in refused.value.fields["images"]
    splits, ledger = read(source, bad=1)
    assert sum(splits.values()) == COUNT
    assert list(left(ledger)) == ["ledger.undecodable"]


def test_a_split_column_keeps_the_test_rows_out_of_training(folder):
    table = "image,label,split\n" + "".join(
        f"{name},{label(number)},{'test' if number >= 6 else 'train'}\n" for number, name in enumerate(IMG)
    )
    splits, _ = read(folder(IMG, train_dot_csv=table), val_fraction=0.4)
    assert splits["test"] == 2
    assert sum(splits.values()) == COUNT


def test_a_table_without_a_header_says_so(folder):
    with pytest.raises(DataError) as refused:
        read(folder(IMG, train_dot_csv=rows(IMG).partition("\n")[2]))
    assert code_and_fields(refused.value) == ("tables.no_header", {"column": "img/0.png"})


def test_a_table_without_a_header_whose_images_lie_in_another_folder_says_so(tmp_path):
    table = "".join(f"{number}.png,{label(number)}\n" for number in range(4))
    with pytest.raises(DataError) as refused:
        load_splits(str(make_tree(tmp_path, {"img": 4, "train.csv": table})))
    assert code_and_fields(refused.value) == ("tables.no_header", {"column": "0.png"})


def test_records_in_lines_are_a_table_by_either_suffix(tmp_path):
    records = "".join(f'{{"image": "img/{number}.png", "label": "{label(number)}"}}\n' for number in range(4))
    tables = load_splits(str(make_tree(tmp_path, {"img": 4, "train.ndjson": records})))
    assert tables["train"]["label"] == ["red", "green"] * 2


def test_the_paths_of_very_many_rows_are_kept_in_a_file_and_not_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("training.tables.columns.images.MOST_HELD", 3)
    table = "image,label\n" + "".join(f"img/{number}.png,{label(number)}\n" for number in range(4))
    rows = load_splits(str(make_tree(tmp_path, {"img": 4, "train.csv": table})))["train"]
    assert rows.cache_files
    assert [row["image"].size for row in rows] == [(8, 8)] * 4
    assert rows["label"] == ["red", "green"] * 2


def test_images_in_rows_that_differ_are_said(folder):
    _, ledger = read(folder(IMG, train_dot_csv=rows([*IMG, IMG[1]])))
    (said,) = [line for line in ledger.decisions if line.code == "tables.doubled_files"]
    assert said.fields == {"count": "1", "columns": "'label'", "name": "img/1.png"}


def test_images_in_rows_that_are_alike_are_not_said(folder):
    table = "image,label\n" + "".join(f"{name},{label(number)}\n" for number, name in enumerate(IMG))
    _, ledger = read(folder(IMG, train_dot_csv=f"{table}{IMG[1]},{label(1)}\nimg\\1.png,{label(1)}\n"))
    assert "tables.doubled_files" not in {line.code for line in ledger.decisions}


def test_lists_of_images_are_refused(folder):
    table = "\n".join(json.dumps({"images": [name, IMG[0]], "label": "a"}) for name in IMG)
    with pytest.raises(DataError) as refused:
        read(folder(IMG, rows_dot_jsonl=table))
    assert code_and_fields(refused.value) == ("tables.lists_of_images", {"column": "images"})


def test_a_table_in_each_folder_of_a_split_says_its_rows(folder):
    names = [f"{number}.png" for number in range(COUNT)]
    images = [f"{split}/{name}" for split in ("train", "valid") for name in names]
    tables = {f"{split}___classes_dot_csv": rows(names) for split in ("train", "valid")}
    sizes, ledger = read(folder(images, **tables))
    assert sizes == {"train": COUNT, "validation": COUNT}
    assert ledger.roles == {"image": 2 * COUNT, "table": 2}


def test_of_several_tables_that_name_images_none_is_guessed(folder):
    source = folder(IMG, labels_dot_csv=rows(IMG), more_dot_csv=rows(IMG))
    with pytest.raises(DataError) as refused:
        read(source)
    assert refused.value.code == "tables.several_tables"
    assert sum(read(f"{source}/labels.csv")[0].values()) == COUNT


def test_tables_beside_those_of_splits_are_left_out(folder):
    source = folder(
        IMG, train_dot_csv=rows(IMG), test_dot_csv="image\nimg/0.png\n", sample_submission_dot_csv="id\n1\n"
    )
    splits = load_splits(source)
    assert {name: len(part) for name, part in splits.items()} == {"train": COUNT, "test": 1}


@pytest.mark.parametrize("name", ["labels.json", "labels.jsonl", "labels.tsv", "labels.parquet", "labels.arrow"])
def test_a_table_of_names_is_read_in_every_format(folder, tmp_path, name):
    source = folder(IMG)
    columns = Dataset.from_dict({"file": IMG, "label": [f"0{number % 2}" for number in range(COUNT)]})
    place = tmp_path / name
    if name.endswith(".json"):
        place.write_text(json.dumps(columns.to_list()))
    elif name.endswith(".jsonl"):
        columns.to_json(place)
    elif name.endswith(".tsv"):
        columns.to_csv(place, sep="\t", index=False)
    elif name.endswith(".parquet"):
        columns.to_parquet(place)
    else:
        columns.save_to_disk(tmp_path / "saved")
        next((tmp_path / "saved").glob("*.arrow")).rename(place)
    data = load_data(FinetuneRecipe(dataset=f"{source}/{name}"))
    assert data.label_names == ("00", "01")
    assert sum(map(len, data.splits)) == COUNT


def test_a_csv_of_names_is_streamed(folder):
    source = folder(IMG, train_dot_csv=rows(IMG))
    streams, commit = open_streams(source)
    assert commit is None
    assert [row["image"]["path"][-9:] for row in streams["train"]] == [f"img/{n}.png" for n in range(COUNT)]


def published(tmp_path, card):
    """A folder as on the Hub, with two parquet files."""
    features = Features({"image": datasets.Image(), "label": ClassLabel(names=["wasp", "ant"])})
    shown = [image(label(number), number) for number in range(COUNT)]
    table = Dataset.from_dict({"image": shown, "label": [n % 2 for n in range(COUNT)]}, features=features)
    (tmp_path / "data").mkdir()
    for name, count in (("train", COUNT), ("extra", 4)):
        table.select(range(count)).to_parquet(tmp_path / "data" / f"{name}-00000-of-00001.parquet")
    (tmp_path / "README.md").write_text(card)
    return str(tmp_path)


CARD = """---
configs:
- config_name: whole
  data_files: data/train-*
- config_name: small
  data_files: data/extra-*
---
"""


def test_several_configs_of_a_folder_are_listed_and_one_is_chosen(tmp_path):
    source = published(tmp_path, CARD)
    with pytest.raises(DataError) as refused:
        read(source)
    assert refused.value.code == "datasets.several_configs"
    assert refused.value.fields["configs"] == "'whole', 'small'"
    splits, ledger = read(f"{source}:small", val_fraction=0.5)
    assert sum(splits.values()) == 4
    assert left(ledger)["tables.not_read"] == ("data/train-00000-of-00001.parquet",)
    with pytest.raises(DataError) as refused:
        read(f"{source}:large")
    assert refused.value.code == "datasets.no_config"


def test_an_image_column_that_was_asked_for_is_taken(folder):
    table = "first,second,label\n" + "".join(
        f"{name},{IMG[-1 - number]},{label(number)}\n" for number, name in enumerate(IMG)
    )
    source = folder(IMG, train_dot_csv=table)
    rows_read = load_splits(source, asked=AskedColumns(image="second"), ledger=Ledger())["train"]
    assert isinstance(rows_read.features["second"], datasets.Image)
    with pytest.raises(DataError) as refused:
        read(source)
    assert refused.value.code == "columns.several_images"


FOLDER_CARD = """---
configs:
- config_name: small
  data_dir: small
- config_name: whole
  data_files:
  - split: train
    path: whole/one/**
  - split: test
    path: whole/two/**
---
"""


def test_a_card_says_what_class_folders_are_and_what_is_not_of_the_config_is_told(tmp_path):
    make_tree(tmp_path, {"README.md": FOLDER_CARD, "small/a": 2, "small/b": 2, "whole/one/a": 2, "whole/one/b": 2})
    make_tree(tmp_path, {"whole/two/a": 1, "whole/two/b": 1})
    with pytest.raises(DataError) as refused:
        load_splits(str(tmp_path))
    assert refused.value.code == "datasets.several_configs"
    ledger = Ledger(str(tmp_path))
    tables = load_splits(f"{tmp_path}:whole", ledger=ledger)
    assert {split: rows["label"] for split, rows in tables.items()} == {"train": [0, 0, 1, 1], "test": [0, 1]}
    assert [(entry.reason.code, entry.count) for entry in ledger.left_out] == [("tables.not_of_config", 4)]
    assert ledger.unaccounted()["files"] == 0


def test_the_only_config_of_a_card_is_read_and_a_layout_passes_over_it(tmp_path):
    card = FOLDER_CARD.replace("- config_name: small\n  data_dir: small\n", "").replace("whole/", "")
    make_tree(tmp_path, {"README.md": card, "one/a": 2, "one/b": 2, "two/a": 1, "two/b": 1})
    ledger = Ledger()
    assert set(load_splits(str(tmp_path), ledger=ledger)) == {"train", "test"}
    assert ledger.decisions[0].code == "tables.card_decides"
    (rows,) = load_splits(str(tmp_path), "class-folders").values()
    assert rows.features["label"].names == ["one", "two"]

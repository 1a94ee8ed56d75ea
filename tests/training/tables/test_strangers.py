"""A stranger's table names files of this machine in every format and mode: none is opened, and none is told apart."""

import io
import json

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Features, Value
from images import hash_free, image

from resnet_hub.errors import DataError
from resnet_hub.preprocessing.pixels import open_image
from training.data import load_data, load_images
from training.inspection import digest
from training.settings.groups.run import RunSettings
from training.settings.recipe import FinetuneRecipe
from training.tables import REFUSED

PRIVATE = image("blue", 4711)


@pytest.fixture(autouse=True)
def no_waiting_for_threads(monkeypatch):
    """Whoever breaks off a shuffled stream waits five seconds for the threads of arrow."""
    monkeypatch.setattr(datasets.config, "SLEEP_TIME_ON_THREADS_SHUTDOWN", 0.1)


@pytest.fixture
def private(tmp_path):
    """An image outside of the dataset."""
    (tmp_path / "private").mkdir()
    PRIVATE.save(tmp_path / "private" / "mine.png")
    return tmp_path / "private" / "mine.png"


@pytest.fixture
def hostile(tmp_path, private, monkeypatch):
    """The dataset's folder, and names of what is not in it; the current folder has a private image too."""
    (tmp_path / "here").mkdir()
    PRIVATE.save(tmp_path / "here" / "a.png")
    monkeypatch.chdir(tmp_path / "here")
    folder = tmp_path / "set"
    folder.mkdir()
    return folder, [
        str(private),
        "/etc/passwd",
        "/no/such/file.png",
        "../private/mine.png",
        "../private/lost.png",
        "x/../../private/mine.png",
        "..\\private\\mine.png",
        private.as_uri(),
        f"zip://mine.png::{private}",
        "http://127.0.0.1:9/x.png",
        "hf://datasets/a/b/x.png",
        "C:\\x.png",
        "\\\\host\\x.png",
        "~/x.png",
        "a.png",
        ".",
        "..",
        "/",
        "x\0.png",
        "n" * 100_000 + ".png",
        " ",
    ]


def good(number):
    color = ("red", "green")[number % 2]
    file = io.BytesIO()
    image(color, hash_free(color, number)).save(file, "png")
    return file.getvalue()


def cells(names):
    """Of images: twelve whole ones, and the hostile ones; and one that has bytes and the name of a private image."""
    whole = [{"bytes": good(number), "path": None} for number in range(11)]
    return [*whole, {"bytes": good(11), "path": "a.png"}, *({"bytes": None, "path": name} for name in names)]


def labels(count):
    return [("red", "green")[number % 2] for number in range(count)]


def as_images(folder, names):
    """Cells that say that they are images, as `datasets` writes them."""
    rows = cells(names)
    features = Features({"image": datasets.Image(), "label": Value("string")})
    table = pa.table({"image": pa.array(rows, datasets.Image().pa_type), "label": labels(len(rows))})
    pq.write_table(table.replace_schema_metadata(features.arrow_schema.metadata), folder / "rows.parquet")
    return folder


def as_structs(folder, names):
    """The same without saying so, as pandas writes them."""
    rows = cells(names)
    pq.write_table(
        pa.table({"image": pa.array(rows, datasets.Image().pa_type), "label": labels(len(rows))}),
        folder / "rows.parquet",
    )
    return folder


def as_arrow(folder, names):
    rows = cells(names)
    features = Features({"image": datasets.Image(), "label": Value("string")})
    table = pa.table({"image": pa.array(rows, datasets.Image().pa_type), "label": labels(len(rows))})
    table = table.replace_schema_metadata(features.arrow_schema.metadata)
    with pa.OSFile(str(folder / "rows.arrow"), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    return folder


def named(folder, names):
    """Names and labels of a table of texts; the whole images are files in the folder."""
    for number in range(12):
        (folder / f"{number}.png").write_bytes(good(number))
    return list(zip([*(f"{number}.png" for number in range(12)), *names], labels(12 + len(names)), strict=True))


def as_csv(folder, names):
    lines = "".join(
        '"{}",{}\n'.format(name.replace('"', '""'), label) for name, label in named(folder, names) if name.strip()
    )
    (folder / "train.csv").write_text(f"image,label\n{lines}")
    return folder


def as_metadata(folder, names):
    as_csv(folder, names)
    text = (folder / "train.csv").read_text().replace("image,", "file_name,", 1)
    (folder / "train.csv").unlink()
    (folder / "metadata.csv").write_text(text)
    return folder


def as_lines(folder, names):
    rows = [json.dumps({"file_name": name, "label": label}) for name, label in named(folder, names)]
    (folder / "metadata.jsonl").write_text("\n".join(rows))
    return folder


def as_list(folder, names):
    rows = [{"image": name, "label": label} for name, label in named(folder, names)]
    (folder / "rows.json").write_text(json.dumps(rows))
    return folder / "rows.json"


def as_names_in_parquet(folder, names):
    names, texts = zip(*named(folder, names), strict=True)
    pq.write_table(pa.table({"image": names, "label": texts}), folder / "rows.parquet")
    return folder


KINDS = (as_images, as_structs, as_arrow, as_csv, as_metadata, as_lines, as_list, as_names_in_parquet)


def opened(split):
    """A hash of what each image of a split shows."""
    return {digest(open_image(*split.image(index)[:1])) for index in range(len(split))}


@pytest.mark.parametrize("write", KINDS)
def test_a_path_never_leaves_the_dataset(hostile, write):
    folder, names = hostile
    source = str(write(folder, names))
    data = load_data(FinetuneRecipe(dataset=source, max_bad_images=40))
    assert sum(map(len, data.splits)) == 12
    assert digest(PRIVATE) not in set().union(*map(opened, data.splits))


@pytest.mark.parametrize("write", [as_images, as_structs, as_arrow, as_csv, as_lines])
def test_a_path_never_leaves_the_dataset_as_a_stream(hostile, write):
    folder, names = hostile
    recipe = FinetuneRecipe(
        dataset=str(write(folder, names)), streaming=True, max_steps=1, label_names="red,green", max_bad_images=60,
        shuffle_buffer=100, workers=0, batch_size=4,
    )  # fmt: skip
    data = load_data(recipe)
    read = {row[0] for _, (_, row) in zip(range(60), data.train.passes(), strict=False)}
    contents = read | {data.validation.image(index)[0] for index in range(len(data.validation))}
    encoded = io.BytesIO()
    PRIVATE.save(encoded, "png")
    assert encoded.getvalue() not in contents
    assert contents <= {good(number) for number in range(12)} | {REFUSED}
    assert {good(number) for number in range(12)} <= contents


@pytest.mark.parametrize("write", [as_images, as_csv])
def test_what_lies_outside_is_not_told_apart_from_what_does_not(hostile, write, private):
    folder, _ = hostile
    names = [str(private), f"{private}x", "/etc/passwd", "../private/mine.png", "../private/no.png"]
    folder = write(folder, names)
    split, *_ = load_images(RunSettings(dataset=str(folder)), None)
    assert [split.image(index)[0] for index in range(12, 17)] == [REFUSED] * 5
    with pytest.raises(DataError) as refused:
        load_data(FinetuneRecipe(dataset=str(folder)))
    assert refused.value.code == "data.undecodable_images"
    assert refused.value.fields["images"].count("names no file inside the dataset") == 5


def test_bytes_of_a_cell_are_used_whatever_its_path_names(hostile, private):
    folder, _ = hostile
    rows = [{"bytes": good(number), "path": str(private)} for number in range(12)]
    features = Features({"image": datasets.Image(), "label": Value("string")})
    table = pa.table({"image": pa.array(rows, datasets.Image().pa_type), "label": labels(12)})
    pq.write_table(table.replace_schema_metadata(features.arrow_schema.metadata), folder / "rows.parquet")
    data = load_data(FinetuneRecipe(dataset=str(folder)))
    assert sum(map(len, data.splits)) == 12
    recipe = FinetuneRecipe(
        dataset=str(folder), streaming=True, max_steps=1, label_names="red,green", workers=0, batch_size=4
    )
    streamed = load_data(recipe)
    contents = {streamed.validation.image(index)[0] for index in range(len(streamed.validation))}
    assert contents <= {good(number) for number in range(12)}


def test_an_empty_cell_of_bytes_does_not_open_its_path(hostile, private):
    folder, _ = hostile
    rows = [{"bytes": b"", "path": str(private)}, *cells([])]
    pq.write_table(
        pa.table({"image": pa.array(rows, datasets.Image().pa_type), "label": labels(13)}), folder / "rows.parquet"
    )
    split, *_ = load_images(RunSettings(dataset=str(folder)), None)
    assert split.image(0)[0] == b""


@pytest.mark.parametrize("files", ["../private/*.csv", "/etc/*.csv", "file:///etc/x.csv", "http://127.0.0.1:9/x.csv"])
def test_a_card_cannot_name_files_outside_of_its_folder(hostile, private, files):
    folder, _ = hostile
    (private.parent / "x.csv").write_text("image,label\nmine.png,a\n")
    as_images(folder, [])
    (folder / "README.md").write_text(f"---\nconfigs:\n- config_name: a\n  data_files: '{files}'\n---\n")
    with pytest.raises(DataError) as refused:
        load_data(FinetuneRecipe(dataset=str(folder)))
    assert (refused.value.code, refused.value.fields["name"]) == ("tables.card_leads_out", files)


def test_a_link_of_ones_own_is_followed(hostile, private):
    folder, _ = hostile
    as_csv(folder, ["linked/mine.png"])
    (folder / "linked").symlink_to(private.parent)
    data = load_data(FinetuneRecipe(dataset=str(folder)))
    assert sum(map(len, data.splits)) == 13
    assert np.isin(np.uint64(digest(PRIVATE)), np.concatenate([split.digests for split in data.splits]))

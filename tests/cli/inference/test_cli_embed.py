"""Features on the command line: as parquet and CSV, of folders too, with bad images named and counted."""

import csv
import io

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from color_network import COLORS, solid

from resnet_hub import ImageClassifier, create_model
from resnet_hub.cli.inference import answer_forms


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A checkpoint folder with random weights."""
    folder = tmp_path_factory.mktemp("network")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        create_model("cifar_resnet20", num_classes=3).save_pretrained(folder)
    return folder


@pytest.fixture
def album(tmp_path, monkeypatch):
    """A folder with three images, one that is damaged and a text; the working folder has it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "album/inner").mkdir(parents=True)
    names = ("album/-1+2.png", "album/b.png", "album/inner/c.png")
    for name, color in zip(names, COLORS, strict=True):
        solid(color).save(name)
    (tmp_path / "album/a.jpg").write_bytes(b"")
    (tmp_path / "album/notes.txt").write_text("no image")
    return ["album/-1+2.png", "album/a.jpg", "album/b.png", "album/inner/c.png"]


def test_a_parquet_file_has_the_classifier_s_features_and_says_what_has_none(run, network, album, monkeypatch):
    monkeypatch.setattr(answer_forms, "VALUES_IN_MEMORY", 100)
    status, text, said = run("embed", network, "album", "--parquet", "made/features.parquet")
    assert (status, text) == (1, "")
    table = pq.read_table("made/features.parquet")
    rows = table.to_pylist()
    assert table.column_names == ["row", "file", "embedding", "problem"]
    assert [row["file"] for row in rows] == album
    assert [row["embedding"] is None for row in rows] == [row["problem"] is not None for row in rows]
    assert rows[1]["problem"].startswith("'album/a.jpg' is empty")
    expected = ImageClassifier.from_pretrained(network).embed([name for name in album if name != "album/a.jpg"])
    found = np.stack([row["embedding"] for row in rows if row["embedding"] is not None]).astype(np.float32)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    assert "passed over: 1 (album/notes.txt)" in said
    assert said.splitlines()[-1].startswith("error: 'album/a.jpg' is empty")
    assert pq.ParquetFile("made/features.parquet").num_row_groups > 1


def test_csv_has_a_column_for_each_feature_to_the_last_bit(run, network, album):
    status, text, _ = run("embed", network, "album/b.png", "album/a.jpg", "album/-1+2.png", "--csv")
    header, *rows = csv.reader(io.StringIO(text))
    assert status == 1
    assert header == ["file", "problem", *(f"f{index}" for index in range(64))]
    assert [row[0] for row in rows] == ["album/b.png", "album/a.jpg", "album/-1+2.png"]
    assert set(rows[1][2:]) == {""}
    expected = ImageClassifier.from_pretrained(network).embed(["album/b.png", "album/-1+2.png"])
    assert np.array_equal(np.array([rows[0][2:], rows[2][2:]], np.float32), expected)


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ((), "one of the arguments --parquet --csv is required"),
        (("--csv", "--parquet", "a.parquet"), "argument --parquet: not allowed with argument --csv"),
        (("--parquet", "a.csv"), "--parquet takes the name of the file to write"),
        (("--top-k", "3", "--csv"), "there is no flag '--top-k'"),
    ],
    ids=str,
)
def test_a_mistake_is_told_before_anything_is_loaded(run, flags, says):
    status, _, said = run("embed", "no-network-is-loaded", "x.png", *flags)
    assert status == 2
    assert said.startswith(f"error: {says}")

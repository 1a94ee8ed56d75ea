"""Images and folders on the command line: ranked answers in four forms, bad images, hostile names."""

import csv
import io
import json
import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch
from color_network import COLORS, LABELS, solid

from resnet_hub import ImageClassifier, ResNet, create_model
from resnet_hub.cli import entry
from resnet_hub.cli.entry import main
from resnet_hub.cli.inference import answer_forms
from resnet_hub.cli.terminal import printable
from resnet_hub.csv_table import unescaped

HOSTILE = "red\x1b[2J\x9b1m\u202e\nblue"
ALBUM = ["=1+2.png", "a\r=1+2", "a\nb.png", 'b "c", d.png', HOSTILE, "no suffix", "plain.png", "\U0001f431.png"]
ALBUM += ["inner/e.png", os.fsdecode(b"caf\xe9.png")]


@pytest.fixture(scope="module")
def colors(tmp_path_factory):
    """A checkpoint folder with random weights, two hostile labels and three images."""
    folder = tmp_path_factory.mktemp("colors")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        create_model("cifar_resnet20", num_classes=3, label_names=LABELS).save_pretrained(folder)
    for name, color in zip(("crimson.png", "blue.png", "green.png"), COLORS, strict=True):
        solid(color).save(folder / name)
    return folder


def test_images_are_named_best_guess_first(run, colors):
    status, text, _ = run("predict", colors, colors / "crimson.png", "--top-k", 2)
    file, first, second = text.splitlines()
    assert status == 0
    assert file == str(colors / "crimson.png")
    expected = ImageClassifier.from_pretrained(colors)(colors / "crimson.png", top_k=2)
    assert [line.split("%  ")[1] for line in (first, second)] == [one.label for one in expected]
    assert float(first.split("%")[0]) > float(second.split("%")[0])


def test_json_answers_are_the_classifier_s(run, colors):
    files = [str(colors / "blue.png"), str(colors / "green.png")]
    _, text, _ = run("predict", colors, *files, "--json", "--top-k", 3)
    answers = json.loads(text)
    expected = ImageClassifier.from_pretrained(colors)(files, top_k=3)
    assert [answer["file"] for answer in answers] == files
    for answer, predictions in zip(answers, expected, strict=True):
        assert [(one["label"], one["index"]) for one in answer["predictions"]] == [
            (one.label, one.index) for one in predictions
        ]
        assert [one["score"] for one in answer["predictions"]] == pytest.approx([one.score for one in predictions])


def test_csv_answers_survive_commas_and_quotes_in_names(run, colors, tmp_path):
    name = tmp_path / 'a "b", c.png'
    solid(COLORS[1]).save(name)
    _, text, _ = run("predict", colors, name, "--csv", "--top-k", 3)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["file"] for row in rows} == {str(name)}
    assert [row["rank"] for row in rows] == ["1", "2", "3"]
    assert {row["label"] for row in rows} == set(LABELS)
    assert rows[0]["label"] == ImageClassifier.from_pretrained(colors)(name)[0].label


def test_flags_may_stand_between_images(run, colors):
    status, text, _ = run("predict", colors, colors / "blue.png", "--json", colors / "green.png")
    assert status == 0
    assert len(json.loads(text)) == 2


@pytest.mark.parametrize("form", [(), ("--csv",), ("--json",)], ids=["text", "csv", "json"])
def test_a_bad_image_is_named_and_the_others_are_answered(run, colors, tmp_path, form):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    files = [colors / "blue.png", tmp_path / "broken.png", tmp_path / "missing.png", colors / "green.png"]
    status, text, complaints = run("predict", colors, *files, *form)
    assert status == 1
    assert "blue.png" in text
    assert "green.png" in text
    assert ("broken.png" in text) is bool(form)  # a table has a row for it, which says why
    first, second, count = complaints.splitlines()
    assert all(line.startswith("error: ") for line in (first, second, count))
    assert "broken.png" in first
    assert "missing.png" in second
    assert "2 of 4 images" in count


@pytest.mark.parametrize("form", [(), ("--csv",), ("--json",)], ids=["text", "csv", "json"])
def test_nothing_in_a_label_or_a_file_name_controls_the_terminal(run, colors, tmp_path, form, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    config = json.loads((colors / "config.json").read_text())
    config["label_names"] = [HOSTILE + "\x7f", "b", "c"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "model.safetensors").write_bytes((colors / "model.safetensors").read_bytes())
    good, bad = tmp_path / f"{HOSTILE}.png", tmp_path / f"bad{HOSTILE}.png"
    solid(COLORS[0]).save(good)
    bad.write_bytes(b"no picture")
    status, text, complaints = run("predict", tmp_path, good, bad, *form)
    assert status == 1
    assert "red" in text
    assert all(line.isprintable() for line in (text + complaints).split("\n"))
    assert len(complaints.splitlines()) == 1
    facts = run("info", tmp_path, *(form if form == ("--json",) else ()))[1]
    assert all(line.isprintable() for line in facts.split("\n"))


def test_a_bare_name_says_which_weights_and_license_it_stands_for(run, fake_hub, monkeypatch, colors):
    monkeypatch.setenv("HF_TOKEN", fake_hub.state.add_account("timm"))
    create_model("test_resnet").push_to_hub("timm/test_resnet.r160_in1k")
    status, text, complaints = run("predict", "test_resnet", colors / "blue.png", "--top-k", 1)
    assert status == 0
    assert len(text.splitlines()) == 2
    assert "test_resnet stands for timm/test_resnet.r160_in1k, license apache-2.0" in complaints


def test_a_revision_chooses_the_weights(run, fake_hub, colors):
    ResNet.from_pretrained(colors).push_to_hub("alice/colors", revision="dev")
    status, text, _ = run("predict", "alice/colors", colors / "blue.png", "--revision", "dev", "--json")
    assert status == 0
    expected = ImageClassifier.from_pretrained(colors)(colors / "blue.png")
    assert [one["label"] for one in json.loads(text)[0]["predictions"]] == [one.label for one in expected]
    assert run("predict", "alice/colors", colors / "blue.png")[0] == 2


def test_an_unpublished_id_of_timm_s_gets_the_nearest(run, fake_hub, colors):
    status, _, complaints = run("predict", "timm/resnet50.a1_in1", colors / "blue.png")
    assert status == 2
    assert "nearest published weights are 'resnet50.a1_in1k', 'resnet50.a1h_in1k'" in complaints


@pytest.fixture
def album(tmp_path, monkeypatch):
    """A folder of images under names that are hard to write, and of what is none; the working folder has it."""
    monkeypatch.chdir(tmp_path)
    Path("album/inner").mkdir(parents=True)
    for number, name in enumerate(sorted(ALBUM)):
        solid(COLORS[number % 3]).save(Path("album", name), "PNG")
    Path("album/notes.txt").write_text("no image")
    Path("album/inner/broken.jpg").write_bytes(b"")
    return sorted([*ALBUM, "inner/broken.jpg"])


def read_csv(text):
    """File -> rows, in the order of the files."""
    files = {}
    for row in csv.DictReader(io.StringIO(text, newline="")):
        files.setdefault(row["file"], []).append(row)
    return files


def test_a_folder_is_answered_image_by_image_in_order_and_what_is_none_is_named(run, colors, album):
    status, text, said = run("predict", colors, "album", "--top-k", 1)
    expected = [printable(f"album/{name}") for name in album if name != "inner/broken.jpg"]
    assert status == 1
    assert text.splitlines()[::2] == expected
    assert "passed over: 1 (album/notes.txt)" in said
    assert said.splitlines()[-1].startswith("error: 'album/inner/broken.jpg' is empty")
    Path("album/inner/broken.jpg").unlink()
    assert run("predict", colors, "album", "--top-k", 1)[:2] == (0, text)


def test_names_come_back_as_they_are_from_json(run, colors, album):
    found = json.loads(run("predict", colors, "album", "--json")[1])
    assert [one["file"] for one in found] == [f"album/{name}" for name in album]
    assert [bool(one["predictions"]) for one in found] == [one["problem"] is None for one in found]
    assert sum(one["problem"] is not None for one in found) == 1


def test_names_come_back_as_they_are_from_csv_but_for_the_start_of_a_formula(capfdbinary, colors, album, monkeypatch):
    monkeypatch.chdir("album")
    main(["predict", str(colors), *album, "--csv", "--top-k", "2"])
    files = read_csv(capfdbinary.readouterr().out.decode("utf-8", "surrogateescape"))
    assert list(map(unescaped, files)) == list(album)
    assert {file for file in files if "'=" in file} == {"'=1+2.png", "a\r'=1+2"}
    for name, rows in files.items():
        assert [row["rank"] for row in rows] == ([""] if name == "inner/broken.jpg" else ["1", "2"])
        assert [bool(row["problem"]) for row in rows] == [not row["label"] for row in rows]


def test_names_come_back_as_they_are_from_parquet_but_for_what_is_no_utf_8(run, colors, album):
    status, text, said = run("predict", colors, ".", "--parquet", "made/answers.parquet", "--top-k", 2)
    table = pq.read_table("made/answers.parquet")
    rows = table.to_pylist()
    assert (status, text) == (1, "")
    assert [row["file"] for row in rows] == [f"./album/{name}".replace("\udce9", "\\udce9") for name in album]
    assert [row["row"] for row in rows] == list(range(len(album)))
    assert "not UTF-8 are written with escapes, since parquet holds UTF-8 only: 1 " in said
    assert "parquet." not in said.replace("parquet holds", "")  # the table that is being written is none of the files
    expected = ImageClassifier.from_pretrained(colors)("album/plain.png", top_k=2)
    row = next(row for row in rows if row["file"] == "./album/plain.png")
    assert row["top_labels"] == [one.label for one in expected]
    assert row["top_scores"] == pytest.approx([one.score for one in expected], abs=1e-6)
    assert (row["label"], row["index"], row["score"]) == (expected[0].label, expected[0].index, row["top_scores"][0])
    broken = next(row for row in rows if row["problem"] is not None)
    assert {broken[name] for name in ("label", "index", "score", "top_labels", "top_scores")} == {None}


def test_a_table_has_the_columns_of_the_trainer_s_where_they_apply(run, colors):
    from training.push.predictions import SCHEMA

    run("predict", colors, colors / "blue.png", "--parquet", colors / "one.parquet")
    fields = list(pq.read_schema(colors / "one.parquet"))
    assert [field for field in SCHEMA if field in fields] == fields


def test_a_table_is_written_bit_by_bit(run, colors, monkeypatch):
    monkeypatch.setattr(answer_forms, "VALUES_IN_MEMORY", 5)
    files = [colors / name for name in ("blue.png", "green.png", "crimson.png")]
    run("predict", colors, *files, "--parquet", colors / "three.parquet", "--top-k", 3)
    table = pq.ParquetFile(colors / "three.parquet")
    assert (table.num_row_groups, table.metadata.num_rows) == (2, 3)


REFUSED = [
    ("no name of a table", "answers.csv", "cli.no_parquet"),
    ("taken", "there.parquet", "cli.parquet_taken"),
    ("below a file", "there.parquet/x.parquet", "cli.unwritable"),
    ("too long", "x" * 5000 + ".parquet", "cli.unwritable"),
]


@pytest.mark.parametrize(("name", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_table_that_cannot_be_written_is_a_sentence(run, colors, tmp_path, name, code, monkeypatch):
    (tmp_path / "there.parquet").write_bytes(b"precious")
    codes = []
    monkeypatch.setattr(entry, "complain", lambda error: codes.append(error.code))
    assert run("predict", colors, colors / "blue.png", "--parquet", tmp_path / name)[0] == 2
    assert codes == [code]
    assert [file.name for file in tmp_path.iterdir()] == ["there.parquet"]
    assert (tmp_path / "there.parquet").read_bytes() == b"precious"


def test_a_table_without_its_package_is_a_sentence_with_the_command(run, monkeypatch):
    monkeypatch.setattr(answer_forms, "find_spec", lambda name: None)
    status, _, said = run("predict", "no-network-is-loaded", "x.png", "--parquet", "a.parquet")
    assert status == 2
    assert said.startswith("error: --parquet needs pyarrow, which is not installed")
    assert said.endswith("pip install 'resnet_hub[train]'\n")


@pytest.mark.parametrize("form", [(), ("--csv",), ("--json",)], ids=["text", "csv", "json"])
def test_a_folder_without_images_is_said_and_others_are_answered(run, colors, tmp_path, form):
    for name in ("empty", "notes"):
        (tmp_path / name).mkdir()
    (tmp_path / "notes/a.txt").write_text("no image")
    status, text, said = run("predict", colors, tmp_path / "empty", tmp_path / "notes", colors / "blue.png", *form)
    assert status == 1
    assert "blue.png" in text
    first, second = said.splitlines()
    assert "holds no file" in first
    assert "a.txt" in second
    alone = run("predict", colors, tmp_path / "empty", *form)
    assert alone[:2] == (1, {(): "", ("--csv",): ",".join(answer_forms.CSV_HEADER) + "\n", ("--json",): "[]\n"}[form])


def test_a_bar_counts_the_files_of_a_folder_on_a_terminal_only(run, colors, album, monkeypatch):
    assert "files" not in run("predict", colors, "album", "--json")[2].replace("files that", "")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    said = run("predict", colors, "album", "--json")[2]
    assert f"/{len(album) + 1} " in said
    assert "| 0/" not in run("predict", colors, colors / "blue.png")[2]


def test_no_classes_are_a_mistake(run, colors):
    assert run("predict", colors, colors / "blue.png", "--top-k", 0)[0] == 2

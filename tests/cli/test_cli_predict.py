"""Images on the command line: ranked answers in three forms, bad images, hostile names."""

import csv
import io
import json

import pytest
import torch
from color_network import COLORS, LABELS, solid

from resnet_hub import ImageClassifier, ResNet, create_model

HOSTILE = "red\x1b[2J\x9b1m\u202e\nblue"


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
    assert "broken.png" not in text
    assert [line.startswith("error: ") for line in complaints.splitlines()] == [True, True]
    assert "broken.png" in complaints.splitlines()[0]
    assert "missing.png" in complaints.splitlines()[1]


@pytest.mark.parametrize("form", [(), ("--csv",), ("--json",)], ids=["text", "csv", "json"])
def test_nothing_in_a_label_or_a_file_name_controls_the_terminal(run, colors, tmp_path, form):
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


def test_no_classes_are_a_mistake(run, colors):
    assert run("predict", colors, colors / "blue.png", "--top-k", 0)[0] == 2

"""Pictures on the command line: ranked answers in three forms, bad pictures, hostile names."""

import csv
import io
import json

import pytest
import torch
from colour_network import COLOURS, LABELS, solid

from resnet_hub import ImageClassifier, ResNet, create_model

HOSTILE = "red\x1b[2J\x9b1m\u202e\nblue"


@pytest.fixture(scope="module")
def colours(tmp_path_factory):
    """A checkpoint folder with random weights, two hostile labels and three pictures."""
    folder = tmp_path_factory.mktemp("colours")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        create_model("cifar_resnet20", num_classes=3, label_names=LABELS).save_pretrained(folder)
    for name, colour in zip(("crimson.png", "blue.png", "green.png"), COLOURS, strict=True):
        solid(colour).save(folder / name)
    return folder


def test_pictures_are_named_best_guess_first(run, colours):
    status, text, _ = run("predict", colours, colours / "crimson.png", "--top-k", 2)
    file, first, second = text.splitlines()
    assert status == 0
    assert file == str(colours / "crimson.png")
    expected = ImageClassifier.from_pretrained(colours)(colours / "crimson.png", top_k=2)
    assert [line.split("%  ")[1] for line in (first, second)] == [one.label for one in expected]
    assert float(first.split("%")[0]) > float(second.split("%")[0])


def test_json_answers_are_the_classifier_s(run, colours):
    files = [str(colours / "blue.png"), str(colours / "green.png")]
    _, text, _ = run("predict", colours, *files, "--json", "--top-k", 3)
    answers = json.loads(text)
    expected = ImageClassifier.from_pretrained(colours)(files, top_k=3)
    assert [answer["file"] for answer in answers] == files
    for answer, predictions in zip(answers, expected, strict=True):
        assert [(one["label"], one["index"]) for one in answer["predictions"]] == [
            (one.label, one.index) for one in predictions
        ]
        assert [one["score"] for one in answer["predictions"]] == pytest.approx([one.score for one in predictions])


def test_csv_answers_survive_commas_and_quotes_in_names(run, colours, tmp_path):
    name = tmp_path / 'a "b", c.png'
    solid(COLOURS[1]).save(name)
    _, text, _ = run("predict", colours, name, "--csv", "--top-k", 3)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["file"] for row in rows} == {str(name)}
    assert [row["rank"] for row in rows] == ["1", "2", "3"]
    assert {row["label"] for row in rows} == set(LABELS)
    assert rows[0]["label"] == ImageClassifier.from_pretrained(colours)(name)[0].label


def test_flags_may_stand_between_pictures(run, colours):
    status, text, _ = run("predict", colours, colours / "blue.png", "--json", colours / "green.png")
    assert status == 0
    assert len(json.loads(text)) == 2


@pytest.mark.parametrize("form", [(), ("--csv",), ("--json",)], ids=["text", "csv", "json"])
def test_a_bad_picture_is_named_and_the_others_are_answered(run, colours, tmp_path, form):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    files = [colours / "blue.png", tmp_path / "broken.png", tmp_path / "missing.png", colours / "green.png"]
    status, text, complaints = run("predict", colours, *files, *form)
    assert status == 1
    assert "blue.png" in text
    assert "green.png" in text
    assert "broken.png" not in text
    assert [line.startswith("error: ") for line in complaints.splitlines()] == [True, True]
    assert "broken.png" in complaints.splitlines()[0]
    assert "missing.png" in complaints.splitlines()[1]


@pytest.mark.parametrize("form", [(), ("--csv",), ("--json",)], ids=["text", "csv", "json"])
def test_nothing_in_a_label_or_a_file_name_controls_the_terminal(run, colours, tmp_path, form):
    config = json.loads((colours / "config.json").read_text())
    config["label_names"] = [HOSTILE + "\x7f", "b", "c"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "model.safetensors").write_bytes((colours / "model.safetensors").read_bytes())
    good, bad = tmp_path / f"{HOSTILE}.png", tmp_path / f"bad{HOSTILE}.png"
    solid(COLOURS[0]).save(good)
    bad.write_bytes(b"no picture")
    status, text, complaints = run("predict", tmp_path, good, bad, *form)
    assert status == 1
    assert "red" in text
    assert all(line.isprintable() for line in (text + complaints).split("\n"))
    assert len(complaints.splitlines()) == 1
    facts = run("info", tmp_path, *(form if form == ("--json",) else ()))[1]
    assert all(line.isprintable() for line in facts.split("\n"))


def test_a_bare_name_says_which_weights_and_licence_it_stands_for(run, fake_hub, monkeypatch, colours):
    monkeypatch.setenv("HF_TOKEN", fake_hub.state.add_account("timm"))
    create_model("test_resnet").push_to_hub("timm/test_resnet.r160_in1k")
    status, text, complaints = run("predict", "test_resnet", colours / "blue.png", "--top-k", 1)
    assert status == 0
    assert len(text.splitlines()) == 2
    assert "test_resnet stands for timm/test_resnet.r160_in1k, licence apache-2.0" in complaints


def test_a_revision_chooses_the_weights(run, fake_hub, colours):
    ResNet.from_pretrained(colours).push_to_hub("alice/colours", revision="dev")
    status, text, _ = run("predict", "alice/colours", colours / "blue.png", "--revision", "dev", "--json")
    assert status == 0
    expected = ImageClassifier.from_pretrained(colours)(colours / "blue.png")
    assert [one["label"] for one in json.loads(text)[0]["predictions"]] == [one.label for one in expected]
    assert run("predict", "alice/colours", colours / "blue.png")[0] == 2


def test_an_unpublished_id_of_timm_s_gets_the_nearest(run, fake_hub, colours):
    status, _, complaints = run("predict", "timm/resnet50.a1_in1", colours / "blue.png")
    assert status == 2
    assert "nearest published weights are 'resnet50.a1_in1k', 'resnet50.a1h_in1k'" in complaints


def test_no_classes_are_a_mistake(run, colours):
    assert run("predict", colours, colours / "blue.png", "--top-k", 0)[0] == 2

"""folder_card.py: saving again brings a folder's card up to date around the words that somebody wrote."""

import json
from dataclasses import replace

import pytest
from huggingface_hub import ModelCard
from random_weights import lively

from resnet_hub import ResNet
from resnet_hub.card.card_file import opens_in_timm, read_card
from resnet_hub.errors import CheckpointError
from resnet_hub.metadata import CheckpointMetadata


@pytest.fixture
def model():
    network = lively(num_classes=2, label_names=("ant", "bee"))
    network.metadata = CheckpointMetadata(dataset="alice/insects", metrics={"top1": 0.8}, license="cc-by-nc-4.0")
    return network


def text(folder):
    return (folder / "README.md").read_text("utf-8")


def test_a_saved_network_has_a_card_that_the_hub_s_reader_understands(model, tmp_path):
    model.save_pretrained(tmp_path)
    data = ModelCard(text(tmp_path)).data
    assert (data.library_name, data.license, data.eval_results[0].metric_value) == ("timm", "cc-by-nc-4.0", 0.8)


def test_saving_again_changes_our_sections_and_keeps_the_words_around_them(model, tmp_path):
    model.save_pretrained(tmp_path)
    (tmp_path / "README.md").write_text(text(tmp_path) + "\nMy words.\n")
    model.metadata = replace(model.metadata, metrics={"top1": 0.9})
    model.save_pretrained(tmp_path)
    assert "| Top-1 accuracy | 0.9 |" in text(tmp_path)
    assert text(tmp_path).endswith("\nMy words.\n")
    assert [result.metric_value for result in ModelCard(text(tmp_path)).data.eval_results] == [0.9]


def test_saving_the_same_again_changes_nothing(model, tmp_path):
    model.save_pretrained(tmp_path)
    before = text(tmp_path)
    model.save_pretrained(tmp_path)
    assert text(tmp_path) == before


def test_another_network_leaves_nothing_of_the_former_in_the_metadata(model, tmp_path):
    model.save_pretrained(tmp_path)
    lively("cifar_resnet20", num_classes=3).save_pretrained(tmp_path)
    data = ModelCard(text(tmp_path)).data.to_dict()
    assert data["tags"] == ["image-classification", "resnet_hub", "cifar_resnet20"]
    assert not {"license", "datasets", "model-index"} & set(data)


def test_the_images_that_lie_in_the_folder_are_shown(model, tmp_path):
    (tmp_path / "confusion.png").write_bytes(b"png")
    model.save_pretrained(tmp_path)
    assert "](confusion.png)" in text(tmp_path)
    assert "curves.png" not in text(tmp_path)


def test_a_broken_card_stops_a_save_before_anything_is_written(model, tmp_path):
    (tmp_path / "README.md").write_text("---\na: [\n---\n")
    with pytest.raises(CheckpointError, match=r"README.md' has metadata that is no valid YAML"):
        model.save_pretrained(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["README.md"]


def test_a_loaded_network_has_the_card_of_the_saved_one(model, tmp_path):
    model.save_pretrained(tmp_path / "one")
    ResNet.from_pretrained(tmp_path / "one").save_pretrained(tmp_path / "two")
    assert text(tmp_path / "two") == text(tmp_path / "one")


def test_a_folder_without_a_card_has_none(tmp_path):
    assert read_card(tmp_path) is None


@pytest.mark.parametrize(
    ("values", "opens"),
    [
        ({"architecture": "resnet18"}, True),
        ({"architecture": "cifar_resnet20"}, False),
        ({"architecture": "vit_tiny"}, False),
        ({}, False),
        ({"architecture": "resnet18", "label_names": ["one"]}, False),
        ({"architecture": "resnet18", "pretrained_cfg": {"mean": "x"}}, False),
    ],
    ids=json.dumps,
)
def test_what_timm_opens_is_told_by_the_config(values, opens):
    assert opens_in_timm(values) is opens


def test_a_network_with_a_new_head_does_not_boast_of_the_old_one(model, tmp_path):
    model.save_pretrained(tmp_path / "old")
    ResNet.from_pretrained(tmp_path / "old", num_classes=5).save_pretrained(tmp_path / "new")
    data = ModelCard(text(tmp_path / "new")).data.to_dict()
    assert not {"model-index", "datasets", "metrics"} & set(data)
    assert data["license"] == "cc-by-nc-4.0"
    assert "No results were recorded" in text(tmp_path / "new")

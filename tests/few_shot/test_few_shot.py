"""A few images of each class become a classifier on any network of ours, and a checkpoint that other libraries open."""

import logging
from dataclasses import replace

import pytest
import timm
import torch
from error_facts import code_and_fields
from explained import NETWORKS, lively_classifier
from PIL import Image
from transformers import AutoModelForImageClassification, pipeline

from resnet_hub import ImageClassifier
from resnet_hub.errors import CheckpointError, ConfigError, ImageError
from resnet_hub.few_shot import Examples, learn
from resnet_hub.preprocessing.pixels import normalize

HOSTILE = "<img src=x onerror=alert(1)>"
COLORS = {"red": (200, 40, 40), HOSTILE: (40, 60, 200), "绿" * 300: (40, 170, 60)}


def images(color, count=4, seed=0):
    """Noisy images of about one color."""
    generator = torch.Generator().manual_seed(seed)
    base = torch.tensor(color).float().view(1, 1, 3)
    noisy = base + 25 * torch.randn(count, 40, 40, 3, generator=generator)
    return [Image.fromarray(one.clamp(0, 255).byte().numpy()) for one in noisy]


def given(count=4, names=tuple(COLORS)):
    return {name: images(COLORS[name], count, seed) for seed, name in enumerate(names)}


@pytest.fixture(scope="module")
def taught():
    return learn(lively_classifier(), given())


@pytest.mark.parametrize("name", NETWORKS)
def test_every_kind_of_network_is_taught_and_saved(name, tmp_path):
    architecture, options = NETWORKS[name]
    classifier = lively_classifier(architecture, **options)
    seen = classifier.preprocessing  # little, to be quick
    classifier.model.preprocessing = replace(seen, input_size=(seen.input_size[0], 32, 32))
    before = classifier(images((90, 90, 90), 1))
    taught = learn(classifier, given())
    assert taught.head.accuracy.count == 12
    test = [image for seed, color in enumerate(COLORS.values()) for image in images(color, 2, 10 + seed)]
    answers = taught(test)
    taught.save_pretrained(tmp_path, "someone/network")
    saved = ImageClassifier.from_pretrained(tmp_path, device="cpu")
    assert saved.label_names == tuple(COLORS)
    assert saved.model.metadata.base_model == "someone/network"
    for answer, found in zip(answers, saved(test), strict=True):
        assert [one.label for one in answer.predictions] == [one.label for one in found]
        assert [one.score for one in answer.predictions] == pytest.approx([one.score for one in found], abs=1e-4)
    assert classifier(images((90, 90, 90), 1)) == before


def test_colors_are_told_apart_and_what_is_like_none_is_said_to_be(taught):
    assert taught.head.accuracy.value == 1
    (answer,) = taught(images(COLORS["red"], 1, 99))
    assert (answer.predictions[0].label, answer.is_none) == ("red", False)
    assert sum(one.score for one in answer.predictions) == pytest.approx(1)
    assert [taught.head.examples.targets[index] for index, _ in answer.nearest] == [0, 0, 0]
    stripes = Image.fromarray(torch.arange(40).remainder(2).mul(255).byte().view(1, 40, 1).expand(40, 40, 3).numpy())
    assert taught([stripes])[0].is_none


def test_timm_and_transformers_give_the_same_scores(tmp_path):
    taught = learn(lively_classifier("test_resnet"), given())
    taught.save_pretrained(tmp_path)
    test = images(COLORS["red"], 1, 99)[0]
    scores = {one.label: one.score for one in taught([test])[0].predictions}
    pixels = taught.classifier.prepare(test)[None]
    for theirs in (
        timm.create_model(f"local-dir:{tmp_path}", pretrained=True).eval(),
        AutoModelForImageClassification.from_pretrained(tmp_path).eval(),
    ):
        with torch.inference_mode():
            logits = theirs(normalize(pixels, taught.classifier.preprocessing))
        found = getattr(logits, "logits", logits).softmax(1)[0]
        assert found.tolist() == pytest.approx([scores[name] for name in COLORS], abs=1e-4)
    # With its own preprocessing, which rounds otherwise.
    rows = pipeline("image-classification", model=str(tmp_path))(test, top_k=3)
    assert {row["label"]: row["score"] for row in rows} == pytest.approx(scores, abs=0.02)


def test_the_card_says_how_good_it_is_and_by_what(taught, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        taught.save_pretrained(tmp_path, "someone/network")
    assert caplog.messages == []
    card = (tmp_path / "README.md").read_text("utf-8")
    for words in ("someone/network", "each image left out once", "ridge regression", "12 images"):
        assert words in card


def test_an_image_that_is_there_twice_counts_once_and_is_said_to(caplog):
    many = given()
    many["red"] += many["red"][:2]
    with caplog.at_level(logging.WARNING):
        assert learn(lively_classifier(), many).head.accuracy.count == 12
    assert caplog.messages == ["2 images are there twice and count once"]


def refused(many, kind=ConfigError):
    with pytest.raises(kind) as raised:
        learn(lively_classifier(), many)
    return code_and_fields(raised.value)


def test_what_cannot_be_learned_is_refused_in_a_sentence():
    red = images(COLORS["red"], 4)
    assert refused({}) == ("few_shot.one_class", {"count": 0})
    assert refused({"red": red}) == ("few_shot.one_class", {"count": 1})
    assert refused({"red": red, "blue": red[:1]}) == ("few_shot.few_images", {"name": "blue", "count": 1, "least": 3})
    equal = images(COLORS[HOSTILE], 1) * 5
    assert refused({"red": red, "blue": equal}) == ("few_shot.few_images", {"name": "blue", "count": 1, "least": 3})
    both = [*images(COLORS[HOSTILE], 3), red[2]]
    assert refused({"red": red, "blue": both}) == ("few_shot.in_two_classes", {"one": "red", "other": "blue"})
    assert refused({"red": red * 125, "blue": red})[0] == "few_shot.many_images"
    assert refused({"red": red, "blue": [b"no image"] * 3}, ImageError)[0].startswith("preprocessing.")


def test_features_that_cannot_be_learned_are_refused():
    targets = torch.arange(2).repeat_interleave(3)
    with pytest.raises(ConfigError) as raised:
        Examples(("a", "a"), targets, torch.ones(6, 4))
    assert code_and_fields(raised.value) == ("few_shot.two_of_a_name", {"name": "a"})
    for features, code in ((torch.ones(5, 4), "other_features"), (torch.full((6, 4), float("nan")), "not_finite")):
        with pytest.raises(ImageError) as raised:
            Examples(("a", "b"), targets, features)
        assert raised.value.code == f"few_shot.{code}"


def test_a_network_whose_parts_were_replaced_answers_and_says_why_it_cannot_be_saved(tmp_path):
    classifier = lively_classifier("test_resnet")
    classifier.model.layer1 = torch.nn.Sequential(classifier.model.layer1, torch.nn.Tanh())
    taught = learn(ImageClassifier(classifier.model, device="cpu"), given())
    assert taught(images(COLORS["red"], 1, 99))[0].predictions[0].label == "red"
    with pytest.raises(CheckpointError):
        taught.save_pretrained(tmp_path)

"""What a heat map is worth: measured with a network that learned where to look, and on real photographs."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from error_facts import code_and_fields
from explained import COLORS, MEAN, heat_map_of, lively_classifier, noise, square, square_classifier

from resnet_hub.classifier import ImageClassifier
from resnet_hub.errors import ConfigError
from resnet_hub.explain.saliency.covering import PLACEMENTS, CoverEffect, cover_effect, hottest
from resnet_hub.explain.saliency.heat_maps import heat_map
from resnet_hub.preprocessing.pixels import open_image, to_pixels


def shown(index=1, left=10, top=10):
    """What the network that tells squares apart sees of one."""
    return to_pixels(square(COLORS[index], left, top), square_classifier().preprocessing)


@pytest.mark.parametrize("method", ["hires-cam", "occlusion"])
@pytest.mark.parametrize("place", [(2, 2), (10, 10), (18, 6)])
def test_without_what_the_map_names_the_score_falls_further_than_without_a_random_place(method, place):
    classifier, pixels = square_classifier(), shown(1, *place)
    effect = cover_effect(classifier, pixels, heat_map(classifier, pixels, 1, method))
    assert effect.is_worth_the_name
    assert effect.score_without < effect.score_without_random < effect.score


def test_the_scores_are_those_of_the_covered_images():
    classifier, pixels = square_classifier(), shown()
    found = heat_map(classifier, pixels, 1)
    effect = cover_effect(classifier, pixels, found)
    covered = pixels.clone()
    mask = torch.from_numpy(hottest(found.values))
    covered[:, mask] = torch.tensor(MEAN, dtype=torch.uint8)[:, None]
    scores = classifier.scores_of(torch.stack([pixels, covered]))[:, 1]
    assert (effect.score, effect.score_without) == pytest.approx(tuple(scores.tolist()), abs=1e-5)
    assert effect.covered == 0.25


def test_a_map_that_names_a_place_without_the_square_is_no_evidence():
    classifier, values = square_classifier(), np.zeros((32, 32))
    values[:, 24:] = 1
    effect = cover_effect(classifier, shown(1, 2, 10), replace(heat_map_of(values), class_index=1))
    assert not effect.is_worth_the_name
    assert effect.score_without > effect.score_without_random


def test_a_flat_map_and_an_empty_one_name_nothing():
    classifier, pixels = square_classifier(), shown()
    empty = cover_effect(classifier, pixels, heat_map_of(np.zeros((32, 32))))
    assert (empty.covered, empty.scores_elsewhere) == (0, ())
    assert empty.score == empty.score_without == empty.score_without_random
    assert not empty.is_worth_the_name


def test_a_drop_is_no_evidence_where_random_places_take_as_much():
    assert not CoverEffect(0.9, 0.4, (0.3, 0.5), 0.25, 1e-3).is_worth_the_name
    assert CoverEffect(0.9, 0.39, (0.3, 0.5), 0.25, 1e-3).is_worth_the_name


def test_what_no_covering_changes_is_no_evidence():
    classifier = lively_classifier()
    with torch.no_grad():
        classifier.model.get_classifier().weight.mul_(1e-4)
    effect = cover_effect(classifier, noise(classifier), heat_map_of(np.eye(32)))
    assert effect.score_without != effect.score_without_random
    assert not effect.is_worth_the_name


def test_random_places_follow_from_the_seed_and_take_one_batch(monkeypatch):
    classifier, pixels, batches = lively_classifier(), None, []
    pixels = noise(classifier)
    scores_of = classifier.scores_of
    monkeypatch.setattr(classifier, "scores_of", lambda given: (batches.append(given), scores_of(given))[1])
    found = heat_map(classifier, pixels, 0)
    effects = [cover_effect(classifier, pixels, found, seed=seed) for seed in (0, 0, 1)]
    assert effects[0] == effects[1] != effects[2]
    assert [len(batch) for batch in batches] == [PLACEMENTS + 2] * 3
    changed = (batches[0] != pixels).any(1).flatten(1).sum(1)
    assert changed[0] == 0
    assert (changed[1:] == changed[1]).all()  # the same shape, wherever it is


def test_a_map_of_a_smaller_part_covers_that_part_only():
    values = np.zeros((32, 32))
    values[4:8, 4:8] = np.linspace(0.1, 1, 16).reshape(4, 4)
    assert np.array_equal(hottest(values), values > 0)
    assert hottest(np.ones((7, 7))).sum() == 12


def test_a_map_of_another_image_is_refused():
    with pytest.raises(ConfigError) as refused:
        cover_effect(square_classifier(), shown(), heat_map_of(np.ones((8, 8))))
    assert code_and_fields(refused.value) == ("explain.other_map", {"map": (8, 8), "pixels": (32, 32)})


def test_on_photographs_the_map_of_the_likeliest_class_is_evidence_and_that_of_the_least_likely_is_none(data_folder):
    classifier = ImageClassifier.from_pretrained(data_folder / "weights" / "resnet18-imagenet", device="cpu")
    effects, of_wrong_classes = [], []
    for photograph in sorted((data_folder / "imagenet_samples").iterdir())[:4]:
        pixels = to_pixels(open_image(photograph), classifier.preprocessing)
        order = classifier.scores_of(pixels[None])[0].argsort().tolist()
        for index, found in ((order[-1], effects), (order[0], of_wrong_classes)):
            found.append(cover_effect(classifier, pixels, heat_map(classifier, pixels, index)))
    mean = {
        name: np.mean([getattr(effect, name) for effect in effects])
        for name in ("score", "score_without", "score_without_random")
    }
    assert mean["score_without"] < mean["score_without_random"] - 0.1 < mean["score"] - 0.2
    assert not any(effect.is_worth_the_name for effect in of_wrong_classes)

"""Occlusion, with a network that was really trained to tell colors apart."""

import pytest
import torch
from explained import COLORS, lively_classifier, noise, square, square_classifier

from resnet_hub.explain.saliency import occlusion
from resnet_hub.explain.saliency.occlusion import score_drops
from resnet_hub.explain.saliency.target import Target
from resnet_hub.preprocessing.pixels import to_pixels

pytestmark = pytest.mark.usefixtures("fixed_seed")


def test_covering_one_place_changes_the_score_as_asking_about_the_covered_image_does():
    classifier = lively_classifier()
    pixels = noise(classifier)
    drops, score = score_drops(Target(classifier, pixels, 2))
    covered = pixels.clone()
    # The third row, the fifth column of 8 x 8 places of 4 pixels, and 2 around it; the mean of CIFAR or ImageNet.
    covered[:, 6:14, 14:22] = torch.tensor([round(255 * mean) for mean in classifier.preprocessing.mean])[:, None, None]
    scores = classifier.scores_of(torch.stack((pixels, covered)))
    assert score == pytest.approx(float(scores[0, 2]), abs=1e-5)
    assert float(drops[2, 4]) == pytest.approx(float(scores[0, 2] - scores[1, 2]), abs=1e-5)


@pytest.mark.parametrize(("left", "top"), [(0, 0), (20, 4), (10, 20)])
def test_the_planted_square_is_found(left, top):
    classifier = square_classifier()
    pixels = to_pixels(square(COLORS[0], left, top), classifier.preprocessing)
    drops, score = score_drops(Target(classifier, pixels, 0))
    row, column = divmod(int(drops.argmax()), drops.shape[1])
    assert score > 0.5
    assert left <= 4 * column + 2 <= left + 12
    assert top <= 4 * row + 2 <= top + 12


def test_what_may_be_rounding_is_no_evidence():
    classifier = lively_classifier()
    with torch.no_grad():
        classifier.model.get_classifier().weight.mul_(1e-7)
    drops, _ = score_drops(Target(classifier, noise(classifier), 0))
    assert not drops.any()


SHAPES = {(224, 224): (8, 8), (64, 32): (11, 5), (16, 128): (3, 21), (4, 4): (4, 4), (1, 300): (1, 64)}


@pytest.mark.parametrize(("size", "grid"), SHAPES.items(), ids=str)
def test_the_places_are_nearly_square_and_never_too_many(size, grid):
    assert occlusion._grid(*size) == grid


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (7, 5), (1, 3)])
def test_the_patches_cover_all_of_the_image(size):
    covered = torch.zeros(size)
    patches = occlusion._patches(*size, *occlusion._grid(*size))
    for rows, columns in patches:
        assert covered[rows, columns].numel()
        covered[rows, columns] = 1
    assert covered.all()
    assert len(patches) <= occlusion.PATCHES


def test_nothing_more_is_computed_once_nobody_waits():
    classifier, passes = lively_classifier(), []
    give_up = lambda: (passes.append(1), len(passes) > 2)[1]  # noqa: E731
    with pytest.raises(TimeoutError):
        score_drops(Target(classifier, noise(classifier), 0), give_up)
    assert len(passes) == 3


def test_whoever_waits_hears_how_many_places_have_been_covered():
    classifier, told = lively_classifier(), []
    pixels = noise(classifier)
    score_drops(Target(classifier, pixels, 0), progress=lambda *heard: told.append(heard))
    assert told == [(done, 64) for done in (7, 15, 23, 31, 39, 47, 55, 63, 64)]
    assert occlusion.occlusion_places(pixels) == 64


def test_no_pass_holds_more_images_than_its_limit(monkeypatch):
    classifier, sizes = lively_classifier(), []
    scores_of = classifier.scores_of
    monkeypatch.setattr(classifier, "scores_of", lambda pixels: (sizes.append(len(pixels)), scores_of(pixels))[1])
    score_drops(Target(classifier, noise(classifier), 0))
    assert sizes == [8] * 8 + [1]

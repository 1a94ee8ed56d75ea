"""All explanations of one answer, as a reader of the documentation would ask for them."""

from explained import COLORS, square, square_classifier

from resnet_hub import explain
from resnet_hub.preprocessing.pixels import to_pixels


def test_one_answer_is_explained_in_all_ways():
    classifier = square_classifier()
    image = square(COLORS[0], 20, 2)
    pixels, best = to_pixels(image, classifier.preprocessing), classifier(image)[0]
    found = explain.heat_map(classifier, pixels, best.index)
    assert (found.label, explain.evidence_place(found)) == ("red", "upper_right")
    assert found.score == best.score or abs(found.score - best.score) < 1e-6
    assert explain.overlay(image, found).size == image.size
    assert len(explain.feature_maps(classifier, pixels)) == 4
    assert len(explain.block_effects(classifier, pixels, best.index)) == 9


def test_every_name_is_there():
    assert all(hasattr(explain, name) for name in explain.__all__)

"""Whether two methods agree: by maps that are built here, and on a real photograph."""

from dataclasses import replace

import numpy as np
import pytest
from error_facts import code_and_fields
from explained import COLORS, heat_map_of, square, square_classifier

from resnet_hub.errors import ConfigError
from resnet_hub.explain.saliency.heat_maps import heat_map
from resnet_hub.explain.saliency.map_agreement import Verdict, agreement
from resnet_hub.preprocessing.pixels import to_pixels


def half(first, last):
    """A map that is hot in some of its 16 columns."""
    values = np.zeros((16, 16))
    values[:, first:last] = 1
    return heat_map_of(values)


@pytest.mark.parametrize(
    ("first", "overlap", "verdict"),
    [(0, 1.0, Verdict.AGREE), (2, 0.5, Verdict.AGREE), (3, 0.25, Verdict.DISAGREE), (8, 0.0, Verdict.DISAGREE)],
)
def test_maps_agree_by_how_much_their_hottest_quarters_overlap(first, overlap, verdict):
    found = agreement(half(0, 4), half(first, first + 4))
    assert (found.overlap, found.verdict) == (overlap, verdict)


def test_between_the_two_they_agree_in_part():
    values = np.zeros((16, 16))
    values[:6, :4] = 1
    values[:10, 12:] = 1
    assert agreement(half(0, 4), heat_map_of(values)).verdict is Verdict.PARTLY


def test_a_small_map_inside_a_large_one_agrees_with_it():
    small = np.zeros((16, 16))
    small[4:6, 1:3] = 1
    assert agreement(half(0, 4), heat_map_of(small)).overlap == agreement(heat_map_of(small), half(0, 4)).overlap == 1


def test_an_empty_map_agrees_with_an_empty_one_only():
    empty = heat_map_of(np.zeros((16, 16)))
    assert agreement(empty, empty).overlap == 1
    assert agreement(empty, half(0, 4)).verdict is Verdict.DISAGREE


def test_methods_that_see_one_square_agree():
    classifier = square_classifier()
    pixels = to_pixels(square(COLORS[1], 4, 16), classifier.preprocessing)
    maps = [heat_map(classifier, pixels, 1, method) for method in ("hires-cam", "occlusion")]
    assert agreement(*maps).verdict is Verdict.AGREE
    elsewhere = replace(maps[1], values=np.roll(maps[1].values, (16, 16), axis=(0, 1)))
    assert agreement(maps[0], elsewhere).verdict is Verdict.DISAGREE


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (heat_map_of(np.ones((8, 8))), ("explain.other_map", {"map": (16, 16), "pixels": (8, 8)})),
        (replace(half(0, 4), class_index=3), ("explain.other_class", {"one": 0, "other": 3})),
    ],
    ids=["image", "class"],
)
def test_maps_of_different_questions_are_refused(other, told):
    with pytest.raises(ConfigError) as refused:
        agreement(half(0, 4), other)
    assert code_and_fields(refused.value) == told

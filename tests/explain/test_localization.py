"""Where the evidence is, in words: by the maximum of maps that are built here, and of what a network really learned."""

import numpy as np
import pytest
from explained import heat_map_of

from resnet_hub.explain.saliency.localization import Evidence, Place, connected, evidence, evidence_place


def spot(place, strength=1.0, shape=(30, 60), values=None):
    """A map with a spot in the middle of a ninth of the image."""
    values = np.full(shape, 0.1) if values is None else values
    row, column = divmod(list(Place).index(place), 3)
    tall, wide = shape[0] // 3, shape[1] // 3
    values[tall * row + 3 : tall * row + 7, wide * column + 5 : wide * column + 15] = strength
    return values


@pytest.mark.parametrize("place", list(Place)[:9])
def test_a_spot_is_where_it_is(place):
    assert evidence(heat_map_of(spot(place))) == Evidence(place)


def test_the_place_is_that_of_the_maximum_and_not_the_mean_of_two_sides():
    values = spot(Place.RIGHT, values=spot(Place.LEFT, 0.74))
    assert evidence(heat_map_of(values)) == Evidence(Place.RIGHT)
    assert evidence_place(heat_map_of(values)) is Place.RIGHT


def test_separate_places_that_are_nearly_as_strong_are_named_too_the_strongest_first():
    values = spot(Place.LOWER, 0.8, values=spot(Place.RIGHT, values=spot(Place.UPPER_LEFT, 0.75)))
    assert evidence(heat_map_of(values)) == Evidence(Place.RIGHT, (Place.LOWER, Place.UPPER_LEFT))


@pytest.mark.parametrize(("valley", "others"), [(0.6, (Place.LEFT,)), (0.7, ())])
def test_two_summits_of_one_hill_are_one_place(valley, others):
    values = spot(Place.RIGHT, values=spot(Place.LEFT, 0.9))
    values[13:17, 15:45] = valley
    assert evidence(heat_map_of(values)) == Evidence(Place.RIGHT, others)


def test_a_summit_between_two_ninths_is_where_more_of_the_strong_evidence_is():
    values = np.zeros((30, 30))
    values[4:26, 7] = 1  # down the left third, and one pixel of it beyond
    values[15, 7:11] = 1
    values[15, 10] = 1.001
    assert evidence(heat_map_of(values / 1.001)) == Evidence(Place.LEFT)
    values[15, 10] = 1.2  # the rest is no summit any more
    assert evidence(heat_map_of(values / 1.2)) == Evidence(Place.CENTER)


def test_a_place_is_named_once():
    values = np.zeros((30, 30))
    values[12, 12] = values[17, 17] = 1
    assert evidence(heat_map_of(values)) == Evidence(Place.CENTER)


@pytest.mark.parametrize(
    ("rows", "columns", "place"),
    [
        (slice(12, 18), slice(26, 30), Place.RIGHT),
        (slice(0, 3), slice(12, 18), Place.UPPER),
        (slice(0, 2), slice(0, 2), Place.UPPER_LEFT),
    ],
)
def test_a_maximum_at_the_edge_is_said_to_be(rows, columns, place):
    values = np.zeros((30, 30))
    values[rows, columns] = 1
    assert evidence(heat_map_of(values)) == Evidence(place, at_edge=True)
    assert evidence(heat_map_of(np.pad(values, 1))).at_edge is False


def test_a_ring_is_where_it_is_strong_and_not_in_its_middle():
    values = np.zeros((90, 90))
    values[5:85, 5:85] = 1
    values[10:80, 10:80] = 0
    assert evidence_place(heat_map_of(values)) is not Place.CENTER


def test_evidence_on_most_of_the_image_is_everywhere_and_an_empty_map_is_nowhere():
    assert evidence(heat_map_of(np.ones((30, 30)))) == Evidence(Place.EVERYWHERE)
    assert evidence(heat_map_of(np.zeros((30, 30)))) == Evidence(Place.NOWHERE)


SHAPES = {
    "apart": (["#.#", "...", "#.#"], 4),
    "at a corner": (["#..", ".#.", "..#"], 1),
    "a fork": (["#.#", "#.#", "###"], 1),
    "a comb": (["#####", ".....", "#.#.#", "#####"], 2),
    "nothing": (["..."], 0),
}


@pytest.mark.parametrize(("drawn", "count"), SHAPES.values(), ids=SHAPES)
def test_pixels_that_touch_are_one_region(drawn, count):
    mask = np.array([[letter == "#" for letter in row] for row in drawn])
    labels = connected(mask)
    assert set(np.unique(labels[mask])) == set(range(1, count + 1))
    assert not labels[~mask].any()

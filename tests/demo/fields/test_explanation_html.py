"""Explanations as HTML: what a reader, a screen reader and a hostile label get."""

import base64
import io
import math
import re

import numpy as np
import pytest
from color_network import MARKUP
from PIL import Image

from resnet_hub.demo.fields.charts.svg_chart import Line, line_chart
from resnet_hub.demo.fields.explanation_html import (
    agreement_words,
    block_table,
    block_words,
    effect_words,
    map_figure,
    map_words,
    score_words,
)
from resnet_hub.demo.tabs.depth import Trainings, gradient_chart
from resnet_hub.demo.text.words import all_words
from resnet_hub.explain.blocks.residuals import BlockEffect
from resnet_hub.explain.saliency.covering import CoverEffect
from resnet_hub.explain.saliency.heat_maps import HeatMap
from resnet_hub.explain.saliency.localization import Place
from resnet_hub.explain.saliency.map_agreement import Agreement
from resnet_hub.explain.saliency.rendering import glow, overlay
from resnet_hub.explain.trainability import GradientFlow, first_losses

SPACE = "\N{NO-BREAK SPACE}"


def found(values, drop=None, label="cat"):
    return HeatMap(np.asarray(values, dtype=np.float32), 0, label, 0.25, "occlusion", drop)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_place_has_its_words(language):
    assert {f"why.place_{place}" for place in Place} <= set(all_words())
    assert len({all_words()[f"why.place_{place}"][language] for place in Place}) == len(Place)


def test_an_empty_map_is_said():
    assert map_words(found(np.zeros((4, 4))), "en") == (
        "Heat map for cat: nothing in this picture speaks for this class."
    )


def spots(*columns):
    """A map of 9 x 9 values with a spot in each of these columns, the first the strongest."""
    values = np.zeros((9, 9))
    for place, column in enumerate(columns):
        values[4, column] = 1 - 0.1 * place
    return found(values)


WHERE = {
    (4,): "strongest in the centre.",
    (7,): "strongest on the right.",
    (8,): "strongest on the right, up to the edge of what the network saw.",
    (7, 1): "several places stand out, strongest on the right, also on the left.",
    (1, 4, 7): "several places stand out, strongest on the left, also in the centre and on the right.",
}


@pytest.mark.parametrize(("columns", "words"), WHERE.items(), ids=str)
def test_the_words_name_the_place_of_the_maximum_and_others_that_are_nearly_as_strong(columns, words):
    assert map_words(spots(*columns), "en") == f"Heat map for cat: {words}"


def test_what_a_map_is_worth_is_told_in_two_scores():
    assert effect_words(CoverEffect(0.9, 0.14, (0.4, 0.46), 0.25, 1e-3), "en") == (
        f"With its hottest part covered, 25{SPACE}% of the picture, the score is 14.0{SPACE}%; "
        f"with a random place of the same size covered, 43.0{SPACE}%."
    )


def test_no_evidence_worth_the_name_is_an_answer():
    words = effect_words(CoverEffect(0.9995, 0.9995, (0.9, 0.9), 0.1, 1e-3), "en")
    assert words.startswith("No evidence worth the name: ")
    assert f"is > 99.9{SPACE}%; " in words
    assert effect_words(CoverEffect(0.5, 0.5, (), 0.0, 1e-3), "en") == ""


VERDICTS = {
    0.62: "HiResCAM and occlusion agree: 62",
    0.4: "HiResCAM and occlusion agree in part",
    0.1: "disagree: only 10",
}


@pytest.mark.parametrize(("overlap", "words"), VERDICTS.items(), ids=str)
def test_a_line_says_whether_the_methods_agree(overlap, words):
    assert words in agreement_words(Agreement(overlap), "en")


def test_the_figure_shows_the_same_glow_as_the_overlay_that_is_downloaded():
    image, one = Image.new("RGB", (9, 9), (40, 120, 60)), spots(4)
    figure = map_figure(image, one, "en")
    pictures = [Image.open(io.BytesIO(base64.b64decode(found))) for found in re.findall("base64,([^']*)'", figure)]
    under, colors, download = pictures
    assert np.array_equal(colors, glow(one))
    assert np.array_equal(under, image)
    assert np.array_equal(download, overlay(image, one))
    assert np.array_equal(np.asarray(download)[0], np.asarray(image)[0])  # where nothing speaks for the class


DROPS = {
    None: f" The network gives this class 25{SPACE}%.",
    0.0: f" The network gives this class 25{SPACE}%. Covering any one place takes nothing away.",
    0.123: f" The network gives this class 25{SPACE}%. "
    "Covering the place that matters most takes 12.3 percentage points away.",
}


@pytest.mark.parametrize(("drop", "words"), DROPS.items(), ids=str)
def test_what_covering_does_is_said_where_it_was_tried(drop, words):
    assert score_words(found(np.ones((4, 4)), drop), "en") == words


def test_a_hostile_label_stays_text():
    figure = map_figure(Image.new("RGB", (4, 4)), found(np.ones((4, 4)), label=MARKUP + "'\""), "en")
    assert figure.count("<img") == 2
    assert "<img src=x" not in figure
    assert "&#x27;&quot;: spread over" in figure
    assert "<img src=x" not in block_table([BlockEffect("layer1.0", 1.0, 0.5, 0.5)], MARKUP, "en")


EFFECTS = [
    BlockEffect("layer1.0", 0.5, 0.8, 0.7),
    BlockEffect("layer1.1", math.inf, 0.8, 0.001),
    BlockEffect("layer2.0", 2.0, 0.8, 0.41),
]


def test_the_blocks_are_summed_up_in_words():
    assert block_words(EFFECTS, "cat", "en") == (
        f"The whole network gives cat 80{SPACE}%. "
        f"It misses stage 1, block 2 most: without that block alone, under 1{SPACE}%. "
        "Of its 3 blocks, 2 can each be left out alone and the score stays above half of what it was."
    )


def test_bars_are_as_long_as_their_numbers_and_never_longer_than_their_place():
    table = block_table(EFFECTS, "cat", "en")
    assert re.findall(r"width:([\d.]+)%", table) == ["25.0", "70.0", "100.0", "0.1", "100.0", "41.0"]


def test_a_chart_goes_from_its_lowest_to_its_highest_number():
    chart = line_chart([Line("a & b", [1, 10, 1000])], "what <it> shows", "x", "y", 3, log=True)
    assert "aria-label='what &lt;it&gt; shows'" in chart
    assert "<span class='line-0'>a &amp; b</span>" in chart
    points = [tuple(map(float, pair.split(","))) for pair in re.search("points='(.*?)'", chart)[1].split()]
    assert points == [(78, 276), (351, pytest.approx(276 - 260 / 3, abs=0.1)), (624, 16)]
    assert re.findall(r"10<tspan dy='-0.45em'>(\d)</tspan>", chart) == ["0", "1", "2", "3"]


@pytest.mark.parametrize("values", [[], [0.0], [3.0]])
def test_a_chart_of_hardly_anything_is_still_a_chart(values):
    assert "polyline" in line_chart([Line("a", values)], "about", "x", "y", 1)


def test_the_gradient_is_said_in_numbers_a_reader_can_hold():
    flows = [
        GradientFlow(20, False, tuple("abc"), (0.001, 0.01, 41.234)),
        GradientFlow(20, True, tuple("abc"), (0.5, 0.7, 1.7)),
    ]
    chart = gradient_chart(flows, "en")
    assert "is 41,000 times as large as at the last one, which is a factor of 14.25 for each layer." in chart
    assert "With shortcuts it is 3.4 times as large." in chart


def test_what_was_trained_for_one_visitor_is_there_for_the_next():
    trainings = Trainings()
    one = trainings.losses(20, True, 3)
    assert trainings.losses(20, True, 2) == one[:2]
    steps = first_losses(20, True)
    assert one == [next(steps) for _ in range(3)]

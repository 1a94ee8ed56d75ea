"""Explanations as HTML: what a reader, a screen reader and a hostile label get."""

import math
import re

import numpy as np
import pytest
from color_network import MARKUP
from PIL import Image

from resnet_hub.demo.fields.explanation_html import block_table, block_words, map_figure, map_words, score_words
from resnet_hub.demo.fields.svg_chart import Line, line_chart
from resnet_hub.demo.tabs.depth import Trainings, gradient_chart
from resnet_hub.demo.text.words import all_words
from resnet_hub.explain.heat_maps import HeatMap, Place
from resnet_hub.explain.residuals import BlockEffect
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
    assert "&#x27;&quot;: the evidence" in figure
    assert "<img src=x" not in block_table([BlockEffect("layer1.0", 1.0, 0.5, 0.5)], MARKUP, "en")


EFFECTS = [
    BlockEffect("layer1.0", 0.5, 0.8, 0.7),
    BlockEffect("layer1.1", math.inf, 0.8, 0.001),
    BlockEffect("layer2.0", 2.0, 0.8, 0.41),
]


def test_the_blocks_are_summed_up_in_words():
    assert block_words(EFFECTS, "cat", "en") == (
        f"The whole network gives cat 80{SPACE}%. It misses layer1.1 most: without that block alone, under 1{SPACE}%. "
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

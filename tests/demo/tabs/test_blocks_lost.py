"""What is told of a network that lost its blocks: of its answer, of what is left of it, and of its twin."""

from dataclasses import replace

import pytest

from resnet_hub.demo.examples import FREE_IMAGES
from resnet_hub.demo.tabs.switchboard.boards import TWINS, Board, small_classifier, small_networks
from resnet_hub.demo.tabs.switchboard.losses import LossCurve, collapse_words, losses_html, same_words
from resnet_hub.explain import StageViews, Switchboard, laboratory, removals


def curve(network, image, kind="greedy", **options):
    classifier = small_classifier(network)
    switchboard = Switchboard(classifier, classifier.prepare(FREE_IMAGES / image))
    board = Board(network, switchboard, StageViews(switchboard))
    return LossCurve(board, kind, list(removals(switchboard, board.best, kind, **options)))


@pytest.mark.parametrize(("image", "is_same"), [("1-espresso.jpg", True), ("4-airplane.jpg", False)])
def test_an_answer_that_a_gray_image_gets_too_is_said_to_be_none_about_this_one(image, is_same):
    """The small networks know no espresso: without its blocks the plain one says automobile of anything."""
    greedy = curve("lab_plain56", image)
    assert greedy.is_said_of_gray() is is_same
    if is_same:
        assert "it says automobile of an evenly gray picture too" in same_words(greedy, "en")


def test_a_curve_is_told_with_the_range_of_its_orders_and_its_twin_s():
    greedy, random = curve("lab_residual20", "4-airplane.jpg"), curve("lab_residual20", "4-airplane.jpg", "random")
    twin = curve(TWINS["lab_residual20"], "4-airplane.jpg", "random", orders=3)
    told = losses_html([greedy, random, twin], "en", done=True)
    facts = random.facts("en")
    assert f"on average ({facts['low']} to {facts['high']} in 10 orders)" in told
    assert "Lab-20 (without shortcuts) says" in told
    assert told.count("<polygon") == 2  # a greedy order is one


def test_twins_differ_in_their_shortcuts_alone():
    for one, other in TWINS.items():
        configs = [small_classifier(name).model.config for name in (one, other)]
        assert {config.shortcut != "none" for config in configs} == {True, False}
        assert configs[0].depths == configs[1].depths
    assert set(TWINS) < set(small_networks())


def test_what_the_laboratory_measured_of_lost_blocks_is_said_where_it_was():
    found = laboratory()
    assert "83\N{NO-BREAK SPACE}% of the answers stay right with shortcuts" in collapse_words(found, "en")
    assert collapse_words(replace(found, removals=()), "en") == ""
    assert collapse_words(replace(found, removals=found.removals[:1]), "en") == ""

"""One explanation for a wish: whatever order a browser's events reach the server in."""

import asyncio

import pytest

from resnet_hub.demo.tabs.explaining.explanation import Key
from resnet_hub.demo.tabs.explaining.wishes import MOST_VISITORS, Wishes

CAT, DOG = Key("cat.png", "net", None, "hires-cam"), Key("dog.png", "net", None, "hires-cam")


async def make(wish, parts=2):
    """Takes all parts of the explanation."""

    async def given():
        for part in range(parts):
            yield "map", f"knows {part}"

    return [part async for part in wish.noted(given())]


def test_what_is_being_explained_is_not_begun_again():
    wishes = Wishes()
    wishes.begin("visitor", CAT, 1, "")
    assert wishes.has("visitor", CAT, "")
    assert wishes.has("visitor", CAT, "whatever is shown by now")
    assert not wishes.has("visitor", DOG, "")
    assert not wishes.has("another", CAT, "")


def test_an_event_that_knew_as_little_as_the_first_is_answered_by_what_that_brought():
    wishes = Wishes()
    wish = wishes.begin("visitor", CAT, 1, "nothing")
    assert asyncio.run(make(wish)) == [("map", "knows 0"), ("map", "knows 1")]
    wishes.end("visitor", wish)
    assert wishes.has("visitor", CAT, "nothing")
    assert wishes.has("visitor", CAT, "knows 0")  # the rest was on its way
    assert not wishes.has("visitor", CAT, "taken away")


def test_what_was_stopped_may_be_had_again():
    wishes = Wishes()
    wish = wishes.begin("visitor", CAT, 1, "")
    wishes.end("visitor", wish)
    assert not wishes.has("visitor", CAT, "")


def test_what_is_shown_no_more_may_be_had_again_but_not_what_is_still_being_made():
    wishes = Wishes()
    wish = wishes.begin("visitor", CAT, 1, "")
    wishes.forget("visitor")
    assert wishes.has("visitor", CAT, "")
    asyncio.run(make(wish))
    wishes.forget("visitor")
    assert not wishes.has("visitor", CAT, "")


def test_an_end_that_comes_late_forgets_no_newer_wish():
    wishes = Wishes()
    older = wishes.begin("visitor", CAT, 1, "")
    wishes.begin("visitor", DOG, 2, "")
    wishes.end("visitor", older)
    assert wishes.has("visitor", DOG, "")


@pytest.mark.parametrize(
    ("choice", "number", "over"),
    [(DOG, 6, True), (DOG, 4, False), (CAT, 6, False), (DOG, None, False), (DOG, "x", False)],
)
def test_a_stop_ends_only_what_began_before_it_and_is_another_wish(choice, number, over):
    wishes = Wishes()
    wishes.begin("visitor", CAT, 5, "")
    assert wishes.is_over("visitor", choice, number) is over
    assert not wishes.is_over("another", choice, number)


def test_what_is_made_is_not_over():
    wishes = Wishes()
    asyncio.run(make(wishes.begin("visitor", CAT, 1, "")))
    assert not wishes.is_over("visitor", DOG, 2)


def test_what_is_remembered_of_visitors_is_bounded():
    wishes = Wishes()
    for visitor in range(MOST_VISITORS + 1):
        wishes.begin(str(visitor), CAT, 1, "")
    assert not wishes.has("0", CAT, "")
    assert wishes.has("1", CAT, "")
    assert wishes.has(str(MOST_VISITORS), CAT, "")

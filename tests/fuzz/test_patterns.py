"""Every regular expression of the project is applied in time that grows with the text and not with its square."""

import re

import pytest
from growth import check_growth
from patterns import Pattern, patterns

FOUND = patterns()
CHARACTERS = 8_000


def check_all(pattern):
    for text in pattern.texts():
        check_growth(pattern.apply, text, CHARACTERS)


def test_the_expressions_of_the_project_are_found():
    assert len(FOUND) > 100
    assert {found.place.partition("/")[0] for found in FOUND} == {"resnet_hub", "training"}


@pytest.mark.parametrize("room", sorted({"/".join(found.place.split("/")[:2]) for found in FOUND}))
def test_an_expression_takes_no_time_that_grows_with_the_square_of_a_text(room):
    for found in FOUND:
        if "/".join(found.place.split("/")[:2]) == room:
            check_all(found)


@pytest.mark.parametrize(("source", "method"), [(r"(?:.+\.)?queue", "search"), (r"\s+$", "sub")])
def test_an_expression_that_is_not_linear_is_found(source, method):
    slow = Pattern("here", re.compile(source), (method,))
    with pytest.raises(AssertionError, match="times as much"):
        check_all(slow)

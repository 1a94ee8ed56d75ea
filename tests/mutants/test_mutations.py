"""What a mutant is: sound Python with one thing that computes replaced."""

import ast

import pytest
from mutations import mutants


@pytest.mark.parametrize(
    ("source", "changed"),
    [
        ("a < b", ["(a <= b)"]),
        ("a in b", ["(a not in b)"]),
        ("a + 1", ["(a - 1)", "a + (2)"]),
        ("not a", ["(a)"]),
        ("a and b", ["(a or b)"]),
        ("a if b else c", ["(c if b else a)"]),
        ("f(True)", ["f((False))"]),
        ("é = ä == 1", ["é = (ä != 1)", "é = ä == (2)"]),
    ],
)
def test_one_thing_is_replaced(source, changed):
    assert [mutant.source for mutant in mutants(source)] == changed
    for mutant in mutants(source):
        ast.parse(mutant.source)


@pytest.mark.parametrize(
    "source",
    ['def f(a: list[1], b: "x") -> tuple[1, 2]: ...', "raise E(1)", "logger.info(1)", '"a" + b', "__all__ = [1]"],
)
def test_what_decides_nothing_has_no_mutant(source):
    assert list(mutants(source)) == []

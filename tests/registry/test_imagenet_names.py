"""The names of ImageNet's classes."""

import pytest

from resnet_hub.registry.imagenet_names import imagenet_label_names


def test_the_names_of_imagenet_differ_in_more_than_capitals():
    assert len({name.casefold() for name in imagenet_label_names()}) == 1000


@pytest.mark.parametrize(
    ("index", "name"),
    [
        (0, "tench"),
        (134, "crane (large long-necked wading bird)"),
        (264, "Cardigan, Cardigan Welsh corgi"),
        (474, "cardigan"),
        (517, "crane (lifts and moves heavy objects)"),
        (638, "maillot"),
        (639, "maillot, tank suit"),
    ],
)
def test_an_imagenet_name_is_its_first_word_where_that_is_enough(index, name):
    assert imagenet_label_names()[index] == name

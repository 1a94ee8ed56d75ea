"""The names of ImageNet's classes, and how they follow from timm's."""

import re
from collections import Counter

import pytest
from timm.data import ImageNetInfo

from resnet_hub.registry.imagenet_names import imagenet_label_names


def names_by_timm():
    """The first word of WordNet for a class; all of them where two classes share the first, and where they share all,
    the first part of the definition too.
    """
    info = ImageNetInfo()
    lemmas = info.label_descriptions()
    firsts = [text.split(",")[0] for text in lemmas]
    shared = {text for text, count in Counter(map(str.casefold, firsts)).items() if count > 1}
    twins = {text for text, count in Counter(lemmas).items() if count > 1}
    for index, (first, text) in enumerate(zip(firsts, lemmas, strict=True)):
        if text in twins:
            definition = info.index_to_description(index, detailed=True).removeprefix(f"{text}: ")
            yield f"{text} ({re.split(r'[,;]| of ', definition)[0]})"
        else:
            yield text if first.casefold() in shared else first


def test_the_names_are_those_that_follow_from_timm_s():
    assert imagenet_label_names() == tuple(names_by_timm())


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

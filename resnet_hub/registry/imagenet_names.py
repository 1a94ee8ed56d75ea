"""The names of the 1000 ImageNet classes, for checkpoints that carry none."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache


@cache
def imagenet_label_names() -> tuple[str, ...]:
    """Short English names of the 1000 ImageNet classes, each different from all others in more than its capitals.

    Source: the WordNet lemmas and definitions that come with timm. "crane" is a bird and a machine.
    """
    from timm.data import ImageNetInfo

    info = ImageNetInfo()
    lemmas = info.label_descriptions()
    firsts = [text.split(",")[0] for text in lemmas]
    shared = {text for text, count in Counter(map(str.casefold, firsts)).items() if count > 1}
    twins = {text for text, count in Counter(lemmas).items() if count > 1}
    names = []
    for index, (first, text) in enumerate(zip(firsts, lemmas, strict=True)):
        if text in twins:
            definition = info.index_to_description(index, detailed=True).removeprefix(f"{text}: ")
            names.append(f"{text} ({re.split(r'[,;]| of ', definition)[0]})")
        else:
            names.append(text if first.casefold() in shared else first)
    return tuple(names)

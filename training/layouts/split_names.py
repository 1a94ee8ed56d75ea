"""Which folders are called like a split, in the spellings that public datasets use."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable

WORDS = {
    "train": ("train", "training", "trainval", "trn", "训练"),
    "validation": ("validation", "validate", "val", "valid", "dev", "验证"),
    "test": ("test", "testing", "tst", "eval", "evaluation", "测试"),
}
"""Split -> its spellings; those of the Hub's datasets among them."""
AFFIXES = frozenset(
    ["set", "data", "dataset", "dir", "folder", "split", "images", "image", "imgs", "img", "photos", "pictures", "集"]
)
"""Words beside that of the split which say nothing more: train_set, TrainImages, test-data."""
ASIDE = frozenset(
    [
        "unlabeled",
        "unlabelled",
        "unsupervised",
        "unsup",
        "extra",
        "pred",
        "prediction",
        "predictions",
        "sample",
        "samples",
        "example",
        "examples",
        "demo",
        "meta",
        "metadata",
        "mask",
        "masks",
        "annotation",
        "annotations",
        "segmentations",
        "bbox",
        "bboxes",
        "docs",
    ]
)
"""What lies beside splits and is none, nor a class."""
SPLIT_OF = {word: split for split, words in WORDS.items() for word in words} | {
    joined: split
    for split, words in WORDS.items()
    for word in words
    for affix in AFFIXES
    for joined in (word + affix, affix + word)
}


def splits_among(names: Iterable[str]) -> dict[str, str]:
    """Name -> split, of the names that are those of splits.

    A name says a split by itself ("Train", "val-set", "test2017"), or beside others that differ from it in that word
    alone ("seg_train" beside "seg_test").
    """
    found: dict[str, str] = {}
    candidates: defaultdict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
    for name in names:
        words = re.findall(r"[^\W\d_]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", unicodedata.normalize("NFC", name)))
        said = [SPLIT_OF.get(word.casefold()) for word in words]
        rest = tuple(
            word.casefold()
            for word, split in zip(words, said, strict=True)
            if split is None and word.casefold() not in AFFIXES
        )
        splits = {split for split in said if split}
        if len(splits) == 1:
            split = splits.pop()
            if not rest:
                found[name] = split
            else:
                candidates[rest][name] = split
    if len(candidates) == 1:
        (shared,) = candidates.values()
        if len(set(shared.values())) > 1:
            found |= shared
    return found


def says_nothing(name: str) -> bool:
    """Whether a name is that of no class, such as "all", "images" or "test": what unlabeled images are put into."""
    words = {word.casefold() for word in re.findall(r"[^\W\d_]+", name)}
    return words <= AFFIXES | ASIDE | SPLIT_OF.keys() | {"all", "unknown", "unclassified", "none", "no", "labels"}


def lies_aside(name: str) -> bool:
    """Whether a folder beside splits is known to be none of them, nor a class: "unlabeled", "seg_pred"."""
    return not ASIDE.isdisjoint(re.findall(r"[^\W\d_]+", name.casefold()))

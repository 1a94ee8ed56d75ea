"""Which folders are called like a split, in the spellings that public datasets use."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable

WORDS = {
    "train": (
        "train", "training", "trainval", "trn", "训练", "訓練", "entrenamiento", "entraînement", "entrainement",
        "treinamento", "treino", "addestramento",
    ),
    "validation": (
        "validation", "validate", "val", "valid", "dev", "验证", "驗證", "検証", "validación", "validacion",
        "validação", "validacao", "validazione", "validierung",
    ),
    "test": (
        "test", "testing", "tst", "eval", "evaluation", "测试", "測試", "prueba", "pruebas", "teste", "testes",
    ),
}  # fmt: skip
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
OF_NO_CLASS = frozenset(
    ["all", "unknown", "unclassified", "label", "labels", "gt", "groundtruth", "ground", "truth", "png", "jpg", "jpeg"]
)
"""Further words that make no class, nor do several of them: images beside labels_png are what to segment, and how."""
OF_MASKS = frozenset(
    ["mask", "masks", "seg", "segmentation", "segmentations", "annotation", "annotations", "trimap", "trimaps"]
) | (OF_NO_CLASS - {"all", "unknown", "unclassified", "jpg", "jpeg"})
"""Words of a folder beside images that holds what to find in each of them."""
DIVISIONS = frozenset(["partition", "partitions", "split", "splits", "fold", "folds"])
"""Words of a file that divides images."""
COPY = re.compile(r"(.+?)(?: ?\(\d{1,4}\)| - Copy(?: \(\d{1,4}\))?| copy(?: \d{1,4})?)")
"""How browsers, Windows and macOS call a second one."""
LONGEST = 60
"""Characters of a text in which a split is looked for."""
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
    groups = _by_rest(names)
    found = groups.pop((), {})
    if len(groups) == 1:
        (shared,) = groups.values()
        if len(set(shared.values())) > 1:
            found |= shared
    return found


def unmarked_train(names: Collection[str]) -> dict[str, str]:
    """Name -> split, where one name is train without saying so: "rps" beside "rps-validation" and "rps-test-set"."""
    groups = [(rest, group) for rest, group in _by_rest(names).items() if rest]
    if len(groups) != 1 or "train" in groups[0][1].values():
        return {}
    ((rest, marked),) = groups
    plain = [name for name in names if name not in marked and _rest_of(name) == rest]
    return {**marked, plain[0]: "train"} if len(plain) == 1 else {}


def split_in(text: str) -> str:
    """The split that a text of a few words names ("PublicTest", "train_fold_1"); "" for none, or several."""
    words = [word.casefold() for word in _words(text[:LONGEST])]
    splits = {SPLIT_OF[word] for word in words if word in SPLIT_OF}
    return splits.pop() if len(splits) == 1 and len(words) <= 3 and ASIDE.isdisjoint(words) else ""


def classes_and_splits(names: Iterable[str]) -> list[str]:
    """The names that say a class and a split at once, where several classes do: "cats_train", "cats_val", ..."""
    groups = [group for rest, group in _by_rest(names).items() if rest and len(set(group.values())) > 1]
    return [name for group in groups for name in group] if len(groups) > 1 else []


def says_nothing(name: str) -> bool:
    """Whether a name is that of no class, such as "all", "images" or "test"."""
    words = words_of(name)
    return bool(words) and words <= AFFIXES | ASIDE | SPLIT_OF.keys() | OF_NO_CLASS


def words_of(name: str) -> frozenset[str]:
    """The words of a name, in small letters."""
    return frozenset(word.casefold() for word in _words(name))


def says_division(name: str) -> bool:
    """Whether what is called so says the split of each image, not its class: "list_eval_partition", "splits"."""
    return not DIVISIONS.isdisjoint(word.casefold() for word in _words(name))


def copied_from(name: str, names: Collection[str]) -> str | None:
    """The other name of which a name is that of a second download or copy: "cats (1)", "cats - Copy", "cats copy"."""
    found = COPY.fullmatch(name)
    return found[1] if found and found[1] in names else None


def lies_aside(name: str) -> bool:
    """Whether a folder beside splits is known to be none of them, nor a class: "unlabeled", "seg_pred"."""
    return not ASIDE.isdisjoint(word.casefold() for word in _words(name))


def _by_rest(names: Iterable[str]) -> dict[tuple[str, ...], dict[str, str]]:
    """What names with the word of one split say besides -> name -> split."""
    groups: defaultdict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
    for name in names:
        words = [word.casefold() for word in _words(name)]
        splits = {SPLIT_OF[word] for word in words if word in SPLIT_OF}
        if len(splits) == 1:
            groups[_rest_of(name)][name] = splits.pop()
    return groups


def _rest_of(name: str) -> tuple[str, ...]:
    """What a name says beside a split."""
    words = (word.casefold() for word in _words(name))
    return tuple(word for word in words if word not in SPLIT_OF and word not in AFFIXES)


def _words(name: str) -> list[str]:
    """The words of a name, whose bounds are digits, marks, and small letters before large ones."""
    return re.findall(r"[^\W\d_]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", unicodedata.normalize("NFC", name)))

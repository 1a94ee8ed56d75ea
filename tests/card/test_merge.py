"""card_merge.py: our facts are brought up to date in somebody's card, and theirs stay."""

import logging

import pytest

from resnet_hub.card.merge import merged_card, merged_metadata
from resnet_hub.card.parse import CardText, marked


def index(dataset="alice/insects", metric="accuracy", value=0.9, name="net"):
    result = {
        "task": {"type": "image-classification"},
        "dataset": {"name": dataset, "type": dataset, "split": "test"},
        "metrics": [{"type": metric, "value": value}],
    }
    return [{"name": name, "results": [result]}]


def figures(metadata):
    """(data set, metric, value) of each result."""
    return [
        (result["dataset"]["type"], metric["type"], metric["value"])
        for model in metadata["model-index"]
        for result in model["results"]
        for metric in result["metrics"]
    ]


@pytest.mark.parametrize(
    ("theirs", "ours", "before", "merged"),
    [
        ({"language": "de"}, {"library_name": "timm"}, {}, {"language": "de", "library_name": "timm"}),
        ({"library_name": "keras"}, {"library_name": "timm"}, {}, {"library_name": "timm"}),
        ({"base_model": "a/b"}, {}, {"base_model": "a/b"}, {}),
        ({"base_model": "a/c"}, {}, {"base_model": "a/b"}, {"base_model": "a/c"}),
        ({"tags": ["art", "old"]}, {"tags": ["new"]}, {"tags": ["old"]}, {"tags": ["art", "new"]}),
        ({"tags": "art"}, {"tags": ["new", "art"]}, {}, {"tags": ["art", "new"]}),
        ({"datasets": ["a/b"]}, {}, {"datasets": ["a/b"]}, {}),
        ({"widget": None}, {}, {}, {"widget": None}),
        ({"model-index": "odd"}, {}, {}, {"model-index": "odd"}),
        ({"model-index": [{"name": "x"}, 7]}, {"model-index": index()}, {}, {"model-index": index()}),
    ],
    ids=[
        "theirs stays",
        "ours wins",
        "ours of old goes",
        "theirs is not ours of old",
        "lists are joined",
        "one tag",
        "an old data set goes",
        "an empty key",
        "an odd index",
        "an empty index",
    ],
)
def test_metadata_are_merged(theirs, ours, before, merged):
    assert merged_metadata(theirs, ours, before) == merged


def test_their_keys_keep_their_order():
    merged = merged_metadata({"tags": ["a"], "language": "de"}, {"language": "en", "license": "mit", "tags": []}, {})
    assert list(merged) == ["tags", "language", "license"]


@pytest.mark.parametrize(
    ("theirs", "ours", "before", "merged"),
    [
        ({"license": "apache-2.0"}, {"license": "cc-by-nc-4.0"}, {}, {"license": "cc-by-nc-4.0"}),
        ({"license": "mit"}, {}, {}, {"license": "mit"}),
        ({"license": "mit"}, {}, {"license": "mit"}, {}),
        ({"license": "other", "license_name": "x", "license_link": "y"}, {"license": "mit"}, {}, {"license": "mit"}),
        (
            {"license": "other", "license_name": "x", "license_link": "y"},
            {"license": "other", "license_name": "x"},
            {},
            {"license": "other", "license_name": "x", "license_link": "y"},
        ),
        (
            {"license": "other", "license_name": "x", "license_link": "y"},
            {"license": "other", "license_name": "z"},
            {},
            {"license": "other", "license_name": "z"},
        ),
    ],
    ids=["the parent's wins", "theirs where none is known", "ours of old goes", "with its name", "with link", "other"],
)
def test_the_license_is_the_one_of_the_weights(theirs, ours, before, merged):
    assert merged_metadata(theirs, ours, before) == merged


def test_a_replaced_license_is_told(caplog):
    with caplog.at_level(logging.WARNING):
        merged_metadata({"license": "apache-2.0"}, {"license": "cc-by-nc-4.0"}, {})
    assert "license: apache-2.0" in caplog.text


def test_our_results_replace_ours_and_leave_those_of_others():
    theirs = {"model-index": index(value=0.8) + index("bob/birds", "auroc", 0.7, "other")}
    theirs["model-index"][0]["results"] += index("alice/insects", "auroc", 0.6)[0]["results"]
    merged = merged_metadata(theirs, {"model-index": index()}, {})
    assert sorted(figures(merged)) == [
        ("alice/insects", "accuracy", 0.9),
        ("alice/insects", "auroc", 0.6),
        ("bob/birds", "auroc", 0.7),
    ]


def test_results_of_weights_that_are_gone_go_too():
    before = {"model-index": index("alice/old")}
    theirs = {"model-index": [*before["model-index"], *index("bob/birds", name="other")]}
    assert figures(merged_metadata(theirs, {"model-index": index()}, before)) == [
        ("alice/insects", "accuracy", 0.9),
        ("bob/birds", "accuracy", 0.9),
    ]


def test_a_model_under_its_old_name_is_not_there_twice():
    (model,) = merged_metadata({"model-index": index(metric="f1", name="old")}, {"model-index": index()}, {})[
        "model-index"
    ]
    assert (model["name"], len(model["results"])) == ("net", 2)


def test_merging_again_changes_nothing():
    ours = {"tags": ["a"], "license": "mit", "model-index": index()}
    once = merged_metadata({"tags": ["b"], "model-index": index("bob/birds")}, ours, {})
    assert merged_metadata(once, ours, ours) == once


def test_metadata_that_stay_are_not_typed_anew():
    theirs = CardText.parse(b"---\nlicense:   mit # from the parent\n---\nwords\n", "README.md")
    assert str(merged_card(theirs, CardText({"license": "mit"}, ""), {})) == str(theirs)


@pytest.mark.parametrize(
    ("theirs", "ours", "merged"),
    [
        ("words\n", "mine\n", "words\n"),
        (marked("results", "old"), f"mine\n{marked('results', 'new')}", f"mine\n{marked('results', 'new')}"),
        (f"words\n{marked('results', 'old')}", marked("results", "new"), f"words\n{marked('results', 'new')}"),
        ("", "mine\n", "mine\n"),
    ],
    ids=["both by hand", "only ours by hand", "only theirs by hand", "a blank one"],
)
def test_the_words_that_are_there_stay_and_where_there_are_none_ours_come(theirs, ours, merged):
    assert merged_card(CardText({}, theirs), CardText({}, ours), {}).body == merged

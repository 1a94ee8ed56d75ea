"""card_metadata.py: the YAML of a card says what was recorded, in words that the Hub accepts."""

import pytest
from huggingface_hub import ModelCard
from test_sections import CONFIG, RUN, run

from resnet_hub.card.contents.sections import model_card
from resnet_hub.card.metadata import repo_id_in


def metadata(config, **options):
    """The metadata as the Hub's own reader finds them on the card."""
    return ModelCard(model_card(config, **options)).data.to_dict()


def test_the_metadata_names_origin_data_and_license():
    data = metadata(CONFIG)
    assert data["base_model"] == "timm/resnet18.a1_in1k"
    assert data["datasets"] == ["alice/insects"]
    assert data["license"] == "apache-2.0"
    assert data["tags"] == ["image-classification", "resnet_hub", "resnet18"]


def test_the_metrics_stand_in_the_model_index():
    (entry,) = metadata(CONFIG, repo_id="bob/ants")["model-index"]
    assert entry["name"] == "ants"
    (result,) = entry["results"]
    assert result["dataset"] == {"name": "alice/insects", "type": "alice/insects", "split": "test"}
    assert [(metric["type"], metric["value"]) for metric in result["metrics"]] == [
        ("accuracy", 0.954321),
        ("loss", 0.25),
    ]


@pytest.mark.parametrize("origin", ["own", "parent"])
def test_the_license_is_the_one_that_came_with_the_weights(origin):
    config = run(license=None) | {"pretrained_cfg": {"license": "cc-by-nc-4.0"}} if origin == "parent" else CONFIG
    assert metadata(config)["license"] == {"own": "apache-2.0", "parent": "cc-by-nc-4.0"}[origin]


def test_a_license_the_hub_does_not_know_is_named_as_another_one():
    data = metadata(run(license="Uber Non-Commercial"))
    assert (data["license"], data["license_name"]) == ("other", "uber-non-commercial")


@pytest.mark.parametrize(
    ("base_model", "named"),
    [
        ("resnet50.a1_in1k", "timm/resnet50.a1_in1k"),
        ("hf-hub:alice/net@v1", "alice/net"),
        ("/home/alice/nets/best", None),
        ("resnet50", None),
        (None, None),
    ],
)
def test_only_a_hub_id_is_linked_as_base_model(base_model, named):
    assert metadata(run(base_model=base_model)).get("base_model") == named


@pytest.mark.parametrize(
    ("dataset", "named", "details"),
    [
        ("alice/insects:big@v1", ["alice/insects"], {"config": "big", "revision": "v1"}),
        ("/data/alice/insects", None, {}),
        ("insects.csv", None, {}),
    ],
)
def test_only_a_hub_id_is_linked_as_data_set(dataset, named, details):
    data = metadata(run(dataset=dataset))
    assert data.get("datasets") == named
    assert details.items() <= data["model-index"][0]["results"][0]["dataset"].items()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, "0.9", None, [1]])
def test_only_finite_numbers_are_results(value):
    assert "model-index" not in metadata(run(metrics={"top1": value}))


@pytest.mark.parametrize(
    "name", ["yes", "null", ": #", "1e3", "2024-01-01", "- a", "'", '"x', "%TAG", "🐜", "a" * 5000]
)
def test_a_data_set_whose_name_looks_like_yaml_stays_a_text(name):
    (entry,) = metadata(run(dataset=name, split=name))["model-index"]
    told = entry["results"][0]["dataset"]
    assert told["name"] == told["split"] == (name if len(name) < 200 else "a" * 199 + "…")


def test_the_revision_that_was_measured_comes_before_the_one_that_was_asked_for():
    data = metadata(run(dataset="alice/insects:big@main", dataset_revision="0123abc"))
    told = data["model-index"][0]["results"][0]["dataset"]
    assert (told["type"], told["config"], told["revision"]) == ("alice/insects", "big", "0123abc")


@pytest.mark.parametrize("license", ["CC-BY-NC-4.0", "cc-by-nc-4.0"])
def test_a_non_commercial_license_stays_one(license):
    config = {**CONFIG, "resnet_hub": {**RUN, "license": license}}
    assert metadata(config)["license"] == "cc-by-nc-4.0"
    assert "no commercial use" in model_card(config)


def test_a_folder_is_no_id_on_the_hub():
    assert (repo_id_in("alice/net"), repo_id_in("./net"), repo_id_in("a/b/c")) == ("alice/net", None, None)

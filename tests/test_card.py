"""card.py: the card says what the run recorded, invents nothing, and stays whole whatever the classes are called."""

import pytest
from huggingface_hub import ModelCard
from markdown_it import MarkdownIt

from resnet_hub.card import MAX_CLASSES, model_card
from resnet_hub.markdown import MAX_TEXT, text

RUN = {
    "base_model": "timm/resnet18.a1_in1k",
    "license": "apache-2.0",
    "dataset": "alice/insects",
    "split": "test",
    "num_images": 153,
    "metrics": {"top1": 0.954321, "loss": 0.25},
    "recipe": {"epochs": 5, "optimizer": {"lr": 0.001, "momentum": None}},
    "versions": {"torch": "2.15.0"},
    "seconds": 90,
    "hardware": "2 CPU cores",
}
CONFIG = {"architecture": "resnet18", "num_classes": 2, "label_names": ["ant", "bee"], "resnet_hub": RUN}

HOSTILE = [
    "a|b",
    "`x`",
    "```",
    "<script>alert(1)</script>",
    "<!-- x",
    "</details>",
    "---",
    "1. x",
    "1) x",
    "- x",
    "+ x",
    "# x",
    "> x",
    "=== x",
    "![i](http://example.com/x.png)",
    "[l](javascript:alert)",
    "<http://example.com>",
    "**b** _i_ ~~s~~",
    "_x_",
    "snake__case_",
    "&lt;b&gt; &amp;",
    "back\\slash \\| \\",
    "{{ x }} {% x %} $x$",
    "| a | b |",
    "crow's nest, 3.5-inch low_light",
    "ümlaut 猫 🐱",
]


def run(**values):
    return {**CONFIG, "resnet_hub": {**RUN, **values}}


def loaded(card, tmp_path):
    (tmp_path / "README.md").write_text(card, "utf-8")
    return ModelCard.load(tmp_path / "README.md")


def metadata(config, tmp_path, **options):
    return loaded(model_card(config, **options), tmp_path).data.to_dict()


def markdown(card_text):
    """The kinds of all Markdown elements in order, and the texts between them."""
    kinds, texts = [], []
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(card_text):
        for part in [token, *(token.children or [])]:
            if part.type == "text":
                texts.append(part.content)
            if part.type not in ("text", "inline"):
                kinds.append((part.type, part.tag))
    return kinds, texts


def everywhere(name):
    """A config in which a stranger chose every name."""
    return {
        "architecture": name,
        "num_classes": 2,
        "label_names": [name, "bee"],
        "resnet_hub": {
            **RUN,
            "base_model": name,
            "dataset": name,
            "split": name,
            "num_images": name,
            "metrics": {name: 1.0},
            "recipe": {name: name, "list": [name]},
            "versions": {name: name},
            "hardware": name,
        },
    }


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_changes_the_structure_of_the_card(name, tmp_path):
    plain, _ = markdown(loaded(model_card(everywhere("x")), tmp_path).text)
    hostile, _ = markdown(loaded(model_card(everywhere(name)), tmp_path).text)
    assert hostile == plain


@pytest.mark.parametrize("name", HOSTILE)
def test_a_reader_sees_a_class_name_as_it_is(name, tmp_path):
    _, texts = markdown(loaded(model_card({**CONFIG, "label_names": [name, "bee"]}), tmp_path).text)
    assert name in texts


@pytest.mark.parametrize("name", [*HOSTILE, "a\n---\nb: c", "x\r\n...\r\n", "*anchor", "!!python/object:os.system"])
def test_no_name_adds_a_key_to_the_metadata(name, tmp_path):
    allowed = {
        "base_model",
        "library_name",
        "license",
        "license_name",
        "metrics",
        "model-index",
        "pipeline_tag",
        "tags",
    }
    config = everywhere(name)
    config["resnet_hub"]["license"] = name
    assert set(metadata(config, tmp_path)) <= {*allowed, "datasets"}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a\nb\r\n\tc", "a b c"),
        ("a\u2028b\x00c\x1b[0m", "a b c &#91;0m"),
        ("right\u202eleft", "rightleft"),
        ("half \ud800", "half &#63;"),
        ("x" * 1000, "x" * (MAX_TEXT - 1) + "…"),
        ("www.example.com", "www&#46;example.com"),
        (3.5, "3.5"),
    ],
    ids=["line ends", "control", "direction", "surrogate", "long", "address", "number"],
)
def test_a_name_becomes_one_harmless_line(value, shown):
    assert text(value) == shown


def test_the_metadata_names_origin_data_and_licence(tmp_path):
    data = metadata(CONFIG, tmp_path)
    assert data["base_model"] == "timm/resnet18.a1_in1k"
    assert data["datasets"] == ["alice/insects"]
    assert data["license"] == "apache-2.0"
    assert data["tags"] == ["image-classification", "resnet_hub", "resnet18"]


def test_the_metrics_stand_in_the_model_index(tmp_path):
    (entry,) = metadata(CONFIG, tmp_path, repo_id="bob/ants")["model-index"]
    assert entry["name"] == "ants"
    (result,) = entry["results"]
    assert result["dataset"] == {"name": "alice/insects", "type": "alice/insects", "split": "test"}
    assert [(metric["type"], metric["value"]) for metric in result["metrics"]] == [
        ("accuracy", 0.954321),
        ("loss", 0.25),
    ]


@pytest.mark.parametrize(("timm", "library"), [(True, "timm"), (False, "resnet_hub")])
def test_only_what_timm_loads_is_called_a_timm_model(tmp_path, timm, library):
    card = model_card(CONFIG, timm_compatible=timm)
    assert loaded(card, tmp_path).data.library_name == library
    assert ("import timm" in card) is timm


@pytest.mark.parametrize("origin", ["own", "parent"])
def test_the_licence_is_the_one_that_came_with_the_weights(tmp_path, origin):
    config = run(license=None) | {"pretrained_cfg": {"license": "cc-by-nc-4.0"}} if origin == "parent" else CONFIG
    assert metadata(config, tmp_path)["license"] == {"own": "apache-2.0", "parent": "cc-by-nc-4.0"}[origin]


def test_no_licence_is_invented(tmp_path):
    card = model_card(run(license=None))
    assert "license" not in loaded(card, tmp_path).data.to_dict()
    assert "No licence was recorded" in card


def test_a_licence_the_hub_does_not_know_is_named_as_another_one(tmp_path):
    data = metadata(run(license="Uber Non-Commercial"), tmp_path)
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
def test_only_a_hub_id_is_linked_as_base_model(tmp_path, base_model, named):
    assert metadata(run(base_model=base_model), tmp_path).get("base_model") == named


@pytest.mark.parametrize(
    ("dataset", "named", "details"),
    [
        ("alice/insects:big@v1", ["alice/insects"], {"config": "big", "revision": "v1"}),
        ("/data/alice/insects", None, {}),
        ("insects.csv", None, {}),
    ],
)
def test_only_a_hub_id_is_linked_as_data_set(tmp_path, dataset, named, details):
    data = metadata(run(dataset=dataset), tmp_path)
    assert data.get("datasets") == named
    assert details.items() <= data["model-index"][0]["results"][0]["dataset"].items()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, "0.9", None, [1]])
def test_only_finite_numbers_are_results(tmp_path, value):
    assert "model-index" not in metadata(run(metrics={"top1": value}), tmp_path)


def test_results_without_a_data_set_stay_out_of_the_model_index(tmp_path):
    card = model_card(run(dataset=None))
    assert "model-index" not in loaded(card, tmp_path).data.to_dict()
    assert "| Top-1 accuracy | 0.9543 |" in card


@pytest.mark.parametrize(
    "line",
    [
        "| Top-1 accuracy | 0.9543 |",
        "Measured on alice/insects, split test, 153 pictures.",
        "| optimizer.lr | 0.001 |",
        "| time | 1.5 minutes |",
        "| hardware | 2 CPU cores |",
        "| torch | 2.15.0 |",
        "- bee",
        'classifier = ImageClassifier.from_pretrained("bob/ants")',
    ],
)
def test_the_card_says_what_the_run_recorded(line):
    assert line in model_card(CONFIG, repo_id="bob/ants").splitlines()


def test_settings_left_unset_are_not_listed():
    assert "momentum" not in model_card(CONFIG)


@pytest.mark.parametrize(
    ("place", "value", "leaked"),
    [
        ("recipe", {"hub_token": "abc123"}, "abc123"),
        ("recipe", {"logging": {"api_key": "abc123"}}, "abc123"),
        ("recipe", {"note": "hf_abcdefghijklmnop"}, "abcdefghijklmnop"),
        ("hardware", "hf_abcdefghijklmnop", "abcdefghijklmnop"),
        ("recipe", {"output": "/home/alice smith/runs/1"}, "smith"),
        ("recipe", {"output": "see C:\\Users\\alice\\runs"}, "alice"),
        ("recipe", {"files": ["~alice/x", "file:///home/alice/y"]}, "alice"),
        ("base_model", "/home/alice/net/", "alice"),
        ("dataset", "/home/alice/insects", "alice"),
    ],
)
def test_neither_secrets_nor_folders_of_the_machine_are_told(place, value, leaked):
    config = {"architecture": "resnet18", "resnet_hub": {"metrics": {"top1": 1.0}, place: value}}
    assert leaked not in model_card(config)


@pytest.mark.parametrize("repo_id", ['bob/ants")\nimport os', "../x", "a/b/c", "bob"])
def test_an_id_that_is_none_does_not_reach_the_examples(repo_id):
    assert 'from_pretrained("owner/name")' in model_card(CONFIG, repo_id=repo_id, timm_compatible=True)


def test_only_known_pictures_are_shown():
    card = model_card(CONFIG, pictures=["curves.png", "../secret.png"])
    assert "](curves.png)" in card
    assert "secret" not in card
    assert "confusion" not in card


def test_a_long_list_of_classes_is_cut():
    card = model_card({**CONFIG, "label_names": [f"class {index}" for index in range(1000)]})
    assert f"- class {MAX_CLASSES - 1}\n" in card
    assert f"- class {MAX_CLASSES}\n" not in card
    assert "and 900 more" in card


@pytest.mark.parametrize("config", [{}, {"resnet_hub": None}, {"label_names": None, "resnet_hub": {"recipe": None}}])
def test_a_config_that_says_nothing_still_gives_a_card(config, tmp_path):
    assert metadata(config, tmp_path)["library_name"] == "resnet_hub"


def test_the_fake_hub_accepts_the_card_of_a_hostile_run(fake_hub, plain_checkpoint):
    from resnet_hub.upload import push_checkpoint

    for name in HOSTILE:
        (plain_checkpoint / "README.md").write_text(model_card(everywhere(name)), "utf-8")
        push_checkpoint(plain_checkpoint, "alice/net")

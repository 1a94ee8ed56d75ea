"""`resnet-hub list` and `info`: tables, facts, JSON, old names."""

import json

import pytest

from resnet_hub import ResNet


def table_row(text, name):
    """The cells of a line, as far as no cell holds a space."""
    return next(line.split() for line in text.splitlines() if line.strip().startswith(f"{name} "))


def test_a_list_has_size_cost_depth_and_default_weights(run):
    status, text, _ = run("list", "resnet50")
    assert status == 0
    assert table_row(text, "resnet50") == [
        *("resnet50", "25.56", "4.11", "11.11", "224", "50", "19", "a1_in1k", "apache-2.0", "80.38")
    ]


def test_a_list_says_where_only_non_commercial_weights_are(run):
    _, text, _ = run("list", "resnext101_32x*d")
    assert table_row(text, "resnext101_32x16d")[6:] == ["3", "-", "only", "CC-BY-NC-4.0:", "non-commercial", "-"]
    assert table_row(text, "resnext101_32x4d")[7:] == ["gluon_in1k", "apache-2.0", "80.34"]


def test_a_network_without_published_cost_is_counted(run):
    _, text, _ = run("list", "cifar_resnet20", "resnet50t")
    assert table_row(text, "cifar_resnet20")[1:8] == ["0.27", "0.04", "0.19", "32", "20", "0", "-"]
    assert table_row(text, "resnet50t")[1:8] == ["25.57", "4.32", "11.82", "224", "52", "0", "-"]


def test_the_columns_of_a_list_are_aligned_and_plain(run):
    _, text, _ = run("list", "resnet1*", "cifar_resnet110")
    header, *lines = text.splitlines()
    assert "\x1b" not in text
    column = header.index("default")
    assert all(line[column - 2 : column] == "  " and line[column] != " " for line in lines)


def test_what_is_excluded_is_not_listed(run):
    _, text, _ = run("list", "resnet50*", "resnet18*", "--exclude", "*_*", "--exclude", "resnet18*")
    assert [line.split()[0] for line in text.splitlines()[1:]] == [
        *("resnet50", "resnet50c", "resnet50d", "resnet50s", "resnet50t")
    ]


@pytest.mark.parametrize(("pattern", "left"), [("*.fb_*", 18), ("resnet50", 1)], ids=["whole name", "architecture"])
def test_tags_are_excluded_by_either_name(run, pattern, left):
    status, text, _ = run("list", "--tags", "resnet50", "resnet18.a1_in1k", "--exclude", pattern, "--json")
    names = [row["name"] for row in json.loads(text)]
    assert status == 0
    assert "resnet18.a1_in1k" in names
    assert len(names) == left


def test_only_trained_networks_are_listed_where_that_is_asked_for(run):
    _, text, _ = run("list", "resnet50?", "--pretrained")
    assert [line.split()[0] for line in text.splitlines()[1:]] == ["resnet50c", "resnet50d", "resnet50s"]


def test_the_tags_of_a_network_are_listed_with_both_accuracies(run):
    _, text, _ = run("list", "--tags", "resnet50")
    assert table_row(text, "resnet50.a1_in1k")[1:] == ["224", "80.38", "288", "81.24", "1000", "apache-2.0"]
    assert table_row(text, "resnet50.fb_swsl_ig1b_ft_in1k")[-2:] == ["CC-BY-NC-4.0:", "non-commercial"]
    assert len(text.splitlines()) == 1 + 19


def test_tags_are_matched_by_their_whole_name(run):
    _, text, _ = run("list", "--tags", "*.tv2_in1k", "--json")
    assert {row["name"].partition(".")[2] for row in json.loads(text)} == {"tv2_in1k"}


def test_a_list_for_programs_is_json(run):
    _, text, _ = run("list", "resnet18", "--json")
    (row,) = json.loads(text)
    assert (row["architecture"], row["parameters"], row["default_tag"], row["top1"]) == (
        *("resnet18", 11689512, "a1_in1k", 71.504),
    )


def test_the_facts_of_an_architecture(run):
    status, text, _ = run("info", "resnet50")
    assert status == 0
    for part in (
        "25.56 M",
        "4.11 GMACs, 11.11 M activations at 224 x 224 px; 6.80 GMACs, 18.37 M activations at 288 x 288 px",
        "50 layers; blocks in each stage: 3, 4, 6, 3",
        "act1 64 channels at 1/2, layer1 256 channels at 1/4",
        "shortest side to 235 px (bicubic), 224 x 224 px center crop",
        "timm/resnet50.a1_in1k",
        "ImageNet top-1 80.38 % at 224 px, 81.24 % at 288 px",
        "resnet50.fb_ssl_yfcc100m_ft_in1k",
        "CC-BY-NC-4.0: non-commercial",
    ):
        assert part in text


@pytest.mark.parametrize("source", ["resnet50.fb_swsl_ig1b_ft_in1k", "timm/resnet50.fb_swsl_ig1b_ft_in1k"])
def test_the_facts_of_a_tag_need_no_hub(run, source):
    _, text, _ = run("info", source, "--json")
    facts = json.loads(text)
    assert facts["weights"]["license"] == "CC-BY-NC-4.0: non-commercial"
    assert facts["preprocessing"]["interpolation"] == "bilinear"


def test_the_facts_of_a_network_whose_bare_name_stands_for_nothing(run):
    status, text, _ = run("info", "resnext101_32x32d")
    assert status == 0
    assert "all are CC-BY-NC-4.0: non-commercial; the bare name stands for none of them" in text


def test_the_facts_of_a_checkpoint_folder(run, tiny_checkpoint):
    _, text, _ = run("info", tiny_checkpoint, "--json")
    facts = json.loads(text)
    assert (facts["architecture"], facts["num_classes"], facts["label_names"]) == (
        *("cifar_resnet20", 3, ["cat", "dog", "bird"]),
    )
    assert facts["complexity"][0]["input_size"] == [3, 32, 32]
    assert facts["features"][-1] == {"module": "layer3", "channels": 64, "reduction": 4}


def test_a_non_commercial_checkpoint_is_told_plainly(run, tiny_checkpoint):
    config = json.loads((tiny_checkpoint / "config.json").read_text())
    config["resnet_hub"]["license"] = "cc-by-nc-4.0"
    (tiny_checkpoint / "config.json").write_text(json.dumps(config))
    assert "cc-by-nc-4.0: non-commercial" in run("info", tiny_checkpoint)[1]


def test_the_facts_of_a_model_on_the_hub_cost_no_weights(run, fake_hub, tiny_checkpoint):
    ResNet.from_pretrained(tiny_checkpoint).push_to_hub("alice/tiny")
    fake_hub.state.requests.clear()
    status, text, _ = run("info", "alice/tiny")
    assert status == 0
    assert "3: cat, dog, bird" in text
    assert not [path for _, path in fake_hub.state.requests if path.endswith("model.safetensors")]


def test_an_old_name_is_answered_with_a_warning(run):
    status, text, complaints = run("info", "tv_resnet34")
    assert status == 0
    assert "timm/resnet34.tv_in1k" in text
    assert complaints == "warning: 'tv_resnet34' is an old name; write 'resnet34.tv_in1k'\n"

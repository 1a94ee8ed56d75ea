"""The catalog against timm's own: names, tags, preprocessing, licenses; and what the names stand for."""

import json

import pytest
import timm
from error_facts import Begins, code_and_fields
from published_numbers import published_numbers
from timm.data import resolve_data_config
from timm.models import get_pretrained_cfg, list_models

from resnet_hub.config import Preprocessing
from resnet_hub.errors import ConfigError
from resnet_hub.registry.architectures import IMAGENET, PREACTIVATION, architecture, list_architectures
from resnet_hub.registry.published import (
    CATALOG,
    default_tag,
    find_tag,
    is_published_name,
    published_architecture,
    published_architectures,
    published_tags,
    published_weights,
)

MODULES = ("resnet", "resnetv2")
TAGS = [tag for name in published_architectures() for tag in published_tags(name)]
NON_COMMERCIAL = [tag for tag in TAGS if tag.non_commercial]
ALIASES = json.loads(CATALOG.read_text("utf-8"))["aliases"]


def test_the_catalog_is_timm_s():
    assert published_architectures() == sorted(name for module in MODULES for name in list_models(module=module))


def test_its_weights_are_timm_s_in_timm_s_order():
    for name in published_architectures():
        expected = timm.list_pretrained(f"{name}.*") or []
        assert sorted(tag.name for tag in published_tags(name)) == sorted(expected)
    assert len(TAGS) == 174
    assert [tag.tag for tag in published_tags("resnet50")][:3] == ["a1_in1k", "a1h_in1k", "a2_in1k"]


@pytest.mark.parametrize("tested", [False, True], ids=["training", "testing"])
def test_the_preprocessing_of_a_tag_is_what_timm_resolves(tested):
    for tag in TAGS:
        theirs = resolve_data_config(pretrained_cfg=get_pretrained_cfg(tag.name).to_dict(), use_test_size=tested)
        assert (tag.test_preprocessing if tested else tag.preprocessing) == Preprocessing(**theirs), tag.name


def test_the_facts_of_a_tag_are_timm_s():
    for tag in TAGS:
        theirs = get_pretrained_cfg(tag.name)
        assert theirs.hf_hub_id in (tag.repo_id, "timm/"), tag.name
        for name in ("num_classes", "license", "first_conv", "classifier"):
            assert getattr(tag, name) == getattr(theirs, name), (tag.name, name)


def test_the_published_accuracies_are_the_table_s(data_folder):
    published = {
        (row["model"], int(row["img_size"]), float(row["crop_pct"])): float(row["top1"])
        for row in published_numbers(data_folder)
    }
    ours = {}
    for tag in TAGS:
        for top1, fed in ((tag.top1, tag.preprocessing), (tag.test_top1, tag.test_preprocessing)):
            if top1 is not None:
                ours[tag.name, fed.input_size[1], fed.crop_pct] = top1
    assert ours == published


def test_fifteen_tags_are_for_non_commercial_use_and_say_so():
    assert len(NON_COMMERCIAL) == 15
    assert {tag.terms for tag in NON_COMMERCIAL} == {"CC-BY-NC-4.0: non-commercial"}


def test_the_architectures_have_the_same_names():
    assert {*IMAGENET, *PREACTIVATION} == set(published_architectures())


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("resnet50", "a1_in1k"),
        ("resnet101", "a1h_in1k"),
        ("resnet50d", "ra2_in1k"),
        ("resnext101_32x4d", "gluon_in1k"),
        ("resnetv2_50x1_bit", "goog_distilled_in1k"),
    ],
)
def test_a_bare_name_stands_for_its_first_weights_that_allow_commercial_use(name, tag):
    assert default_tag(name) == find_tag(f"{name}.{tag}") == published_weights(name)


def test_no_bare_name_stands_for_non_commercial_weights():
    for name in published_architectures():
        chosen = published_architecture(name).default
        assert chosen is None or (chosen.license in ("apache-2.0", "bsd-3-clause") and chosen.num_classes == 1000), name


@pytest.mark.parametrize("name", ["resnext101_32x16d", "resnext101_32x32d"])
def test_a_network_with_non_commercial_weights_only_asks_for_the_whole_name(name):
    with pytest.raises(ConfigError) as refused:
        default_tag(name)
    assert (refused.value.code, refused.value.fields["name"]) == ("registry.non_commercial", name)
    assert f"write it out: '{name}.fb_wsl_ig1b_ft_in1k'" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "code", "expected"),
    [
        (
            "resnet5O",
            "registry.no_published_weights",
            {"name": "resnet5O", "nearest": "'resnet50', 'resnet50s', 'resnet50d'"},
        ),
        ("ResNet50", "registry.no_published_weights", {"name": "ResNet50", "nearest": Begins("'resnet50', ")}),
        (
            "cifar_resnet20",
            "registry.no_published_weights",
            {"name": "cifar_resnet20", "nearest": Begins("'")},
        ),
        ("resnet50t", "registry.untrained", {"name": "resnet50t"}),
        (
            "resnet50.a1_in1",
            "registry.no_tag",
            {
                "name": "resnet50.a1_in1",
                "nearest": "'resnet50.a1_in1k', 'resnet50.a1h_in1k', 'resnet50.ra_in1k'",
                "owner": "timm",
            },
        ),
        (
            "resnet5O.a1_in1k",
            "registry.no_tag",
            {"name": "resnet5O.a1_in1k", "nearest": Begins("'resnet50.a1_in1k', "), "owner": "timm"},
        ),
    ],
)
def test_a_name_that_leads_nowhere_gets_the_nearest(name, code, expected):
    with pytest.raises(ConfigError) as refused:
        published_weights(name)
    assert code_and_fields(refused.value) == (code, expected)


@pytest.mark.parametrize("name", ["resnet50.a9_in1k", "resnet5O.a1_in1k", "resnet51"])
def test_three_names_are_enough(name):
    with pytest.raises(ConfigError) as refused:
        published_weights(name)
    assert len(refused.value.fields["nearest"].split(", ")) == 3


@pytest.mark.parametrize(("old", "new"), ALIASES.items(), ids=ALIASES)
def test_an_old_name_leads_to_the_new_one_with_a_warning(old, new):
    with pytest.warns(FutureWarning, match=f"'{old}' is an old name; write '{new}'"):
        found = published_weights(old)
    assert found == published_weights(new)


def test_the_old_names_are_timm_s():
    from timm.models._registry import _deprecated_models

    names = set(published_architectures())
    theirs = {old: new for old, new in _deprecated_models.items() if new.partition(".")[0] in names}
    misleading = {"ig_resnext101_32x16d", "ig_resnext101_32x32d", "ig_resnext101_32x48d"}
    assert {old: new for old, new in theirs.items() if old not in misleading} == ALIASES
    assert misleading <= set(theirs)


def test_an_old_name_of_non_commercial_weights_says_so():
    with pytest.warns(FutureWarning, match=r"'resnet50.fb_swsl_ig1b_ft_in1k' \(CC-BY-NC-4.0: non-commercial\)"):
        default_tag("swsl_resnet50")


@pytest.mark.parametrize("width", ["16d", "32d", "48d"])
def test_an_old_name_under_which_timm_gives_another_network_is_refused(width):
    with pytest.raises(ConfigError) as refused:
        published_weights(f"ig_resnext101_32x{width}")
    assert (refused.value.code, refused.value.fields["name"]) == (
        "registry.misleading_name",
        f"ig_resnext101_32x{width}",
    )
    for name in str(refused.value.fields["names"]).split(" or "):
        assert find_tag(name.strip("'")).non_commercial


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("resnet50", True), ("resnet50.a1_in1k", True), ("a/b", False), ("", False), ("a b", False), ("x.y.z", False)],
)
def test_the_form_of_a_name(text, is_one):
    assert is_published_name(text) is is_one


def test_the_catalog_stays_small_and_has_a_line_for_each_tag():
    text = CATALOG.read_text("utf-8")
    assert len(text) < 150_000
    assert sum('"input_size"' in line for line in text.splitlines()) == text.count('"input_size"') == 199


def test_only_trained_networks_are_listed_where_that_is_asked_for():
    trained = list_architectures("resnet50*", pretrained=True)
    assert "resnet50t" in list_architectures("resnet50*")
    assert "resnet50t" not in trained
    assert all(published_tags(name) for name in trained)


@pytest.mark.parametrize("exclude", ["*d", ["*d", "nothing*"]], ids=["one", "several"])
def test_patterns_can_be_left_out_of_a_list(exclude):
    assert list_architectures(["resnet18*", "resnet34*"], exclude=exclude) == ["resnet18", "resnet34"]


def test_weights_go_to_the_network_of_their_name():
    for name in list_architectures(pretrained=True):
        assert architecture(name).architecture == default_or_first(name).architecture


def default_or_first(name):
    return published_architecture(name).default or published_tags(name)[0]

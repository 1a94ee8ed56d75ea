"""A name -> a network: what it returns, and what contradicts; test_resnet.py has the options."""

import pytest
import torch
from error_facts import Begins, code_and_fields
from random_weights import assert_equal, lively

from resnet_hub import AutoResNet, FeatureNetwork, ResNet, ResNetV2, create_model
from resnet_hub.errors import ConfigError

IMAGES = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("features_only", "kind"), [(False, ResNet), (True, FeatureNetwork)])
def test_features_only_decides_what_comes(features_only, kind):
    assert type(create_model("test_resnet", features_only=features_only)) is kind


def test_levels_without_features_only_are_refused():
    with pytest.raises(ConfigError) as refused:
        create_model("test_resnet", out_indices=(1, 2))
    assert code_and_fields(refused.value) == ("models.levels_of_logits", {"indices": (1, 2)})


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(ConfigError) as refused:
        create_model("resnet_18")
    assert code_and_fields(refused.value) == (
        "registry.no_architecture",
        {"name": "resnet_18", "nearest": Begins("'resnet18'")},
    )


@pytest.fixture
def published(fake_hub, monkeypatch):
    """Puts a network on the Hub under the name of published weights, and returns it."""

    def put(name, repo_id, **options):
        with monkeypatch.context() as patch:
            patch.setenv("HF_TOKEN", fake_hub.state.add_account("timm"))
            model = lively(name, **options)
            model.push_to_hub(repo_id)
        return model

    return put


def test_pretrained_loads_the_weights_that_the_name_stands_for(published, tmp_path, monkeypatch):
    theirs = published("test_resnet", "timm/test_resnet.r160_in1k", num_classes=4)
    (tmp_path / "test_resnet").mkdir()  # a folder of that name is not meant
    monkeypatch.chdir(tmp_path)
    for name in ("test_resnet", "test_resnet.r160_in1k", "hf-hub:timm/test_resnet.r160_in1k"):
        model = create_model(name, pretrained=True)
        assert model.training
        assert_equal(model.eval()(IMAGES), theirs.eval()(IMAGES))


def test_pretrained_weights_get_the_head_the_input_and_the_options_that_are_asked_for(published, caplog):
    published("test_resnet", "timm/test_resnet.r160_in1k")
    model = create_model("test_resnet", pretrained=True, num_classes=2, in_chans=1, drop_rate=0.5)
    assert (model.num_classes, model.config.in_chans, model.config.drop_rate) == (2, 1, 0.5)
    assert "new head of 2 classes, random until trained" in caplog.text
    assert model(IMAGES[:, :1]).shape == (2, 2)
    assert create_model("test_resnet", pretrained=True, label_names=("a", "b", "c")).label_names == ("a", "b", "c")


def test_feature_maps_of_pretrained_weights_are_those_of_the_network(published):
    theirs = published("test_resnet", "timm/test_resnet.r160_in1k").eval()
    model = create_model("test_resnet", pretrained=True, features_only=True, out_indices=(1, -1)).eval()
    first, last = model(IMAGES)
    assert first.shape[1:] == (model.feature_info.channels()[0], 8, 8)
    assert_equal(last, theirs.forward_features(IMAGES))


@pytest.mark.parametrize("asked", [ResNet, AutoResNet])
def test_a_network_of_another_family_comes_as_that(published, asked):
    published("resnetv2_18", "timm/resnetv2_18.ra4_e3600_r224_in1k", depths=(1, 1), widths=(8, 16), stem_width=8)
    assert type(create_model("resnetv2_18", pretrained=True)) is ResNetV2
    assert type(asked.from_pretrained("resnetv2_18")) is ResNetV2


@pytest.mark.parametrize(
    ("name", "code", "expected"),
    [
        ("", "hub.no_id", {"source": ""}),
        (
            "resnet_18",
            "registry.no_published_weights",
            {"name": "resnet_18", "nearest": Begins("'resnet18'")},
        ),
        (
            "resnet18.none",
            "registry.no_tag",
            {
                "name": "resnet18.none",
                "nearest": Begins("'resnet18."),
                "owner": "timm",
            },
        ),
        ("seresnet18", "registry.untrained", {"name": "seresnet18"}),
    ],
)
def test_pretrained_without_published_weights_is_refused(fake_hub, name, code, expected):
    with pytest.raises(ConfigError) as refused:
        create_model(name, pretrained=True)
    assert code_and_fields(refused.value) == (code, expected)
    assert not fake_hub.state.requests


def test_the_door_to_all_families_is_no_network():
    with pytest.raises(ConfigError) as refused:
        AutoResNet(create_model("test_resnet").config)
    assert code_and_fields(refused.value) == (
        "nn.other_family",
        {"architecture": "test_resnet", "family": "resnet", "kind": "AutoResNet"},
    )

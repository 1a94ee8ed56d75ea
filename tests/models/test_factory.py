"""A name -> a network: what it returns, and what contradicts; test_resnet.py has the options."""

import pytest

from resnet_hub import FeatureNetwork, ResNet, create_model
from resnet_hub.errors import ConfigError


@pytest.mark.parametrize(("features_only", "kind"), [(False, ResNet), (True, FeatureNetwork)])
def test_features_only_decides_what_comes(features_only, kind):
    assert type(create_model("test_resnet", features_only=features_only)) is kind


def test_levels_without_features_only_are_refused():
    with pytest.raises(ConfigError, match=r"out_indices=\(1, 2\) chooses feature maps, so it needs features_only=True"):
        create_model("test_resnet", out_indices=(1, 2))


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="there is no architecture 'resnet_18'; the nearest are 'resnet18'"):
        create_model("resnet_18")

"""Every network of timm in full, the large ones as well: `make parity` runs these, `make test` does not."""

import pytest
import timm
import torch
from random_weights import LARGE, assert_equal, random_state, without_storage
from timm.models._features import FeatureListNet

from resnet_hub import FeatureNetwork, create_model
from resnet_hub.registry.architectures import IMAGENET, PREACTIVATION

pytestmark = pytest.mark.parity

# None is all; a number is the last n.
INDICES = [None, [0, 2, -1], [1, -2], [4], 1, 3]
# Two images of different contrast, so that a mix-up shows; sides that every kind of pooling takes.
IMAGES = torch.randn(2, 3, 128, 192, generator=torch.Generator().manual_seed(1))
IMAGES[1] *= 4


@pytest.fixture(scope="module", params=[*IMAGENET, *PREACTIVATION])
def pair(request):
    """Ours and timm's network of one name on the same weights."""
    ours, theirs = without_storage(create_model, request.param), without_storage(timm.create_model, request.param)
    theirs.load_state_dict(random_state(theirs), strict=True, assign=True)
    ours.load_state_dict(theirs.state_dict(), strict=True, assign=True)
    return ours, theirs


def test_logits_features_and_pooled_features_are_those_of_timm(pair):
    ours, theirs = pair
    with torch.inference_mode():
        features, their_features = ours.forward_features(IMAGES), theirs.forward_features(IMAGES)
        assert_equal(features, their_features)
        for pre_logits in (False, True):
            assert_equal(ours.forward_head(features, pre_logits), theirs.forward_head(their_features, pre_logits))
        logits = ours(IMAGES)
        assert_equal(logits, theirs(IMAGES))
    assert logits[0].sub(logits[1]).abs().max() > 0.01 * logits.abs().max()


def test_chosen_levels_give_the_maps_of_timm(pair):
    ours, theirs = pair
    small = IMAGES[:, :, :32, :64]
    choices = INDICES[:2] if ours.config.architecture in LARGE else INDICES
    with torch.inference_mode():
        for indices in choices:
            levels = ours.forward_intermediates(small, indices, intermediates_only=True)
            their_levels = theirs.forward_intermediates(small, indices, intermediates_only=True)
            for level, their_level in zip(levels, their_levels, strict=True):
                assert_equal(level, their_level)


def test_a_feature_network_has_the_maps_and_the_tensors_of_timm(pair):
    ours, theirs = pair
    small, nested = IMAGES[:, :, :32, :64], ours.config.family == "resnetv2"
    choices = [(0, 1, 2, 3, 4), *INDICES[1:]]
    for out_indices in choices[:2] if ours.config.architecture in LARGE else choices:
        network = FeatureNetwork(ours, out_indices)
        their_network = FeatureListNet(theirs, out_indices, flatten_sequential=nested)
        assert list(network.state_dict()) == list(their_network.state_dict())
        with torch.inference_mode():
            for level, their_level in zip(network(small), their_network(small), strict=True):
                assert_equal(level, their_level)

"""Sheets of feature maps."""

import numpy as np
import pytest
import torch
from explained import NETWORKS, lively_classifier, noise

from resnet_hub.errors import ConfigError
from resnet_hub.explain.blocks.stage_maps import feature_maps
from resnet_hub.explain.saliency.colormap import colored
from resnet_hub.explain.saliency.target import Target

pytestmark = pytest.mark.usefixtures("fixed_seed")


@pytest.mark.parametrize(("name", "options"), NETWORKS.values(), ids=NETWORKS)
def test_each_stage_has_a_sheet_of_one_size(name, options):
    classifier = lively_classifier(name, **options)
    stages = feature_maps(classifier, noise(classifier))
    info = classifier.model.feature_info
    assert [stage.name for stage in stages] == ["stem", *(level["module"] for level in info[1:])]
    assert [stage.channels for stage in stages] == [level["num_chs"] for level in info]
    assert [stage.height for stage in stages] == [noise(classifier).shape[1] // level["reduction"] for level in info]
    assert {stage.sheet.size for stage in stages} == {(396, 196)}
    assert all(len(set(stage.shown)) == 8 for stage in stages)


def test_the_first_map_is_the_one_that_differs_most_from_place_to_place():
    classifier = lively_classifier()
    pixels = noise(classifier)
    stem = feature_maps(classifier, pixels, per_stage=3)[0]
    with torch.no_grad():
        maps = classifier.model.forward_intermediates(Target(classifier, pixels, 0).images(), [0])[1][0][0]
    inner = maps[:, 1:-1, 1:-1].flatten(1).std(1)
    assert stem.shown == tuple(inner.argsort(descending=True)[:3].tolist())
    values = maps[stem.shown[0]].numpy()
    values = (values - values.min()) / (values.max() - values.min())
    tile = np.asarray(stem.sheet)[:96, :96]
    assert np.array_equal(tile[1::3, 1::3, :3], colored(values))  # each of the 32 x 32 numbers is a square of 3 pixels
    assert (tile[:, :, 3] == 255).all()


def test_fewer_maps_than_places_leave_the_rest_transparent():
    classifier = lively_classifier()
    stages = feature_maps(classifier, noise(classifier), per_stage=20)
    assert len(stages[0].shown) == 16
    assert stages[0].sheet.size == (396, 496)
    assert not np.asarray(stages[0].sheet)[400:, :, 3].any()


def test_maps_keep_their_shape_and_one_number_is_a_map_too():
    classifier = lively_classifier("test_resnet")
    stages = feature_maps(classifier, noise(classifier, (64, 32)))
    assert [(stage.height, stage.width) for stage in stages][-1] == (2, 1)
    alpha = np.asarray(stages[-1].sheet)[:96, :96, 3]
    assert alpha.any(axis=0).sum() == 48


def test_a_image_of_one_color_gives_maps_without_a_nan():
    classifier = lively_classifier()
    for stage in feature_maps(classifier, torch.full((3, 32, 32), 124, dtype=torch.uint8)):
        assert stage.sheet.size == (396, 196)


@pytest.mark.parametrize("count", [0, 65, 2.5])
def test_an_impossible_number_of_maps_is_refused(count):
    classifier = lively_classifier()
    with pytest.raises(ConfigError, match=r"per_stage=.* from 1 to 64"):
        feature_maps(classifier, noise(classifier), per_stage=count)

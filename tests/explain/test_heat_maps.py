"""Heat maps: values for every kind of network, and nothing left behind in it."""

import copy
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from error_facts import code_and_fields
from explained import COLORS, NETWORKS, lively_classifier, noise, square, square_classifier

from resnet_hub.classifier import ImageClassifier
from resnet_hub.errors import ConfigError
from resnet_hub.explain.saliency.heat_maps import METHODS, heat_map
from resnet_hub.explain.saliency.localization import Place, evidence_place
from resnet_hub.preprocessing.pixels import open_image, to_pixels

pytestmark = pytest.mark.usefixtures("fixed_seed")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("name", "options"), NETWORKS.values(), ids=NETWORKS)
def test_a_map_covers_the_image_and_its_strongest_place_is_1(name, options, method):
    classifier = lively_classifier(name, **options)
    pixels = noise(classifier)
    # Of two classes that a linear head tells apart, the map of one at least is not empty.
    maps = [heat_map(classifier, pixels, index, method) for index in range(2)]
    for one in maps:
        assert one.values.shape == pixels.shape[1:]
        assert one.values.dtype == np.float32
        assert one.values.min() >= 0
        assert one.values.max() == (0 if one.is_empty else 1)
    assert not all(one.is_empty for one in maps)
    assert [one.class_index for one in maps] == [0, 1]


@pytest.mark.parametrize("method", METHODS)
def test_the_image_may_have_any_size(method):
    classifier = lively_classifier("test_resnet")
    assert heat_map(classifier, noise(classifier, (70, 45)), 0, method).values.shape == (70, 45)


@pytest.mark.parametrize("method", METHODS)
def test_weights_of_half_precision_give_nearly_the_same_map(method):
    full = square_classifier()
    half = ImageClassifier(copy.deepcopy(full.model).to(torch.bfloat16), device="cpu")
    pixels = to_pixels(square(COLORS[0], 10, 10, side=8), full.preprocessing)
    maps = [heat_map(classifier, pixels, 0, method).values for classifier in (full, half)]
    assert np.corrcoef(maps[0].ravel(), maps[1].ravel())[0, 1] > 0.95


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("left", "top", "place"), [(0, 0, Place.UPPER_LEFT), (20, 20, Place.LOWER_RIGHT), (10, 10, Place.CENTER)]
)
def test_a_trained_network_looks_at_the_square(left, top, place, method):
    classifier = square_classifier()
    one = heat_map(classifier, to_pixels(square(COLORS[1], left, top), classifier.preprocessing), 1, method)
    assert (one.label, evidence_place(one)) == ("blue", place)
    assert one.score > 0.5


def test_only_occlusion_tells_how_far_the_score_falls():
    classifier = square_classifier()
    pixels = to_pixels(square(COLORS[1], 10, 10), classifier.preprocessing)
    maps = [heat_map(classifier, pixels, 1, method) for method in METHODS]
    assert [one.largest_drop for one in maps[:2]] == [None, None]
    assert 1e-4 < maps[2].largest_drop < maps[2].score


@pytest.mark.parametrize("method", METHODS)
def test_where_nothing_speaks_for_the_class_the_map_is_empty_and_says_so(method):
    classifier = lively_classifier()
    with torch.no_grad():
        classifier.model.get_classifier().weight.zero_()
    one = heat_map(classifier, noise(classifier), 0, method)
    assert one.is_empty
    assert one.largest_drop in (None, 0.0)
    assert evidence_place(one) is Place.NOWHERE


def test_an_unknown_method_is_refused():
    classifier = lively_classifier()
    with pytest.raises(ConfigError) as refused:
        heat_map(classifier, noise(classifier), 0, "magic")
    assert code_and_fields(refused.value) == (
        "checks.unknown_choice",
        {"name": "method", "value": "magic", "choices": "'grad-cam', 'hires-cam', 'occlusion'"},
    )


def test_the_network_is_as_it_was_and_threads_do_not_meet():
    classifier = lively_classifier("test_resnet")
    pixels = noise(classifier)
    state = {name: tensor.clone() for name, tensor in classifier.model.state_dict().items()}
    jobs = [(index, method) for index in range(5) for method in METHODS]
    alone = [heat_map(classifier, pixels, *job).values for job in jobs]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda job: heat_map(classifier, pixels, *job).values, jobs))
    assert all(np.array_equal(*pair) for pair in zip(alone, together, strict=True))
    assert all(torch.equal(tensor, state[name]) for name, tensor in classifier.model.state_dict().items())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in classifier.model.parameters())
    assert not any(module._forward_hooks or module._backward_hooks for module in classifier.model.modules())


@pytest.mark.parametrize("method", METHODS)
def test_a_photograph_has_its_evidence_in_some_places_only(data_folder, method):
    classifier = ImageClassifier.from_pretrained(data_folder / "weights" / "resnet18-imagenet", device="cpu")
    photograph = next((data_folder / "imagenet_samples").glob("*bullfrog*"))
    pixels = to_pixels(open_image(photograph), classifier.preprocessing)
    one = heat_map(classifier, pixels, classifier(photograph)[0].index, method)
    assert one.label == "bullfrog"
    # The head of the frog fills the right half. Of occlusion the maximum lies a few pixels lower, most of it does not.
    assert evidence_place(one) is Place.RIGHT
    assert (one.values < 0.2).mean() > 0.4

"""Heat maps: numbers, the word for the place, and colors over an image."""

import copy
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from error_facts import code_and_fields
from explained import COLORS, NETWORKS, lively_classifier, noise, square, square_classifier
from PIL import Image

from resnet_hub.classifier import ImageClassifier
from resnet_hub.errors import ConfigError
from resnet_hub.explain.colormap import colored
from resnet_hub.explain.heat_maps import METHODS, HeatMap, Place, evidence_place, heat_map, overlay
from resnet_hub.preprocessing import open_image, to_pixels

pytestmark = pytest.mark.usefixtures("fixed_seed")


def found(values, **options):
    """A heat map of these values."""
    return HeatMap(np.asarray(values, dtype=np.float32), 0, "red", 0.5, "hires-cam", **options)


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


@pytest.mark.parametrize(("row", "column"), [(row, column) for row in range(3) for column in range(3)])
def test_a_spot_is_where_it_is(row, column):
    values = np.full((30, 60), 0.1)
    values[10 * row + 3 : 10 * row + 7, 20 * column + 5 : 20 * column + 15] = 1
    words = [["upper", "left"], ["center"], ["lower", "right"]]
    word = "_".join(
        part for part in (words[row][0] if row != 1 else "", words[column][-1] if column != 1 else "") if part
    )
    assert evidence_place(found(values)) == (word or "center")


def test_evidence_in_opposite_corners_is_everywhere():
    values = np.zeros((30, 30))
    values[:5, :5] = values[-5:, -5:] = 1
    assert evidence_place(found(values)) is Place.EVERYWHERE
    assert evidence_place(found(np.ones((30, 30)))) is Place.EVERYWHERE


def test_the_overlay_goes_from_the_image_to_the_colors():
    values = np.linspace(0, 1, 32 * 32).reshape(32, 32)
    image = square(COLORS[0], 5, 5)
    assert np.array_equal(overlay(image, found(values), 0), image)
    assert np.array_equal(overlay(image, found(values), 1), colored(values.astype(np.float32)))
    half = np.asarray(overlay(image, found(values), 0.5), dtype=float)
    assert np.abs(half - (np.asarray(image, dtype=float) + colored(values)) / 2).max() <= 1


def test_the_overlay_has_the_size_and_colors_of_an_image():
    gray = Image.new("L", (50, 20), 200)
    over = overlay(gray, found(np.ones((32, 32))), 0.3)
    assert (over.size, over.mode) == ((50, 20), "RGB")


@pytest.mark.parametrize("opacity", [-0.1, 1.5, "much"])
def test_an_impossible_opacity_is_refused(opacity):
    with pytest.raises(ConfigError, match="out of range; expected a number from 0 to 1"):
        overlay(square(COLORS[0], 0, 0), found(np.ones((32, 32))), opacity)


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
    assert evidence_place(one) is Place.RIGHT  # the frog's head, which fills the right half
    assert (one.values < 0.2).mean() > 0.4

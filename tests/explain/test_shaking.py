"""A shaken image: what does not change it changes no score, and each change is the one that its name says."""

import math

import pytest
import torch
from error_facts import code_and_fields
from explained import lively_classifier, noise

from resnet_hub.errors import ConfigError, ImageError
from resnet_hub.explain import SHAKES, ShakeCurve, shake_curve, shaken


def gradient(height=24, width=32):
    """An image whose red grows to the right, its green downwards."""
    across = torch.linspace(0, 250, width).expand(height, width)
    down = torch.linspace(0, 250, height)[:, None].expand(height, width)
    return torch.stack([across, down, torch.full((height, width), 90.0)]).round().to(torch.uint8)


@pytest.mark.parametrize("kind", [kind for kind, shake in SHAKES.items() if shake.still is not None])
def test_no_change_leaves_every_score_as_it_is(kind):
    classifier = lively_classifier()
    pixels = noise(classifier)
    assert torch.equal(shaken(pixels, kind, SHAKES[kind].still), pixels)
    curve = shake_curve(classifier, pixels, kind, 5)
    row = curve.scores[curve.amounts.index(SHAKES[kind].still)]
    torch.testing.assert_close(row, classifier.scores_of(pixels[None])[0], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 3, 4, 13])
@pytest.mark.parametrize("kind", [kind for kind in SHAKES if kind != "jpeg"])
def test_images_of_any_channels_and_shape_keep_them_to_the_ends(kind, channels):
    pixels = torch.randint(0, 256, (channels, 17, 30), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    for amount in (SHAKES[kind].low, SHAKES[kind].high):
        changed = shaken(pixels, kind, amount)
        assert (changed.shape, changed.dtype) == (pixels.shape, torch.uint8)


def test_a_quarter_turn_is_counterclockwise_and_what_comes_from_outside_has_the_mean_color():
    square = gradient(32, 32)
    assert (shaken(square, "rotation", 90).int() - square.rot90(1, (1, 2)).int()).abs().max() <= 1
    assert (shaken(square, "rotation", 180).int() - square.rot90(2, (1, 2)).int()).abs().max() <= 1
    corner = shaken(gradient(), "rotation", 45, mean=(0.2, 0.4, 0.6))[:, 0, 0]
    assert corner.tolist() == [51, 102, 153]


def test_a_turn_does_not_shear_what_is_not_square():
    wide = torch.zeros(3, 40, 80, dtype=torch.uint8)
    wide[:, 10:30, 30:50] = 255
    assert int((shaken(wide, "rotation", 30, (0, 0, 0)) > 127).sum()) == pytest.approx(3 * 400, rel=0.03)


def test_blur_keeps_the_mean_and_takes_the_contrast():
    board = torch.arange(64).remainder(2).mul(255).to(torch.uint8).expand(3, 64, 64)
    blurred = shaken(board, "blur", 5).float()
    assert blurred.mean() == pytest.approx(127.5, abs=1)
    assert blurred.std() < 2


def test_noise_is_the_same_each_time_and_grows_with_the_amount():
    gray = torch.full((3, 50, 50), 128, dtype=torch.uint8)
    assert torch.equal(shaken(gray, "noise", 20), shaken(gray, "noise", 20))
    for amount in (5, 20):
        assert shaken(gray, "noise", amount).float().std() == pytest.approx(amount, rel=0.05)


def test_brightness_and_crop_do_what_they_say():
    assert shaken(gradient(), "brightness", 0).max() == 0
    assert torch.equal(shaken(gradient(), "brightness", 50), (gradient().float() / 2).round().to(torch.uint8))
    middle = shaken(gradient(40, 40), "crop", 50)[0].float()
    assert (middle.min(), middle.max()) == (pytest.approx(64, abs=4), pytest.approx(186, abs=4))


def test_a_worse_jpeg_is_further_from_the_image():
    image = gradient(64, 64)
    off = [(shaken(image, "jpeg", quality).float() - image.float()).square().mean() for quality in (1, 30, 100)]
    assert off[0] > off[1] > off[2]
    assert shaken(image[:1], "jpeg", 50).shape == (1, 64, 64)


@pytest.mark.parametrize("kind", SHAKES)
def test_a_curve_goes_from_end_to_end_and_names_its_best_classes(kind):
    classifier = lively_classifier()
    curve = shake_curve(classifier, noise(classifier), kind, 4)
    assert (curve.amounts[0], curve.amounts[-1]) == (SHAKES[kind].low, SHAKES[kind].high)
    assert list(curve.amounts) == sorted(set(curve.amounts))
    assert curve.scores.shape == (4, 5)
    best = curve.best(2)
    assert curve.scores[:, best[0]].max() == curve.scores.max()
    assert len(set(best)) == 2


def test_what_cannot_be_shaken_is_refused():
    for kind, amount, name in (("wobble", 1, "kind"), ("blur", 99, "amount"), ("blur", math.nan, "amount")):
        with pytest.raises(ConfigError, match=name):
            shaken(gradient(), kind, amount)
    with pytest.raises(ImageError):
        shaken(gradient()[None], "blur", 1)
    with pytest.raises(ConfigError) as raised:
        shaken(torch.zeros(4, 8, 8, dtype=torch.uint8), "jpeg", 50)
    assert code_and_fields(raised.value) == ("explain.no_jpeg", {"channels": 4})


def test_the_range_in_which_the_answer_stays_ends_where_another_class_is_best():
    best = [1, 0, 2, 2, 2, 0]
    scores = torch.nn.functional.one_hot(torch.tensor(best), 3).float()
    assert ShakeCurve("brightness", (0, 50, 100, 150, 200, 300), scores).steady == (2, 100, 200)
    assert ShakeCurve("blur", (0, 1, 2, 3, 4, 5), scores).steady == (1, 0, 0)
    assert ShakeCurve("jpeg", (1, 20, 40, 60, 80, 100), scores).steady == (0, 100, 100)

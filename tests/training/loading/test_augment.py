"""What training changes about an image, and that evaluation changes nothing."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from error_facts import code_and_fields
from PIL import Image

from resnet_hub import Preprocessing
from resnet_hub.errors import ConfigError
from resnet_hub.preprocessing.pixels import normalize, to_pixels
from training.loading.augment import Crops, EvalTransform, TrainTransform, prepare_batch, to_views
from training.settings.recipe import FinetuneRecipe

SMALL = Preprocessing(input_size=(3, 32, 48), crop_pct=1.0)


@pytest.fixture
def photo():
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8))


def view(transform, image, seed):
    """What the network sees of an image."""
    return views(transform, [image], [seed])[0]


def views(transform, images, seeds, shared=False):
    """What the network sees of a batch."""
    draws = [transform.draw(seed, 1, 0) for seed in seeds]
    parts = [transform.cut(transform.prepare(image), one) for image, one in zip(images, draws, strict=True)]
    return to_views(transform.gather(parts, np.stack(draws), shared=shared))


def test_the_same_random_numbers_give_the_same_view_and_others_another(photo):
    transform = TrainTransform(SMALL, min_crop_area=0.3, shift=0, flip=True)
    first, same, other = (view(transform, photo, seed) for seed in (1, 1, 2))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("on_device", [False, True])
def test_a_view_has_the_shape_and_type_that_the_network_takes(photo, channels, on_device):
    transform = TrainTransform(SMALL.with_channels(channels), 0.5, 0, flip=False, resampled_on_device=on_device)
    seen = view(transform, photo, 0)
    assert (seen.shape, seen.dtype) == ((channels, 32, 48), torch.uint8)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos"])
def test_a_crop_that_is_resampled_on_the_device_is_the_one_of_the_loader(interpolation):
    rows = np.stack([np.add.outer(np.arange(90), np.arange(61)) % 251 for _ in range(3)], -1).astype(np.uint8)
    images = [Image.fromarray(rows[: 40 + seed]) for seed in range(20)]
    preprocessing = replace(SMALL, interpolation=interpolation)
    plain = TrainTransform(preprocessing, 0.3, 0, flip=True)
    on_device = replace(plain, resampled_on_device=True)
    found, other = (views(transform, images, range(20)).int() for transform in (plain, on_device))
    if interpolation == "nearest":  # between two pixels Pillow takes either
        assert (found != other).float().mean() < 0.05
    else:
        assert (found - other).abs().max() <= 3
        assert (found - other).abs().float().mean() < 0.05


POLICIES = ("none", "trivialaugment", "rand-m9-mstd0.5", "augmix-m3-w3", "3a")


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("shift", [0, 2], ids=["crops", "shifts"])
@pytest.mark.parametrize("on_device", [False, True])
def test_a_view_does_not_depend_on_its_batch_nor_on_where_the_memory_is(photo, policy, shift, on_device):
    size = Preprocessing(input_size=(3, 24, 24))
    recipe = FinetuneRecipe(dataset="d", auto_augment=policy, random_erasing=0.5, shift=shift)
    transform = TrainTransform.of(recipe, size, resampled_on_device=on_device)
    together = views(transform, [photo] * 8, range(8))
    assert (together.shape, together.dtype) == ((8, 3, 24, 24), torch.uint8)
    assert torch.equal(together, views(transform, [photo] * 8, range(8), shared=True))
    for seed in range(8):
        assert torch.equal(view(transform, photo, seed), together[seed])
    assert len({one.numpy().tobytes() for one in together}) == 8


@pytest.mark.parametrize("policy", POLICIES)
def test_gray_views_stay_gray(photo, policy):
    size = Preprocessing(input_size=(3, 24, 24)).with_channels(1)
    transform = TrainTransform.of(FinetuneRecipe(dataset="d", auto_augment=policy, random_erasing=0.5), size)
    assert views(transform, [photo] * 4, range(4)).shape == (4, 1, 24, 24)


def test_a_batch_that_is_looked_at_twice_is_the_same(photo):
    transform = TrainTransform(SMALL, 0.3, shift=0, flip=True, random_erasing=1.0, color_jitter=0.4)
    draws = transform.draw(0, 1, 0)
    batch = transform.gather([transform.cut(photo, draws)], draws[None])
    assert isinstance(batch, Crops)
    assert torch.equal(to_views(batch), to_views(batch))


def test_color_jitter_changes_colors_and_refuses_channels_that_have_none(photo):
    recipe = FinetuneRecipe(dataset="d", color_jitter=0.4, min_crop_area=1.0, flip=False)
    plain = TrainTransform.of(replace(recipe, color_jitter=0.0), SMALL)
    first, changed = (
        views(transform, [photo] * 6, range(6)) for transform in (plain, TrainTransform.of(recipe, SMALL))
    )
    assert all(not torch.equal(*pair) for pair in zip(first, changed, strict=True))
    with pytest.raises(ConfigError) as refused:
        TrainTransform.of(recipe, SMALL.with_channels(5))
    assert code_and_fields(refused.value) == ("loading.jitter_of_colors", {"channels": 5})


def test_a_rectangle_of_the_mean_color_is_erased_as_often_as_asked_for(photo):
    plain = TrainTransform(SMALL, 1.0, shift=0, flip=False)
    before, after = (views(one, [photo] * 400, range(400)) for one in (plain, replace(plain, random_erasing=0.25)))
    gone = (before != after).any(1)
    erased = gone.any(2).any(1)
    assert 70 < erased.sum() < 130
    color = torch.tensor([124, 116, 104], dtype=torch.uint8)[:, None]
    for image, where in zip(after[erased], gone[erased], strict=True):
        assert (image[:, where] == color).all()
        assert 0.01 < where.float().mean() < 0.35


def test_half_of_the_views_are_mirrored_when_flipping_is_on(photo):
    plain = TrainTransform(SMALL, 1.0, shift=0, flip=False)
    flipping = TrainTransform(SMALL, 1.0, shift=0, flip=True)
    mirrored = 0
    for seed in range(200):
        seen, other = (view(one, photo, seed) for one in (plain, flipping))
        assert torch.equal(seen, other) or torch.equal(seen.flip(-1), other)
        mirrored += not torch.equal(seen, other)
    assert 70 < mirrored < 130


def test_a_shift_moves_the_evaluation_view_by_at_most_so_many_pixels(photo):
    seen = to_pixels(photo, SMALL)
    moves = set()
    for seed in range(60):
        moved = view(TrainTransform(SMALL, 1.0, shift=1, flip=False), photo, seed)
        inner = [
            (down, right)
            for down in (-1, 0, 1)
            for right in (-1, 0, 1)
            if torch.equal(moved[:, 1:-1, 1:-1], seen[:, 1 + down : 31 + down, 1 + right : 47 + right])
        ]
        assert len(inner) == 1
        moves.update(inner)
    assert len(moves) == 9


def test_evaluation_sees_what_serving_sees(photo):
    assert torch.equal(view(EvalTransform(SMALL), photo, 0), to_pixels(photo, SMALL))


def test_a_prepared_batch_is_the_served_input_in_another_memory_layout(photo):
    pixels = torch.stack([to_pixels(photo, SMALL)] * 2)
    for given in (pixels, pixels.contiguous(memory_format=torch.channels_last)):
        batch = prepare_batch(given, SMALL)
        assert torch.equal(batch, normalize(pixels, SMALL))
        assert batch.is_contiguous(memory_format=torch.channels_last)

"""What training changes about an image, and that evaluation changes nothing."""

import numpy as np
import pytest
import torch
from PIL import Image

from resnet_hub import Preprocessing
from resnet_hub.preprocessing import normalize, to_pixels
from training.loading.augment import EvalTransform, TrainTransform, prepare_batch, random_box

SMALL = Preprocessing(input_size=(3, 32, 48), crop_pct=1.0)


@pytest.fixture
def photo():
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8))


def test_the_same_random_numbers_give_the_same_view_and_others_another(photo):
    transform = TrainTransform(SMALL, min_crop_area=0.3, shift=0, flip=True)
    views = [transform(photo, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert torch.equal(views[0], views[1])
    assert not torch.equal(views[0], views[2])


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_view_has_the_shape_and_type_that_the_network_takes(photo, channels):
    preprocessing = SMALL.with_channels(channels)
    view = TrainTransform(preprocessing, 0.5, shift=0, flip=False)(photo, np.random.default_rng(0))
    assert (view.shape, view.dtype) == ((channels, 32, 48), torch.uint8)


@pytest.mark.parametrize("size", [(90, 60), (10, 1000), (1000, 10), (1, 1)])
def test_a_random_box_lies_inside_the_image(size):
    rng = np.random.default_rng(0)
    for _ in range(300):
        left, top, right, bottom = random_box(size, 1.0, 0.1, rng)
        assert 0 <= left < right <= size[0] + 1e-9
        assert 0 <= top < bottom <= size[1] + 1e-9


def test_random_boxes_keep_the_smallest_area_and_reach_the_whole_range():
    rng = np.random.default_rng(0)
    boxes = [random_box((100, 100), 1.0, 0.25, rng) for _ in range(2000)]
    areas = [(right - left) * (bottom - top) / 1e4 for left, top, right, bottom in boxes]
    aspects = [(right - left) / (bottom - top) for left, top, right, bottom in boxes]
    assert 0.25 <= min(areas) < 0.27
    assert max(areas) > 0.95
    assert min(aspects) == pytest.approx(3 / 4, abs=0.02)
    assert max(aspects) == pytest.approx(4 / 3, abs=0.02)


def test_half_of_the_views_are_mirrored_when_flipping_is_on(photo):
    plain = TrainTransform(SMALL, 1.0, shift=0, flip=False)
    flipping = TrainTransform(SMALL, 1.0, shift=0, flip=True)
    mirrored = 0
    for seed in range(200):
        view, other = (one(photo, np.random.default_rng(seed)) for one in (plain, flipping))
        assert torch.equal(view, other) or torch.equal(view.flip(-1), other)
        mirrored += not torch.equal(view, other)
    assert 70 < mirrored < 130


def test_a_shift_moves_the_evaluation_view_by_at_most_so_many_pixels(photo):
    seen = to_pixels(photo, SMALL)
    moves = set()
    for seed in range(60):
        view = TrainTransform(SMALL, 1.0, shift=1, flip=False)(photo, np.random.default_rng(seed))
        inner = [
            (down, right)
            for down in (-1, 0, 1)
            for right in (-1, 0, 1)
            if torch.equal(view[:, 1:-1, 1:-1], seen[:, 1 + down : 31 + down, 1 + right : 47 + right])
        ]
        assert len(inner) == 1
        moves.update(inner)
    assert len(moves) == 9


def test_evaluation_sees_what_serving_sees(photo):
    assert torch.equal(EvalTransform(SMALL)(photo, np.random.default_rng(0)), to_pixels(photo, SMALL))


def test_a_prepared_batch_is_the_served_input_in_another_memory_layout(photo):
    pixels = torch.stack([to_pixels(photo, SMALL)] * 2)
    batch = prepare_batch(pixels, SMALL)
    assert torch.equal(batch, normalize(pixels, SMALL))
    assert batch.is_contiguous(memory_format=torch.channels_last)

"""Batches: an order and views that follow from seed, epoch and index alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from error_facts import code_and_fields
from images import class_folders

from resnet_hub import Preprocessing
from resnet_hub.errors import ConfigError
from training.data.load import load_data
from training.loading.augment import EvalTransform, TrainTransform, to_views
from training.loading.image_dataset import Collate, EpochSampler, ImageDataset, balanced_order, make_loader
from training.settings.recipe import FinetuneRecipe

SMALL = Preprocessing(input_size=(3, 16, 16), crop_pct=1.0)
RANDOM = TrainTransform(SMALL, 0.3, shift=0, flip=True)


@pytest.fixture
def split(tmp_path):
    class_folders(tmp_path, {"red": 11, "green": 12})
    return load_data(FinetuneRecipe(dataset=str(tmp_path))).train


def loader(split, train=True, workers=0, batch_size=4, processes=1, transform=RANDOM):
    return make_loader(
        split, transform, batch_size=batch_size, seed=5, workers=workers, train=train, processes=processes
    )


def collect(batches, epoch=1):
    batches.sampler.epoch = epoch
    return [(to_views(pixels), labels, indices) for pixels, labels, indices in batches]


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_follow_from_seed_and_epoch_alone(split, workers):
    first, again = (collect(loader(split, workers=workers)) for _ in range(2))
    torch.manual_seed(99)
    np.random.seed(99)
    plain = collect(loader(split, workers=0))
    for one, two, three in zip(first, again, plain, strict=True):
        for tensor, same, serial in zip(one, two, three, strict=True):
            assert torch.equal(tensor, same)
            assert torch.equal(tensor, serial)


def test_another_epoch_has_another_order_and_other_views(split):
    batches = loader(split)
    orders = [[int(index) for _, _, indices in collect(batches, epoch) for index in indices] for epoch in (1, 2)]
    assert orders[0] != orders[1]
    images = ImageDataset(split, RANDOM, seed=5)
    first, other, same = (to_views(Collate(RANDOM)([images[epoch, 0]])[0]) for epoch in (1, 2, 1))
    assert not torch.equal(first, other)
    assert torch.equal(first, same)


def test_each_image_comes_once_in_an_epoch_but_for_the_last_smaller_batch(split):
    indices = [int(index) for _, _, part in collect(loader(split)) for index in part]
    assert len(split) == 19  # so 4 batches of 4
    assert len(indices) == len(set(indices)) == 16


def test_fewer_images_than_a_batch_make_one_smaller_batch(split):
    assert [len(labels) for _, labels, _ in collect(loader(split, batch_size=64))] == [19]


def test_evaluation_keeps_the_order_of_the_rows_and_every_image(split):
    batches = collect(loader(split, train=False, transform=EvalTransform(SMALL)))
    assert [int(index) for _, _, part in batches for index in part] == list(range(19))
    assert torch.equal(torch.cat([labels for _, labels, _ in batches]), torch.from_numpy(split.labels))


def test_pixels_are_bytes_in_the_network_s_shape(split):
    pixels, _, _ = collect(loader(split))[0]
    assert (pixels.dtype, pixels.shape) == (torch.uint8, (4, 3, 16, 16))


def test_the_sampler_tells_how_many_there_are():
    sampler = EpochSampler(7, 0, shuffle=True)
    assert len(sampler) == len(list(sampler)) == 7


def test_a_balanced_epoch_holds_each_class_equally_often_and_repeats_as_little_as_it_can():
    classes = np.array([0] * 90 + [2] * 9 + [7])
    sampler = EpochSampler(100, 3, shuffle=True, classes=classes)
    order = np.array([index for _, index in sampler])
    counts = np.bincount(classes[order], minlength=8)
    assert len(order) == 100
    assert sorted(counts[[0, 2, 7]]) == [33, 33, 34]
    assert len(set(order[classes[order] == 0])) == counts[0]  # none of the frequent class comes twice
    assert set(np.bincount(order, minlength=100)[90:99]) <= {3, 4}  # each of the nine as often as the others


def test_balanced_orders_follow_from_seed_and_epoch_alone():
    classes = np.arange(40) % 3 // 2

    def order(seed, epoch):
        sampler = EpochSampler(40, seed, shuffle=True, classes=classes)
        sampler.epoch = epoch
        return list(sampler)

    assert order(1, 1) == order(1, 1)
    assert [index for _, index in order(1, 1)] != [index for _, index in order(1, 2)]
    assert order(1, 1) != order(2, 1)


def test_more_classes_than_images_in_an_epoch_are_balanced_over_epochs():
    assert len(balanced_order(np.arange(5), np.random.default_rng(0))) == 5


def test_images_with_several_classes_cannot_be_balanced(split):
    several = replace(split, labels=np.zeros((len(split), 2), np.float32))
    with pytest.raises(ConfigError) as refused:
        make_loader(several, RANDOM, batch_size=4, seed=0, workers=0, train=True, processes=1, balanced=True)
    assert code_and_fields(refused.value) == ("loading.balanced_several_classes", {})

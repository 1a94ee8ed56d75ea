"""Mixed images have the targets of both, and follow from the seed."""

import numpy as np
import pytest
import torch
from error_facts import code_and_fields

from resnet_hub.errors import ConfigError
from training.loading.mixup import BatchMixing
from training.settings.recipe import FinetuneRecipe

LABELS = torch.arange(6) % 3
# Each image is of one value, from which the shares of a blend can be read.
IMAGES = torch.arange(6.0)[:, None, None, None].expand(6, 3, 32, 32)


def mixing(task="single_label", classes=3, process=0, **settings):
    return BatchMixing.of(FinetuneRecipe(dataset="d", **settings), task, classes, process)


@pytest.mark.parametrize("settings", [{"mixup": 1.0}, {"cutmix": 1.0}], ids=["mixup", "cutmix"])
def test_targets_are_mixed_in_the_shares_of_the_images(settings):
    inputs, targets = mixing(**settings)(IMAGES.clone(), LABELS, 1, 1)
    assert torch.allclose(targets.sum(1), torch.ones(6))
    share = targets[0, 0]  # image 0, of class 0, is mixed with image 5, of class 2
    assert 0 < share < 1
    assert inputs[0].mean().item() == pytest.approx(5 * (1 - share.item()), abs=1e-4)
    assert torch.allclose(inputs.mean((1, 2, 3)) @ torch.ones(6), torch.tensor(15.0))


def test_numbers_and_several_classes_are_mixed_alike():
    numbers = torch.arange(6.0)[:, None] * 10
    inputs, targets = mixing("regression", 1, mixup=0.5)(IMAGES.clone(), numbers, 2, 3)
    assert torch.allclose(targets[:, 0], 10 * inputs.mean((1, 2, 3)), atol=1e-4)


def test_an_odd_batch_leaves_its_last_image_as_it_is():
    inputs, targets = mixing(mixup=1.0)(IMAGES[:5].clone(), LABELS[:5], 1, 1)
    assert torch.equal(inputs[4], IMAGES[4])
    assert targets[4].tolist() == [0, 1, 0]
    assert not torch.equal(inputs[0], IMAGES[0])


def test_a_batch_of_one_image_is_not_mixed():
    inputs, targets = mixing(mixup=1.0)(IMAGES[:1].clone(), LABELS[:1], 1, 1)
    assert (inputs.equal(IMAGES[:1]), targets.tolist()) == (True, [[1, 0, 0]])


def test_what_is_mixed_follows_from_seed_epoch_batch_and_process_alone():
    def mixed(epoch=1, batch=1, **settings):
        return mixing(mixup=1.0, cutmix=1.0, **settings)(IMAGES.clone(), LABELS, epoch, batch)[1]

    first = mixed()
    np.random.seed(3)
    assert torch.equal(mixed(), first)
    for other in ({"epoch": 2}, {"batch": 2}, {"seed": 1}, {"process": 1}):
        assert not torch.equal(mixed(**other), first)


def test_the_global_generator_is_left_alone():
    np.random.seed(5)
    expected = np.random.rand()
    np.random.seed(5)
    mixing(mixup=1.0)(IMAGES.clone(), LABELS, 1, 1)
    assert np.random.rand() == expected


def test_a_share_of_the_batches_is_mixed():
    mix = mixing(mixup=1.0, mix_probability=0.3)
    changed = [not torch.equal(mix(IMAGES.clone(), LABELS, 1, batch)[0], IMAGES) for batch in range(100)]
    assert 15 < sum(changed) < 45


def test_without_mixing_a_batch_is_what_it_was():
    inputs, targets = mixing()(IMAGES, LABELS, 1, 1)
    assert inputs is IMAGES
    assert targets is LABELS


def test_cutmix_of_regression_targets_is_refused():
    with pytest.raises(ConfigError) as refused:
        mixing("regression", cutmix=1.0)
    assert code_and_fields(refused.value) == ("loading.cutmix_of_numbers", {})

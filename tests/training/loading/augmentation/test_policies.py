"""Policies on batches: operations as frequent, magnitudes as large as those of timm and torchvision."""

import math
import random
from collections import Counter

import numpy as np
import pytest
import torch
from error_facts import Begins, code_and_fields
from timm.data import auto_augment as timm_policies
from torchvision.transforms import ColorJitter, TrivialAugmentWide
from torchvision.transforms import functional as torchvision_functions

from resnet_hub.errors import ConfigError
from training.loading.augmentation.draws import JITTER, LAYER, POLICY, draw
from training.loading.augmentation.policies import JITTERED, LEVELS, WIDE, batch_policy, jittered

MANY = 6000
NUMBERS = np.array([draw(3, 1, index, layers=1)[POLICY:] for index in range(MANY)])


def alike(first, second):
    """Whether two samples may well be of one distribution (Kolmogorov and Smirnov, one wrong no in a thousand)."""
    first, second = np.sort(np.round(first, 4)), np.sort(np.round(second, 4))
    every = np.concatenate((first, second))
    shares = [np.searchsorted(sample, every, "right") / len(sample) for sample in (first, second)]
    return np.abs(shares[0] - shares[1]).max() < 1.95 * math.sqrt(1 / len(first) + 1 / len(second))


def drawn_by_timm(name):
    """Operation and strength of many single draws of one layer, as timm makes them."""
    random.seed(1)
    np.random.seed(1)
    found = []
    policy = timm_policies.rand_augment_transform(name, {})
    for operation in policy.ops:
        operation.aug_fn = lambda image, *strength, which=operation.name, **_: (which, *strength)
    policy.num_layers = 1
    for _ in range(MANY):
        got = policy(None)
        found.append((None, 0.0) if got is None else (got[0], got[1] if len(got) > 1 else 0.0))
    return found


@pytest.mark.parametrize(
    "name", ["rand-m9-mstd0.5", "rand-m9-n3-mstd0.5-inc1", "rand-m5-p0.8-mstd101", "rand-m15-mmax20-mstd1-inc1"]
)
def test_randaugment_draws_operations_and_strengths_as_timm_does(name):
    policy = batch_policy(name)
    names, strengths, methods = policy.choose(NUMBERS)
    theirs = drawn_by_timm(name)
    peers = Counter(LEVELS[which][0] if which else "identity" for which, _ in theirs)
    ours = Counter(names.tolist())
    assert set(ours) == set(peers)
    for kind, count in peers.items():
        assert abs(ours[kind] - count) < 5 * math.sqrt(2 * count), kind
        both = [
            [strength for which, strength in rows if which == kind]
            for rows in (zip(names, strengths, strict=True), named(theirs))
        ]
        if kind not in ("identity", "autocontrast", "equalize", "invert"):
            assert alike(*both), kind
    assert 0.45 < np.mean(methods == "bicubic") < 0.55
    assert policy.layers == (3 if "n3" in name else 2)


def named(drawn):
    return [(LEVELS[which][0] if which else "identity", strength) for which, strength in drawn]


def test_trivialaugment_draws_operations_and_strengths_as_torchvision_does(monkeypatch):
    torch.manual_seed(0)
    theirs = []
    module = __import__("torchvision.transforms.autoaugment", fromlist=["_apply_op"])
    monkeypatch.setattr(module, "_apply_op", lambda image, name, strength, **_: theirs.append((name, strength)))
    policy = TrivialAugmentWide()
    for _ in range(MANY):
        policy(torch.zeros(3, 2, 2, dtype=torch.uint8))
    kinds = dict(zip(policy._augmentation_space(31), WIDE, strict=True))
    names, strengths = batch_policy("trivialaugment").choose(NUMBERS)
    for theirs_name, kind in kinds.items():
        mine = strengths[names == kind]
        factor = 1 if kind in ("brightness", "color", "contrast", "sharpness") else 0
        whole = int if kind.startswith("translate") else float
        peer = [whole(strength) + factor for name, strength in theirs if name == theirs_name]
        assert abs(len(mine) - len(peer)) < 5 * math.sqrt(2 * len(peer)), kind
        assert alike(mine, peer), kind
        if kind not in ("identity", "autocontrast", "equalize"):
            assert (mine.min(), mine.max()) == pytest.approx((min(peer), max(peer)))


def test_color_jitter_draws_factors_and_orders_as_torchvision_does():
    numbers = np.array([draw(0, 1, index)[JITTER] for index in range(200)])
    fill = torch.zeros(3, 1, 1, dtype=torch.uint8)
    image = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (1, 3, 8, 8), dtype=np.uint8))
    found = jittered(image.repeat(200, 1, 1, 1), 0.4, numbers, fill)
    functions = {
        "brightness": torchvision_functions.adjust_brightness,
        "contrast": torchvision_functions.adjust_contrast,
        "color": torchvision_functions.adjust_saturation,
    }
    orders = [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
    for row, one in zip(numbers, found, strict=True):
        expected = image[0]
        for part in orders[int(row[0] * 6)]:
            expected = functions[JITTERED[part]](expected, 0.6 + 0.8 * row[1 + part])
        assert (expected.int() - one.int()).abs().max() <= 3  # torchvision's gray is computed in floats
    assert ColorJitter(0.4, 0.4, 0.4).brightness == (0.6, 1.4)


def test_policies_of_single_images_are_none_of_batches_and_unknown_ones_are_refused():
    for name in ("augmix-m3-w3", "3a", "original", "rand-m9-tweights", "rand-m9-t3a"):
        assert batch_policy(name) is None
    with pytest.raises(ConfigError) as refused:
        batch_policy("rand-m9-zz4")
    expected = {"name": "rand-m9-zz4", "examples": Begins("none, ")}
    assert code_and_fields(refused.value) == ("loading.unknown_policy", expected)


@pytest.mark.parametrize("name", ["trivialaugment", "rand-m9-n3-mstd0.5-inc1"])
def test_what_becomes_of_an_image_does_not_depend_on_its_batch(name):
    policy = batch_policy(name)
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (40, 3, 16, 20), dtype=np.uint8))
    numbers = np.array([draw(0, 1, index, policy.layers)[POLICY:] for index in range(40)])
    fill = torch.zeros(3, 1, 1, dtype=torch.uint8)
    together = policy(images, numbers, fill)
    assert numbers.shape[1] == policy.layers * LAYER
    for number in range(40):
        assert torch.equal(policy(images[[number]], numbers[[number]], fill)[0], together[number])
    assert not torch.equal(together, images)

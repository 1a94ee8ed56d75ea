"""Auto-augment policies of timm and torchvision on single images, random by a generator alone."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
import torch
from PIL import Image

from resnet_hub.errors import ConfigError

Policy = Callable[[Image.Image], Image.Image]
NONE = "none"
EXAMPLES = "none, trivialaugment, rand-m9-mstd0.5, augmix-m3-w3, 3a, original"


@contextmanager
def seeded_globally(rng: np.random.Generator) -> Iterator[None]:
    """Within it the global RNGs of Python, numpy and torch are seeded by one draw; their state is restored afterwards.

    The libraries' policies draw from these. A generator of the CPU alone is touched: a loader has no other.
    """
    state, arrays, tensors = random.getstate(), np.random.get_state(), torch.default_generator.get_state()
    seed = int(rng.integers(2**32))
    random.seed(seed)
    np.random.seed(seed)
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
        np.random.set_state(arrays)
        torch.default_generator.set_state(tensors)


@cache
def make_policy(name: str, fill: tuple[int, ...]) -> Policy:
    """The policy of that name: trivialaugment, or as timm writes them.

    Args:
        name: One of `EXAMPLES` or alike.
        fill: Red, green and blue, 0 to 255, to fill what a translated or rotated image leaves.

    Raises:
        ConfigError: There is no such policy.
    """
    from timm.data.auto_augment import augment_and_mix_transform, auto_augment_transform, rand_augment_transform
    from torchvision.transforms import TrivialAugmentWide

    if name == "trivialaugment":
        return TrivialAugmentWide(fill=list(fill))
    makers = {"rand": rand_augment_transform, "augmix": augment_and_mix_transform}
    make = makers.get(name.split("-")[0], auto_augment_transform)
    try:
        return make(name, {"img_mean": fill})
    except (AssertionError, ValueError, KeyError, AttributeError) as error:
        raise ConfigError("loading.unknown_policy", name=name, examples=EXAMPLES) from error


def with_policy(image: Image.Image, name: str, fill: tuple[int, ...], rng: np.random.Generator) -> Image.Image:
    """The image (RGB or gray) changed by a policy; equal generators give equal images."""
    policy = make_policy(name, fill)
    with seeded_globally(rng):
        return policy(image.convert("RGB")).convert(image.mode)

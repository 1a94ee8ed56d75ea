"""What is random about an image in one epoch: numbers that follow from (seed, epoch, index) alone, and their use.

Whichever process, worker or device asks, and in whatever order, the same image of the same epoch gets the same numbers.
"""

from __future__ import annotations

import numpy as np

TRIES = 10
"""Of a random rectangle, before it is given up; as in torchvision and timm."""
BOX = 2 * TRIES + 2
"""Numbers that a rectangle takes: share of the area and aspect for each try, then where it lies."""
CROP = slice(0, BOX)
"""The crop, or the shift in the first two of them."""
FLIP = BOX
ERASING = slice(BOX + 1, 2 * BOX + 2)
"""Whether something is erased, and the rectangle."""
JITTER = slice(ERASING.stop, ERASING.stop + 4)
"""Color jitter: the order of its three parts, and the strength of each."""
IMAGE_POLICY = JITTER.stop
"""The seed of a policy that works on single images."""
POLICY = IMAGE_POLICY + 1
"""From here on, the layers of a policy."""
LAYER = 5
"""Numbers of each: the operation, whether it is done, its magnitude, its sign, its resampling."""

WORD = 2**64


def draw(seed: int, epoch: int, index: int, layers: int = 0) -> np.ndarray:
    """Numbers from 0 to below 1, float64 (POLICY + layers * LAYER,).

    Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3": Philox, whose numbers are a function of a
    key and a counter, so that no state goes from one image to the next.
    """
    key = np.array([seed % WORD, epoch % WORD], np.uint64)
    counter = np.array([0, index % WORD, 0, 0], np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter)).random(POLICY + layers * LAYER)

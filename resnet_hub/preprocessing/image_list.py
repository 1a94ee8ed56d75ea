"""Many images as a user gives them -> one after another, files decoded in threads a little ahead of the network."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence, Sized
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from typing import Any, Protocol, TypeGuard, TypeVar

import numpy as np
from PIL import Image
from tqdm import tqdm

from resnet_hub.errors import ImageError
from resnet_hub.images import ImageSource, ImageStream
from resnet_hub.scores import is_tensor

BATCHES_AHEAD = 2
"""Batches of images that are decoded and not answered yet, at most."""
MOST_DECODERS = 8
"""Threads that decode; one photograph of the largest size takes some 300 MB while it is decoded."""
MOST_TOGETHER = 32
"""Images of a batch at most where nobody chooses."""
BATCH_BYTES = 2**29
"""Of feature maps that such a batch may take."""
Item = TypeVar("Item")
Loaded = TypeVar("Loaded")

Row = TypeVar("Row")
Compute = Callable[[np.ndarray], Iterable[Row]]
"""Pixels uint8 (N, C, H, W) -> a row for each image."""


class Load(Protocol):
    """How an image is opened for a network."""

    def __call__(self, image: ImageSource, *, name: str | None = None) -> np.ndarray:
        """What the network sees of it, uint8 (C, H, W). Raises: ImageError, which calls it `name`."""


def are_images(given: object) -> TypeGuard[Iterable[ImageSource]]:
    """Whether it is a list of images rather than one: a list, generator, column, array of paths or batch of pixels.

    An array of more than three axes, and a tensor of as many, is a batch: its first axis counts the images.
    """
    if isinstance(given, np.ndarray) or is_tensor(given):
        paths = isinstance(given, np.ndarray) and given.dtype.kind in "OUT"
        return given.ndim == 4 or (paths and given.ndim == 1)
    one = (str, os.PathLike, bytes, bytearray, memoryview, Image.Image, Mapping, ImageStream)
    return isinstance(given, Iterable) and not isinstance(given, one)


def batch_that_fits(map_bytes: int) -> int:
    """How many images go through a network together, of its feature maps for one: fewer of large ones, at least one."""
    return max(1, min(MOST_TOGETHER, BATCH_BYTES // map_bytes))


def name_of(image: ImageSource, index: int) -> str | None:
    """What errors call the image at this place of a list; None leaves it to its path."""
    return None if isinstance(image, str | os.PathLike) else f"image {index + 1} of the list"


def decoded_ahead(
    items: Iterable[Item], load: Callable[[Item], Loaded], most: int, *, aside: Callable[[Item], bool] = lambda _: True
) -> Generator[tuple[Item, Loaded]]:
    """Each item with what `load` makes of it, in order, while at most `most` others are loaded in threads.

    Args:
        items: Taken up as they are needed.
        load: What it raises is raised in the place of the item.
        most: Items that are loaded and not taken yet.
        aside: Which items a thread may load. What a user holds in memory, one object perhaps several times in a list,
            is loaded in their own thread.
    """
    pool = ThreadPoolExecutor(min(MOST_DECODERS, max(2, os.cpu_count() or 2)), "decode ahead")
    waiting: deque[tuple[Item, Future[Loaded] | None]] = deque()

    def taken() -> tuple[Item, Loaded]:
        item, loading = waiting.popleft()
        return item, load(item) if loading is None else loading.result()

    try:
        for item in items:
            waiting.append((item, pool.submit(load, item) if aside(item) else None))
            if len(waiting) > most:
                yield taken()
        while waiting:
            yield taken()
    finally:
        pool.shutdown(cancel_futures=True)


def is_file(image: Any) -> bool:
    """Whether threads may decode it: a path or the bytes of a file, which decoding leaves as they are."""
    return isinstance(image, str | os.PathLike | bytes)


def image_rows(
    images: Iterable[ImageSource], load: Load, compute: Compute[Row], size: int, *, skip: bool, named: bool, bar: bool
) -> Iterator[Row | ImageError]:
    """The row of each image in what is computed of a batch at once, in order.

    Args:
        images: Taken up as they are needed.
        load: Takes an image and what errors call it.
        compute: Takes the pixels of a batch.
        size: Images of a batch; the last may have fewer.
        skip: Whether an image that cannot be read gives its error instead of raising it.
        named: Whether errors call an image by its place among them.
        bar: Whether a bar on the standard error counts them.

    Raises:
        ImageError: An image cannot be read.
    """

    def loaded(numbered: tuple[int, ImageSource]) -> np.ndarray | ImageError:
        index, image = numbered
        try:
            return load(image, name=name_of(image, index) if named else None)
        except ImageError as error:
            if not skip:
                raise
            return error

    total = len(images) if isinstance(images, Sized) else None
    ahead = decoded_ahead(enumerate(images), loaded, BATCHES_AHEAD * size, aside=lambda item: is_file(item[1]))
    with closing(ahead), tqdm(total=total, unit=" images", disable=not bar, dynamic_ncols=True) as shown:
        while batch := [one for _, one in islice(ahead, size)]:
            yield from batch_rows(batch, compute)
            shown.update(len(batch))


def batch_rows(batch: Sequence[np.ndarray | ImageError], compute: Compute[Row]) -> Iterator[Row | ImageError]:
    """The row of each image of one batch, or its error; where none can be read, nothing is computed."""
    pixels = [one for one in batch if not isinstance(one, ImageError)]
    rows = iter(compute(np.stack(pixels)) if pixels else ())
    for one in batch:
        yield one if isinstance(one, ImageError) else next(rows)

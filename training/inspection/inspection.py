"""Every image opened once: which cannot be decoded, which are the same, how large they are, and what they look like."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import xxhash
from accelerate import PartialState
from accelerate.utils import gather_object
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from resnet_hub.errors import ImageError
from resnet_hub.images import Opened, open_to_look_at, visible

from ..hardware import available_cores, refuse_differences
from ..processes import left_to_parent
from ..tables import refuse_stranger
from .descriptor import LENGTH, describe, gray_view
from .findings import Findings, joined
from .findings_cache import findings_folder, keep, recall
from .images import EncodedImages, Identity
from .quality import measure_quality

logger = logging.getLogger(__name__)

CHUNK = 64
"""Images that a process looks at before it tells what it found."""
FORK_FROM = 1000
"""Images from which processes of their own look at them; threads would wait for one another over small ones."""
MOST_WORKERS = 16

Looked = tuple[Findings, dict[int, str]]


@dataclass(frozen=True)
class Inspection:
    """What was found in a set of images."""

    faults: dict[int, str]
    """Index -> "name (reason)" of the images that cannot be decoded."""
    findings: Findings
    """Of all images; zeros where one cannot be decoded."""


def inspect(images: EncodedImages, *, again: bool = False) -> Inspection:
    """Opens every image of a set, each process a share, and returns the findings on every process.

    Doing so before training costs as much as one epoch's decoding; a run that stops in its third hour costs more.
    Images that are as they were in an earlier run are not opened again.

    Args:
        images: The set.
        again: Whether all are opened whatever is known of them.

    Raises:
        TrainingError: The processes have other images; what one finds would be kept for those of another.
    """
    state, identity = PartialState(), same_images(images)
    known = Findings.none(len(images)) if again else recall(identity)
    share = np.array_split(np.arange(len(images)), state.num_processes)[state.process_index]
    asked = share[known.digests[share] == 0]
    found, faults = _look_at_all(images, asked)
    parts = gather_object([(known.put(asked, found).take(share), faults)])
    whole = joined([findings for findings, _ in parts])
    bad = {row: fault for _, faults in parts for row, fault in faults.items()}
    if state.is_main_process and len(asked) < len(share):
        logger.info(
            "check  %s of %s images of %s are as they were when last opened (%s); --check again opens all",
            f"{len(share) - len(asked):,}",
            f"{len(share):,}",
            images.name,
            findings_folder(),
        )
    if state.is_local_main_process and (again or len(asked) > len(faults)):
        keep(identity, whole)
    return Inspection(dict(sorted(bad.items())), whole)


def same_images(images: EncodedImages) -> Identity:
    """What the images are. Raises: TrainingError where they are others on another process, or in another order."""
    identity = images.identity()
    count, outline = f"the number of images of {images.name}", f"the names and sizes of the images of {images.name}"
    refuse_differences({count: len(images), outline: identity.outline})
    return identity


def _look_at_all(images: EncodedImages, rows: np.ndarray) -> Looked:
    """What is found of some images, and which of them cannot be decoded, by index; a bar shows how far it is."""
    chunks = np.array_split(rows, -(-len(rows) // CHUNK)) if len(rows) else []
    local = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    workers = min(MOST_WORKERS, available_cores() // local) if len(rows) >= FORK_FROM else 0
    loader = DataLoader(
        _Chunks(images, chunks),
        batch_size=None,
        num_workers=workers,
        collate_fn=_as_it_is,
        worker_init_fn=_start_worker,
    )
    found: list[Findings] = []
    faults: dict[int, str] = {}
    seen: set[int] = set()
    off = None if PartialState().is_main_process else True
    with tqdm(
        total=len(rows), desc=f"checking {images.name}", unit=" images", leave=False, disable=off, dynamic_ncols=True
    ) as bar:
        for part, bad in loader:
            new = np.array([digest not in seen for digest in part.known.tolist()], bool)
            seen.update(part.known.tolist())
            found.append(replace(part, known=part.known[new], descriptors=part.descriptors[new]))
            faults |= bad
            bar.update(len(part))
    return joined(found), faults


class _Chunks(Dataset[Looked]):
    """Rows, some at a time -> what is found of them."""

    def __init__(self, images: EncodedImages, chunks: list[np.ndarray]) -> None:
        self.images, self.chunks = images, chunks

    def __len__(self) -> int:
        return len(self.chunks)

    def __getitem__(self, number: int) -> Looked:
        return look(self.images, self.chunks[number])


def look(images: EncodedImages, rows: np.ndarray) -> Looked:
    """What is found of some images of a set, and which of them cannot be decoded, by index."""
    findings, faults = Findings.none(len(rows)), {}
    descriptors: dict[int, np.ndarray] = {}
    for place, (content, name) in enumerate(images.encoded(rows)):
        try:
            refuse_stranger(content, name)
            image = open_to_look_at(content, name=name)
        except ImageError as error:
            faults[int(rows[place])] = str(error)
            continue
        number, view = digest(image), gray_view(visible(image))
        if number not in descriptors:
            descriptors[number] = describe(view)
        findings.digests[place], findings.sizes[place] = number, image.size
        findings.measures[place] = measure_quality(view, descriptors[number])
    known = np.array(sorted(descriptors), np.uint64)
    stacked = np.array([descriptors[number] for number in known.tolist()], np.uint8).reshape(-1, LENGTH)
    return replace(findings, known=known, descriptors=stacked), faults


def digest(image: Opened) -> int:
    """64 bits above 0 that are equal for equal pixels, however the image was encoded and named.

    Among a million different images two are taken for the same with a chance of 1 in 40 million.
    """
    hashed = xxhash.xxh3_64(f"{image.mode} {image.size}".encode())
    hashed.update(image.tobytes())
    return hashed.intdigest() or 1


def _as_it_is(chunk: Any) -> Any:
    return chunk


def _start_worker(worker: int) -> None:
    torch.set_num_threads(1)
    left_to_parent()

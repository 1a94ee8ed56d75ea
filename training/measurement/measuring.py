"""How good a network is on a split, measured part by part: an interrupted measurement goes on where it was."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from resnet_hub.models import PretrainedNetwork
from resnet_hub.scores import temperature_of

from ..hardware import from_main_process, main_process_decides
from ..loading import EvalTransform, make_loader
from ..loop import EVALUATIONS, measured_batches, unique_rows
from ..metrics import Evaluation
from ..processes import Stopped
from ..push import SUFFIX, PredictionParts
from ..settings import EvaluationSettings
from ..splits import Split

logger = logging.getLogger("training")

PART_ROWS, PART_SECONDS = 65_536, 30.0
"""How many images, or how long, are measured before what was found is kept."""
Columns = tuple[np.ndarray, ...]


def measure(
    settings: EvaluationSettings,
    network: PretrainedNetwork,
    split: Split,
    accelerator: Accelerator,
    asked: Mapping[str, Any],
) -> Evaluation:
    """The figures of a network on every image of a split, each counted once; kept until the report is written.

    Args:
        settings: Of the evaluation.
        network: On the CPU.
        split: All images.
        accelerator: Of this process.
        asked: What decides about the figures, as JSON values: parts of something else are not gone on with.

    Raises:
        TrainingError: The parts cannot be written.
        Stopped: It was asked to stop; says what is kept.
    """
    kind = EVALUATIONS[network.config.task]
    with parts_of(settings, asked, len(split)) as parts:
        columns = from_main_process(lambda: [to_columns(table) for table in parts.tables()] if parts else [])
        done = sum(len(part[0]) for part in columns)
        if done:
            logger.info("resume %s of %s images are measured already", f"{done:,}", f"{len(split):,}")
        columns += list(_measure_rest(settings, network, split, accelerator, done, parts))
    return kind.of(tuple(np.concatenate(parts) for parts in zip(*columns, strict=True)), network.num_classes)


def _measure_rest(
    settings: EvaluationSettings,
    network: PretrainedNetwork,
    split: Split,
    accelerator: Accelerator,
    done: int,
    parts: PredictionParts | None,
) -> Iterator[Columns]:
    """The columns of the images from `done` on, a part at a time; the main process keeps each."""
    if done == len(split):
        return
    loader = make_loader(
        split.select(np.arange(done, len(split))),
        EvalTransform(network.preprocessing),
        batch_size=settings.images_per_batch,
        seed=0,
        workers=settings.workers,
        train=False,
        processes=accelerator.num_processes,
    )
    model, batches = accelerator.prepare(network.to(memory_format=torch.channels_last), loader)
    found: list[list[Tensor]] = []
    first, since = 0, time.monotonic()
    for batch in measured_batches(
        accelerator,
        model,
        batches,
        network.preprocessing,
        task=network.config.task,
        temperature=temperature_of(network.metadata),
    ):
        found.append(batch)
        end = int(batch[0].max()) + 1
        due = end - first >= PART_ROWS or time.monotonic() - since >= PART_SECONDS
        if parts is not None and due:
            yield _kept(found, first, parts)
            found, first, since = [], end, time.monotonic()
    if found:
        yield _kept(found, first, None)


def _kept(found: Sequence[Sequence[Tensor]], first: int, parts: PredictionParts | None) -> Columns:
    """The columns of some batches, without the rows that only pad the last; kept where there are parts to keep."""
    new = [[column[batch[0] >= first] for column in batch] for batch in found]
    columns = unique_rows(new)
    if parts is not None:
        parts.add(to_table(columns))
    return columns


@contextmanager
def parts_of(settings: EvaluationSettings, asked: Mapping[str, Any], images: int) -> Iterator[PredictionParts | None]:
    """What was found so far, beside the report that is asked for; on the main process alone, and None without a report.

    What is left of another measurement goes.

    Raises:
        TrainingError: On every process, where they cannot be written.
        Stopped: It was asked to stop; says what is kept.
    """
    folder = Path(f"{settings.report}{SUFFIX}")
    opened: list[PredictionParts] = []
    if settings.report is not None:
        main_process_decides(lambda: opened.append(PredictionParts(folder, asked, again=True)))
    try:
        yield opened[0] if opened else None
    except Stopped as stop:
        kept = "nothing is kept without --report"
        if opened:
            kept = f"{opened[0].done:,} of {images:,} images are kept in {folder}; the same command goes on"
        raise Stopped(f"stopped; {kept}", status=stop.status) from None


def remove_parts(settings: EvaluationSettings) -> None:
    """Removes the parts of a measurement whose report is written."""
    if settings.report is not None:
        PredictionParts(Path(f"{settings.report}{SUFFIX}"), {}, again=True).remove()


def weights_digest(network: nn.Module) -> str:
    """A hash of all weights of a network."""
    found = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        found.update(name.encode())
        found.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


def to_table(columns: Sequence[np.ndarray]) -> pa.Table:
    """Columns (N, ...) as a table, which parquet keeps to the last bit."""
    arrays = []
    for column in columns:
        array = pa.array(column.reshape(-1))
        for size in reversed(column.shape[1:]):
            array = pa.FixedSizeListArray.from_arrays(array, size)
        arrays.append(array)
    return pa.table(arrays, names=[str(number) for number in range(len(arrays))])


def to_columns(table: pa.Table) -> Columns:
    """What `to_table` was given."""
    found = []
    for column in table.columns:
        array, shape = column.combine_chunks(), [table.num_rows]
        while pa.types.is_fixed_size_list(array.type):
            shape.append(array.type.list_size)
            array = array.flatten()
        found.append(array.to_numpy(zero_copy_only=False).reshape(shape))
    return tuple(found)

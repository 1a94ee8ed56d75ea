"""Evaluation of a split: every image counted once, the same figures on any number of processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from resnet_hub.config import Preprocessing
from resnet_hub.models import PretrainedNetwork

from ..loading import Batch, Loader, prepare_batch
from ..metrics import (
    Evaluation,
    MultiLabelEvaluation,
    RegressionEvaluation,
    SingleLabelEvaluation,
    fit_temperature,
    subset,
)
from .distributed import gather, unique_rows
from .epoch import show_progress

EVALUATIONS: dict[str, type[Evaluation]] = {
    "single_label": SingleLabelEvaluation,
    "multi_label": MultiLabelEvaluation,
    "regression": RegressionEvaluation,
}


def evaluate(
    accelerator: Accelerator,
    model: nn.Module,
    loader: Iterable[Batch],
    preprocessing: Preprocessing,
    *,
    task: str = "single_label",
    temperature: float | None = None,
    bar: bool = True,
    after_batch: Callable[[], object] | None = None,
) -> Evaluation:
    """Evaluates the network on every image of a split once.

    Args:
        accelerator: Gathers what the processes found; images that only pad the last batch are left out.
        model: Prepared by accelerate; evaluated with the statistics of the first process.
        loader: Prepared batches of (pixels uint8, targets, indices).
        preprocessing: What the network's input is.
        task: single_label, multi_label or regression.
        temperature: The network's, if it has one.
        bar: Whether to show a bar of its own.
        after_batch: Called after each batch, equally often on each process.
    """
    found: list[list[Tensor]] = []
    for batch in measured_batches(
        accelerator, model, loader, preprocessing, task=task, temperature=temperature, bar=bar
    ):
        found.append(batch)
        if after_batch:
            after_batch()
    return EVALUATIONS[task].of(unique_rows(found), accelerator.unwrap_model(model).num_classes)


def measured_batches(
    accelerator: Accelerator,
    model: nn.Module,
    loader: Iterable[Batch],
    preprocessing: Preprocessing,
    *,
    task: str,
    temperature: float | None,
    bar: bool = True,
) -> Iterator[list[Tensor]]:
    """What is found about each batch of all processes: the numbers of its rows, and the columns of an evaluation.

    The arguments are those of `evaluate`.
    """
    model.eval()
    for pixels, targets, rows in show_progress(loader, "evaluating", accelerator) if bar else loader:
        with torch.no_grad():
            logits = model(prepare_batch(pixels, preprocessing)).float()
            found = gather(accelerator, rows, *EVALUATIONS[task].answers(logits, targets, temperature))
        yield found


@torch.no_grad()
def find_temperature(
    accelerator: Accelerator, model: nn.Module, loader: Loader, preprocessing: Preprocessing, *, task: str
) -> float:
    """Temperature scaling: the temperature fitted on a split that was not trained on."""
    model.eval()
    found: list[list[Tensor]] = []
    wanted: np.ndarray | None = None
    for pixels, targets, rows in show_progress(loader, "calibrating", accelerator):
        logits = model(prepare_batch(pixels, preprocessing)).float()
        wanted = subset(len(loader.dataset), logits.shape[1]) if wanted is None else wanted
        columns = gather(accelerator, rows, targets, logits)
        kept = torch.from_numpy(np.isin(columns[0].numpy(), wanted))
        found.append([column[kept] for column in columns])
    targets, logits = (torch.from_numpy(column) for column in unique_rows(found))
    return fit_temperature(logits, targets, task)


def calibrate(accelerator: Accelerator, model: nn.Module, network: PretrainedNetwork, loader: Loader) -> Evaluation:
    """Finds the temperature on a split that was not trained on, notes it in the network, and evaluates with it.

    Args:
        accelerator: Gathers what the processes found.
        model: The network as accelerate wraps it.
        network: The bare one; what it says of itself gets the temperature.
        loader: Prepared batches of the split.
    """
    task = network.config.task
    found = find_temperature(accelerator, model, loader, network.preprocessing, task=task)
    network.metadata = replace(network.metadata, temperature=found)
    return evaluate(accelerator, model, loader, network.preprocessing, task=task, temperature=found)


def unmapped(network: PretrainedNetwork) -> PretrainedNetwork:
    """Clones memory-mapped weights into memory of their own; returns the network.

    Where a file has them they may lie at any address, and products of matrices round by the address: a loaded network
    would not repeat the figures of the one that was saved.
    """
    for tensor in (*network.parameters(), *network.buffers()):
        tensor.data = tensor.data.clone()
    return network

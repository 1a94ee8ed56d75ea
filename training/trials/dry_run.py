"""`--dry-run`: classes and sizes, a sheet of training images, time and memory of a few real updates."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from itertools import islice, zip_longest
from pathlib import Path

import numpy as np
import torch

from resnet_hub.config import IMAGE_MODES
from resnet_hub.errors import TrainingError, counted

from ..data import Data
from ..hardware import main_process_decides, used_memory
from ..loading import Batch, Loader, prepare_batch, to_views
from ..loop import Learner, grouped, update
from ..run import cut_name, new_figure, save_figure
from ..splits import Split

logger = logging.getLogger("training")

SHEET, COLUMNS = 24, 6
"""Images on the sheet, and in a row of it."""
LISTED = 20
"""Classes that are counted one by one; of more, the largest and the smallest half of that many."""
WARM_UP, MEASURED = 2, 8
"""Updates that are made before the clock is looked at, and by the clock."""


def report_dry_run(data: Data, learner: Learner, loaders: dict[str, Loader]) -> Path:
    """Reports what the run would be, from a few real updates that are discarded; returns the sheet of images.

    Args:
        data: The dataset.
        learner: Its weights are of no use afterwards.
        loaders: Prepared batches by split.
    """
    folder = learner.recipe.folder
    sheet = folder.with_name(f"{folder.name}-preview.png")
    main = learner.accelerator.is_main_process
    main_process_decides(lambda: _make_folder(sheet))
    if main:
        logger.info("%s", "\n".join(count_lines(data)))
        logger.info("%s", "\n".join(data.ledger.account_lines()))
    learner.start_epoch()
    batches = list(islice(loaders["train"], (WARM_UP + MEASURED) * learner.recipe.grad_accum_steps))
    if main:
        draw_views(sheet, learner, batches[0], data)
        logger.info("views  %s: training images as the network sees them", sheet)
    seconds, images = time_updates(learner, batches)
    answer = time_answers(learner, loaders["validation"])
    validation, tested = answer * len(data.validation), answer * len(data.test or ())
    recipe, epochs = learner.recipe, learner.recipe.epochs
    head = answer * len(data.train.labels) if recipe.linear_probe_first and not recipe.features_once else 0.0
    epoch = len(data.train) / (images / seconds)
    if recipe.features_once:
        epoch = answer * len(data.train) * (1 + recipe.flip)
    logger.info(
        "time   about %s: %s%s of %s training (%.0f images/s) and %s validation",
        format_time(head + epochs * (epoch + validation) + tested),
        f"{format_time(head)} for the linear probe, " if head else "",
        counted(epochs, "epoch", "epochs"),
        format_time(epoch),
        images / seconds,
        format_time(validation),
    )
    weights = sum(parameter.numel() for parameter in learner.network.parameters()) * 4
    logger.info(
        "memory %.1f GiB per process; a checkpoint takes %.0f MB",
        used_memory(learner.accelerator) / 2**30,
        weights / 1e6,
    )
    logger.info("nothing was trained or saved; without --dry-run the run goes to %s", folder)
    return sheet


def count_lines(data: Data) -> list[str]:
    """How many images of each class each split has, or the range of each number, and how large the images are."""
    lines = []
    for split in data.splits:
        labels = split.labels
        name = split.name if isinstance(split, Split) else f"the first {len(labels):,} images of {split.name}"
        lines.append(f"counts {name}: {', '.join(_counted(labels, data))}")
    sizes = data.train.sizes if isinstance(data.train, Split) else data.validation.sizes
    if sizes is not None:
        by_area = sizes[np.argsort(sizes.prod(1), kind="stable")]
        small, middle, large = ("x".join(map(str, by_area[place])) for place in (0, len(by_area) // 2, -1))
        lines.append(f"sizes  {small} to {large}, the middle one {middle} pixels")
    return lines


def _counted(labels: np.ndarray, data: Data) -> list[str]:
    """What the targets of a split are, in words."""
    if data.task == "regression":
        ranges = zip(data.label_names, labels.min(0), labels.mean(0), labels.max(0), strict=True)
        return [f"{name} {low:.4g} to {high:.4g}, {mean:.4g} on average" for name, low, mean, high in ranges]
    one = labels.ndim == 1
    counts = np.bincount(labels, minlength=len(data.label_names)) if one else labels.sum(0).astype(int)
    order = np.argsort(-counts, kind="stable")
    texts = [f"{cut_name(data.label_names[number])} {counts[number]:,}" for number in order]
    if len(texts) > LISTED:
        texts = [*texts[: LISTED // 2], f"{len(texts) - LISTED:,} others", *texts[-(LISTED // 2) :]]
    return texts


def _make_folder(sheet: Path) -> None:
    try:
        sheet.parent.mkdir(parents=True, exist_ok=True)
        sheet.touch()
    except OSError as error:
        raise TrainingError("trials.unwritable_sheet", file=str(sheet), reason=error.strerror) from error


def time_updates(learner: Learner, batches: list[Batch]) -> tuple[float, int]:
    """Seconds of some updates of the weights and how many images, over all processes, they used."""
    groups = list(grouped(batches, learner.recipe.grad_accum_steps))
    warm_up = min(WARM_UP, len(groups) - 1)
    for group in groups[:warm_up]:
        update(learner, group)
    _wait(learner)
    started = time.perf_counter()
    for group in groups[warm_up:]:
        update(learner, group)
    _wait(learner)
    seconds = time.perf_counter() - started
    images = sum(len(labels) for group in groups[warm_up:] for _, labels, _ in group)
    return seconds, images * learner.accelerator.num_processes


@torch.no_grad()
def time_answers(learner: Learner, loader: Iterable[Batch]) -> float:
    """Seconds for each image of a split, over all processes, that the network answers."""
    learner.model.eval()
    batches = list(islice(loader, 1 + MEASURED // 2))
    started, images = time.perf_counter(), 0
    for pixels, labels, _ in batches:
        learner.model(prepare_batch(pixels, learner.preprocessing))
        images += len(labels)
    _wait(learner)
    return (time.perf_counter() - started) / (images * learner.accelerator.num_processes)


def draw_views(file: Path, learner: Learner, batch: Batch, data: Data) -> None:
    """Draws images of a training batch as the network sees them, mixed where they are mixed, with their targets."""
    pixels, labels = to_views(batch[0])[:SHEET], batch[1][:SHEET]
    inputs = learner.resizing(prepare_batch(pixels, learner.preprocessing), 1)
    inputs, targets = learner.mixing(inputs, labels, 1, 1)
    mean, std = (
        torch.tensor(values, device=inputs.device).view(1, -1, 1, 1)
        for values in (learner.preprocessing.mean, learner.preprocessing.std)
    )
    views = ((inputs.float() * std + mean) * 255).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()
    if views.shape[-1] not in IMAGE_MODES:  # the first bands as colors, or the first alone
        views = views[..., : 3 if views.shape[-1] > 2 else 1]
    columns = min(COLUMNS, len(views))
    rows = -(-len(views) // columns)
    figure = new_figure(figsize=(2.2 * columns, 2.5 * rows))
    figure.subplots_adjust(0, 0, 1, 0.94, wspace=0.1, hspace=0.2)
    for axes, view, target in zip_longest(figure.subplots(rows, columns, squeeze=False).flat, views, targets.cpu()):
        axes.set_axis_off()
        if view is not None:
            axes.imshow(view[..., 0] if view.shape[-1] == 1 else view, cmap="gray", vmin=0, vmax=255)
            axes.set_title(caption(target.numpy(), data), fontsize=8, parse_math=False)
    save_figure(figure, file)


def caption(target: np.ndarray, data: Data) -> str:
    """The target of a training image: a class, its shares where images are mixed, or regression targets."""
    names = [cut_name(name) for name in data.label_names]
    if target.ndim == 0:
        return names[int(target)]
    if data.task == "regression":
        return "\n".join(f"{name} {value:.4g}" for name, value in list(zip(names, target, strict=True))[:3])
    texts = [f"{names[number]} {target[number]:.2g}" for number in np.argsort(-target)[:3] if target[number] > 0]
    return "\n".join(texts) or "none"


def format_time(seconds: float) -> str:
    """A length of time for people: seconds, minutes or hours."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"


def _wait(learner: Learner) -> None:
    """Waits until the device has finished (synchronize)."""
    if learner.accelerator.device.type == "cuda":
        torch.cuda.synchronize(learner.accelerator.device)

"""One run of the laboratory: a network, its training, and what is measured of it on the way."""

from __future__ import annotations

import json
import math
import os
import platform
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from resnet_hub.models import PretrainedNetwork
from training.optim import make_optimizer, make_schedule

from .images import Images, Normalization, batches
from .plan import LabRun

POINTS = 100
"""Points of each curve."""
GLANCES = 8
"""Measurements of both errors on the way."""
FEW, MANY = 1_000, 10_000
"""Images of each split that a glance and the last measurement take."""
MEASURED_AT_ONCE = 250
REPORT = "run.json"
WEIGHTS = "model.safetensors"


class Curves:
    """What is written down of a run, point by point."""

    def __init__(self, steps: int) -> None:
        self.every = max(1, steps // POINTS)
        self.losses: list[float] = []
        self.gradients: dict[str, list[float]] = {}
        self._recent: list[float] = []

    def is_due(self, step: int) -> bool:
        """Whether the update after this one, counted from 0, ends a point."""
        return (step + 1) % self.every == 0

    def add_loss(self, loss: float, step: int) -> None:
        """Adds a training loss; a point is the mean of those since the last."""
        self._recent.append(loss)
        if self.is_due(step):
            self.losses.append(sum(self._recent) / len(self._recent))
            self._recent = []

    def add_gradients(self, model: PretrainedNetwork) -> None:
        """Adds the gradient's norm over each part of the network."""
        for name, part in parts_of(model).items():
            gradients = [parameter.grad for parameter in part if parameter.grad is not None]
            norm = float(torch.stack(torch._foreach_norm(gradients)).norm())
            self.gradients.setdefault(name, []).append(norm)


def parts_of(model: PretrainedNetwork) -> dict[str, list[nn.Parameter]]:
    """The weights of the convolutions and of the head by part: stem, the stages, head."""
    parts: dict[str, list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.ndim < 2:  # scales and shifts of norms, which not every network has
            continue
        first, *rest = name.split(".")
        where = f"stage {int(rest[0]) + 1}" if first == "stages" else first
        if first.startswith("layer"):
            where = f"stage {first.removeprefix('layer')}"
        parts.setdefault({"conv1": "stem", "stem": "stem", "fc": "head", "head": "head"}.get(where, where), []).append(
            parameter
        )
    return parts


def train(run: LabRun, data: tuple[Images, Images], folder: Path) -> dict[str, Any]:
    """Trains the network of `run`, writes its report and its weights into `folder`, and returns the report."""
    start, processor = time.perf_counter(), time.process_time()
    training, test = data
    normalize = Normalization.of(training.pixels)
    model = run.network().to(memory_format=torch.channels_last)
    recipe = run.recipe
    batch = int(recipe.batch_size or 0)
    per_epoch = len(training) // batch
    steps = per_epoch * recipe.epochs
    optimizer = make_optimizer(model, recipe, new_head=False)
    schedule = make_schedule(optimizer, recipe, per_epoch)
    curves, glances = Curves(steps), []
    seen = {"train": _part(training, FEW), "test": _part(test, FEW)}
    diverged = None
    for step, (pixels, labels) in enumerate(batches(training, batch, recipe.epochs, recipe.shift, run.seed)):
        loss = update(model, optimizer, normalize(pixels), labels, curves if curves.is_due(step) else None)
        schedule.step_update(step + 1)
        if not math.isfinite(loss):
            diverged = step + 1
            break
        curves.add_loss(loss, step)
        if (step + 1) % max(1, steps // GLANCES) == 0:
            errors = {split: measure(model, images, normalize)["error"] for split, images in seen.items()}
            glances.append({"step": step + 1, **errors})
    ends = {"train": _part(training, MANY), "test": _part(test, MANY)}
    report = {
        "name": run.name,
        "row": run.row,
        "depth": run.depth,
        "seed": run.seed,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "steps": steps,
        "diverged": diverged,
        "end": None if diverged else {split: measure(model, images, normalize) for split, images in ends.items()},
        "every": curves.every,
        "loss": curves.losses,
        "gradients": curves.gradients,
        "glances": glances,
        "images": {split: len(images) for split, images in ends.items()},
        "hardware": hardware(),
        "date": datetime.now(UTC).date().isoformat(),
        "seconds": round(time.perf_counter() - start),
        "core_seconds": round(time.process_time() - processor),
    }
    if not diverged:
        save_file({name: value.contiguous() for name, value in model.state_dict().items()}, folder / WEIGHTS)
    partial = folder / f"{REPORT}.partial"
    partial.write_text(json.dumps(rounded(report)) + "\n")
    partial.replace(folder / REPORT)
    return report


def update(
    model: PretrainedNetwork, optimizer: torch.optim.Optimizer, x: Tensor, labels: Tensor, curves: Curves | None
) -> float:
    """One update; returns the loss before it. `curves` gets the gradients where it is given."""
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16_is_fast()):
        loss = F.cross_entropy(model(x).float(), labels)
    optimizer.zero_grad()
    loss.backward()
    if curves:
        curves.add_gradients(model)
    optimizer.step()
    return float(loss.detach())


def bfloat16_is_fast() -> bool:
    """Whether this processor multiplies bfloat16 itself."""
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def hardware() -> str:
    """The processor, its cores, and in which numbers networks computed."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text("utf-8").splitlines()
        name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), name)
    numbers = "bfloat16 by autocast" if bfloat16_is_fast() else "float32"
    return f"{name}, {os.cpu_count()} cores, one for each run, {numbers}"


def measure(model: PretrainedNetwork, images: Images, normalize: Normalization) -> dict[str, float]:
    """The mean loss and the share of wrong answers on these images, as they are, with running statistics."""
    model.eval()
    losses, wrong = 0.0, 0
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bfloat16_is_fast()):
        for pixels, labels in zip(
            images.pixels.split(MEASURED_AT_ONCE), images.labels.split(MEASURED_AT_ONCE), strict=True
        ):
            logits = model(normalize(pixels)).float()
            losses += float(F.cross_entropy(logits, labels, reduction="sum"))
            wrong += int((logits.argmax(1) != labels).sum())
    model.train()
    return {"loss": losses / len(images), "error": wrong / len(images)}


def _part(images: Images, count: int) -> Images:
    """The first of these images, which are in no order."""
    return Images(images.pixels[:count], images.labels[:count])


def rounded(value: Any) -> Any:
    """The same nested values with floats of four significant digits."""
    if isinstance(value, float):
        return float(f"{value:.4g}") if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, list | tuple) else value


def reports(folders: Iterable[Path]) -> list[dict[str, Any]]:
    """The reports of those of these folders that have one."""
    return [json.loads((folder / REPORT).read_text()) for folder in folders if (folder / REPORT).exists()]

"""What the runs found, as one small file in the package, and the networks that the page takes apart."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from resnet_hub.config import Preprocessing
from resnet_hub.metadata import CheckpointMetadata
from resnet_hub.models import PretrainedNetwork

from .images import Images, Normalization
from .plan import LabRun
from .removal import removals_of
from .surface import SURFACE
from .train import REPORT, WEIGHTS

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
"""CIFAR-10's, in their order."""
KEPT = ("row", "depth", "seed", "parameters", "steps", "diverged", "end", "every", "loss", "gradients", "glances")
"""What of a run's report comes into the results."""
PACKAGED = {
    "plain-20-0": "lab_plain20",
    "residual-20-0": "lab_residual20",
    "plain-long-56-0": "lab_plain56",
    "residual-long-56-0": "lab_residual56",
}
"""The runs whose weights come with the package -> their folders there."""


def gather(
    plan: Sequence[LabRun], folder: Path, networks: Path, data: tuple[Images, Images], lossy: bool
) -> dict[str, Any]:
    """All that was found.

    Args:
        plan: The runs, in their order; what is not trained yet is listed as such.
        folder: Of their folders.
        networks: Of the networks that come with the package.
        data: The training and the test images.
        lossy: Whether the images are a lossy copy of CIFAR-10.
    """
    reports, missing, surfaces = [], [], []
    for run in plan:
        place = folder / run.name
        if not (place / REPORT).exists():
            missing.append(run.name)
            continue
        report = json.loads((place / REPORT).read_text("utf-8"))
        epochs, rate = run.recipe.epochs, run.recipe.lr
        reports.append((report, {"epochs": epochs, "lr": rate, **{name: report[name] for name in KEPT}}))
        if (place / SURFACE).exists():
            surfaces.append(json.loads((place / SURFACE).read_text("utf-8")))
    return {
        "command": "make lab",
        "dates": sorted({report["date"] for report, _ in reports}),
        "hardware": "; ".join(sorted({report["hardware"] for report, _ in reports})),
        "core_hours": round(sum(report["core_seconds"] for report, _ in reports) / 3600, 2),
        "versions": {name: version(name) for name in ("torch", "timm", "resnet_hub")},
        "images": described(data, lossy),
        "settings": settings(plan[0]),
        "missing": missing,
        "runs": [kept for _, kept in reports],
        "surfaces": surfaces,
        "removals": [
            removals_of(run, networks / PACKAGED[run.name], data[1], folder / run.name)
            for run in plan
            if run.name in PACKAGED and (networks / PACKAGED[run.name]).is_dir()
        ],
    }


def settings(run: LabRun) -> dict[str, Any]:
    """What all runs have in common, but where a row says otherwise."""
    recipe, config = run.recipe, run.config
    names = ("image_size", "batch_size", "momentum", "weight_decay", "schedule", "warmup_epochs", "shift")
    return {"widths": list(config.widths), **{name: getattr(recipe, name) for name in names}}


def described(data: tuple[Images, Images], lossy: bool) -> dict[str, Any]:
    """Which images these are, so that someone else can tell whether theirs are the same."""
    digest = hashlib.sha256()
    for images in data:
        digest.update(images.pixels.numpy().tobytes())
        digest.update(images.labels.numpy().tobytes())
    train, test = (len(images) for images in data)
    return {"train": train, "test": test, "lossy": lossy, "sha256": digest.hexdigest()[:16]}


def package(run: LabRun, folder: Path, into: Path, data: tuple[Images, Images], lossy: bool) -> None:
    """Writes the network of a finished run as a checkpoint in float16 into the folder `into`."""
    report = json.loads((folder / REPORT).read_text("utf-8"))
    training, _ = data
    preprocessing = Preprocessing(
        input_size=(3, *training.pixels.shape[-2:]),
        interpolation="bilinear",
        crop_pct=1.0,
        **vars(Normalization.of(training.pixels)),
    )
    model = PretrainedNetwork.class_for(run.config)(
        run.config, preprocessing=preprocessing, label_names=CLASSES, metadata=_metadata(run, report, lossy)
    )
    model.load_state_dict(load_file(folder / WEIGHTS))
    halves = {
        name: value.to(torch.float16) if value.is_floating_point() else value
        for name, value in model.state_dict().items()
    }
    model.save_pretrained(into, weights=halves)


def _metadata(run: LabRun, report: dict[str, Any], lossy: bool) -> CheckpointMetadata:
    end = report["end"]["test"]
    return CheckpointMetadata(
        dataset="cifar10",
        recipe={
            **settings(run),
            "epochs": run.recipe.epochs,
            "lr": run.recipe.lr,
            "seed": run.seed,
            "lossy_images": lossy,
        },
        versions={name: version(name) for name in ("torch", "timm")},
        hardware=report["hardware"],
        license="other",
        split="test",
        metrics={"top1": round(1 - end["error"], 4), "loss": end["loss"]},
        num_images=report["images"]["test"],
        seconds=report["seconds"],
    )

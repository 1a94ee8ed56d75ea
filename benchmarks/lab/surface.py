"""The loss around what a network has learned, along two random directions: a picture of how rough its way was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from resnet_hub.models import PretrainedNetwork

from .images import Images, Normalization
from .plan import LabRun
from .train import WEIGHTS, measure, rounded

SURFACE = "surface.json"
SURFACES = ("plain-20-0", "residual-20-0", "plain-56-0", "residual-56-0")
"""The runs that get one."""
POINTS = 17
"""Of each direction; the network itself is the middle one."""
SPAN = 1.0
"""How far each direction goes either way; 1 is as far as the weights are from 0."""
IMAGES = 200
"""Of the training images, to measure each loss on."""


def write_surface(run: LabRun, training: Images, folder: Path) -> dict[str, Any]:
    """Measures the surface around the weights in `folder`, writes it there and returns it.

    Each direction is normal noise, scaled filter by filter to the norm of the weights' filter; scales and shifts of
    norms and biases stay. The norms keep their running statistics.

    Source: Li et al. 2018, "Visualizing the Loss Landscape of Neural Nets", section 4 and their published code.
    """
    model = run.network().to(memory_format=torch.channels_last)
    weights = load_file(folder / WEIGHTS)
    normalize = Normalization.of(training.pixels)
    images = Images(training.pixels[:IMAGES], training.labels[:IMAGES])
    generator = torch.Generator().manual_seed(0)
    across, up = (filter_normalized(weights, generator) for _ in range(2))
    steps = torch.linspace(-SPAN, SPAN, POINTS).tolist()
    losses = []
    for y in steps:
        losses.append([])
        for x in steps:
            moved = {name: weights[name] + x * across[name] + y * up[name] for name in across}
            losses[-1].append(_loss_at(model, {**weights, **moved}, images, normalize))
    found = rounded({"row": run.row, "depth": run.depth, "seed": run.seed, "span": SPAN, "losses": losses})
    partial = folder / f"{SURFACE}.partial"
    partial.write_text(json.dumps(found) + "\n")
    partial.replace(folder / SURFACE)
    return found


def filter_normalized(weights: dict[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
    """A random direction in the weights of convolutions and head: each filter as long as the weights' own."""
    found = {}
    for name, weight in weights.items():
        if weight.ndim >= 2:
            noise = torch.randn(weight.shape, generator=generator)
            filters, own = noise.flatten(1), weight.flatten(1)
            scale = own.norm(dim=1, keepdim=True) / filters.norm(dim=1, keepdim=True).clamp_min(1e-10)
            found[name] = (filters * scale).view_as(weight)
    return found


def _loss_at(model: PretrainedNetwork, weights: dict[str, Tensor], images: Images, normalize: Normalization) -> float:
    model.load_state_dict(weights)
    return measure(model, images, normalize)["loss"]

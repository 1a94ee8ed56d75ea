"""Why shortcuts make deep networks trainable, measured on freshly initialized networks with and without them.

Both kinds are the CIFAR networks of He et al. 2015, section 4.2, with the same layers and the same initial weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from resnet_hub.checks import check_choice, check_integer, check_range
from resnet_hub.imports import require_extra
from resnet_hub.models import PretrainedNetwork
from resnet_hub.registry import architecture

DEPTHS = (20, 32, 44, 56, 110)
"""Layers of the networks that can be compared."""
DIGITS = 64
"""Images in the batch."""
SIDE = 16
"""Height and width of its images, in pixels."""


@dataclass(frozen=True)
class GradientFlow:
    """How much the loss of a new network depends on the input of each of its blocks."""

    depth: int
    """Layers of the network."""
    shortcuts: bool
    """Whether its blocks have them."""
    blocks: tuple[str, ...]
    """The names of the blocks, from the last to the first: the way that gradients go."""
    norms: tuple[float, ...]
    """The norm of the loss's gradient at the input of each."""

    @property
    def growth(self) -> float:
        """How many times larger the gradient is at the first block than at the last."""
        return self.norms[-1] / self.norms[0]


def gradient_flow(depth: int, shortcuts: bool, *, seed: int = 0) -> GradientFlow:
    """The gradients of a new network's loss on a batch of handwritten digits, with batch statistics, as in training.

    Batch normalization keeps the signal at one size in both kinds. On its way back the gradient of a network without
    shortcuts grows in each layer by about the same factor, so with depth it explodes.

    Args:
        depth: One of `DEPTHS`.
        shortcuts: Whether the blocks have them.
        seed: Chooses the weights.

    Raises:
        ConfigError: There is no such depth.

    Source: Yang et al. 2019, "A Mean Field Theory of Batch Normalization", section 4, on why it explodes.
    """
    images, labels = digits()
    model = new_network(depth, shortcuts, seed).requires_grad_(False)
    inputs: list[tuple[str, Tensor]] = []

    def step(name: str, block: nn.Module, x: Tensor) -> Tensor:
        x = x.requires_grad_()
        inputs.append((name, x))
        return block(x)

    with torch.inference_mode(False), torch.enable_grad():
        loss = F.cross_entropy(model.forward_head(model.walk(images, step)), labels)
        gradients = torch.autograd.grad(loss, [x for _, x in inputs])
    norms = [float(gradient.norm()) for gradient in gradients]
    return GradientFlow(depth, shortcuts, tuple(name for name, _ in reversed(inputs)), tuple(reversed(norms)))


def first_losses(
    depth: int, shortcuts: bool, *, steps: int = 30, learning_rate: float = 0.02, seed: int = 0
) -> Iterator[float]:
    """Yields the training loss of a new network before each update, on one batch of handwritten digits.

    The batch is always the same, so a network that can be trained at all soon overfits it; guessing one of ten
    digits costs 2.30. Updates are SGD with a momentum of 0.9.

    Args:
        depth: One of `DEPTHS`.
        shortcuts: Whether the blocks have them.
        steps: Losses to yield, 1 to 1000.
        learning_rate: Above 0 and up to 10.
        seed: Chooses the weights.

    Raises:
        ConfigError: A number is out of range.
    """
    check_integer("steps", steps, 1, 1000)
    check_range("learning_rate", learning_rate, 1e-6, 10)
    images, labels = digits()
    model = new_network(depth, shortcuts, seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate, momentum=0.9)
    for _ in range(steps):
        with torch.inference_mode(False), torch.enable_grad():  # around one step: a generator must not leave it open
            loss = F.cross_entropy(model(images), labels)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
        yield float(loss.detach())


def new_network(depth: int, shortcuts: bool, seed: int) -> PretrainedNetwork:
    """A new CIFAR network in training mode; its weights follow from `seed`, and the global RNG state is left alone.

    Raises: ConfigError for a depth that is none of `DEPTHS`.
    """
    check_choice("depth", depth, DEPTHS)
    config = architecture(f"cifar_{'resnet' if shortcuts else 'plain'}{depth}").with_options(num_classes=10)
    with torch.inference_mode(False):
        with torch.device("meta"):
            model = PretrainedNetwork.class_for(config)(config)
        model.to_empty(device="cpu")
    # As a network initializes its weights, but from a generator of its own: other threads may use the global RNG.
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu", generator=generator)
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
        elif isinstance(module, nn.Linear):
            nn.init.kaiming_uniform_(module.weight, a=5**0.5, generator=generator)
            nn.init.zeros_(module.bias)
    return model.train()


@cache
def digits() -> tuple[Tensor, Tensor]:
    """Images (64, 3, 16, 16), -1 to 1, of real handwritten digits, and their labels (64) from 0 to 9.

    Source: the optical recognition set of Alpaydin and Kaynak 1998, which comes with scikit-learn.
    """
    require_extra("demo", modules=["sklearn"])
    from sklearn.datasets import load_digits

    with torch.inference_mode(False):
        found = load_digits()
        images = torch.tensor(found.images[:DIGITS], dtype=torch.float32)[:, None] / 8 - 1  # from 0..16
        images = F.interpolate(images, (SIDE, SIDE), mode="bilinear").expand(-1, 3, -1, -1).contiguous()
        return images, torch.tensor(found.target[:DIGITS])

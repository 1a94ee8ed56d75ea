"""A stage: residual blocks that run one after another; what calls it is told by hooks, traces and compilers alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.fx import Proxy
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint


class Stage(nn.Sequential):
    """(N, C, H, W) -> the last block's output. Its blocks are its children, by number."""

    def __init__(self, *blocks: nn.Module) -> None:
        super().__init__(*blocks)
        self.grad_checkpointing = False

    def forward(self, x: Tensor) -> Tensor:
        """Returns the last block's output; with gradient checkpointing, each block keeps its input alone."""
        if torch.jit.is_scripting():  # which compiles nothing that follows
            for block in self:
                x = block(x)
            return x
        recomputes = self._recomputes(x)
        for block in self:
            x = recomputed(block, x) if recomputes else block(x)
        return x

    def _recomputes(self, x: Tensor) -> bool:
        """Whether to spare memory now: there is a backward pass, which a symbolic trace does not have."""
        return self.grad_checkpointing and torch.is_grad_enabled() and not isinstance(x, Proxy)


class Checkpointing(nn.Module):
    """A network of stages whose gradient checkpointing is switched in all of them at once."""

    __jit_unused_properties__: ClassVar[list[str]] = ["grad_checkpointing"]

    def set_grad_checkpointing(self, enable: bool = True) -> None:
        """Trades time for memory in training: blocks recompute their activations in the backward pass."""
        self.grad_checkpointing = enable

    @property
    def grad_checkpointing(self) -> bool:
        """Whether blocks recompute their activations in the backward pass."""
        return any(module.grad_checkpointing for module in self.modules() if isinstance(module, Stage))

    @grad_checkpointing.setter
    def grad_checkpointing(self, enable: bool) -> None:
        for module in self.modules():
            if isinstance(module, Stage):
                module.grad_checkpointing = enable


def recomputed(block: nn.Module, x: Tensor) -> Tensor:
    """The block's output by gradient checkpointing: its activations are recomputed in the backward pass."""
    if torch.compiler.is_compiling():  # the compiler takes no context, and counts each batch once anyway
        return checkpoint(block, x, use_reentrant=False)
    return checkpoint(block, x, use_reentrant=False, context_fn=lambda: (nullcontext(), _uncounted(block)))


@contextmanager
def _uncounted(block: nn.Module) -> Iterator[None]:
    """Freezes the running statistics: a batch that is computed twice must count once."""
    layers = [module for module in block.modules() if isinstance(module, _BatchNorm)]
    before = [(layer.momentum, layer.num_batches_tracked) for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
        if layer.num_batches_tracked is not None:
            layer.num_batches_tracked = layer.num_batches_tracked.clone()
    try:
        yield
    finally:
        for layer, (momentum, count) in zip(layers, before, strict=True):
            layer.momentum, layer.num_batches_tracked = momentum, count

"""The training state: network, optimizer, schedule, criterion, EMA, and the position in the run."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from resnet_hub.config import Preprocessing
from resnet_hub.errors import ConfigError
from resnet_hub.models import PretrainedNetwork

from ..loading import BatchMixing, EpochSampler, Loader, ProgressiveResizing
from ..optim import Criterion, EMAWeights, Freezing, Schedule, head_of, make_optimizer, make_schedule
from ..settings import LAZY, FinetuneRecipe
from ..splits import Split
from .distributed import compute_by_autocast, keep_whole_precision, save_whole, settle_buckets
from .guards import LateCheck, NaNGuard
from .reporting import Progress

logger = logging.getLogger("training")


@dataclass
class Position:
    """How far the training is: with weights, optimizer and schedule, all that a run needs to go on in mid-epoch."""

    epoch: int = 1
    """The pass that is being made, from 1."""
    batches: int = 0
    """Batches of this process that the pass has used already; a pass that goes on skips them."""
    steps: int = 0
    """Updates of the weights so far."""
    totals: Tensor = field(default_factory=lambda: torch.zeros(2, dtype=torch.float64))
    """Of the pass so far, in this process: the sum of the losses, and images."""

    def next_epoch(self) -> None:
        """Moves on to the start of the next pass."""
        self.epoch, self.batches = self.epoch + 1, 0
        self.totals = torch.zeros_like(self.totals)


@dataclass
class Learner:
    """All that takes part in a step. What accelerate wraps has been prepared by it."""

    accelerator: Accelerator
    recipe: FinetuneRecipe
    network: PretrainedNetwork
    """The bare network: names, stages, weights to save."""
    model: nn.Module
    """The same network as accelerate wraps it: what is called in training."""
    optimizer: torch.optim.Optimizer
    schedule: Schedule
    sampler: EpochSampler
    criterion: Criterion
    resizing: ProgressiveResizing
    mixing: BatchMixing
    freezing: Freezing
    ema: EMAWeights | None
    """The exponential moving average of the weights, where one is kept."""
    nan_guard: NaNGuard
    late_check: LateCheck | None
    """Where the training images were not looked at before."""
    progress: Progress = field(default_factory=Progress)
    position: Position = field(default_factory=Position)
    after_update: list[Callable[[Learner], None]] = field(default_factory=list)
    """Called after each update of the weights, in this order."""

    @property
    def preprocessing(self) -> Preprocessing:
        """What the network's input is."""
        return self.network.preprocessing

    def start_epoch(self) -> None:
        """Makes everything ready for the pass that `position` names."""
        self.sampler.epoch = self.position.epoch
        self.model.train()
        self.freezing.apply(self.position.epoch)
        self.position.totals = self.position.totals.to(self.accelerator.device)

    @contextmanager
    def in_units(self) -> Iterator[None]:
        """Within it the network answers as a saved one does; a regression trains on standardized targets otherwise."""
        with ExitStack() as both:
            for network in [self.network] if self.ema is None else [self.network, self.ema.network]:
                both.enter_context(self.criterion.in_units(head_of(network)))
            yield


def make_learner(
    recipe: FinetuneRecipe, network: PretrainedNetwork, loaders: dict[str, Loader], accelerator: Accelerator
) -> tuple[Learner, dict[str, Loader]]:
    """The learner, and the loaders as accelerate prepares them.

    Raises:
        ConfigError: The recipe asks for what this task, network, optimizer or machine has not.
    """
    sampler, targets = loaders["train"].sampler, loaders["train"].dataset.split.labels
    task, outputs, process = network.config.task, network.num_classes, accelerator.process_index
    criterion = Criterion.of(recipe, task, targets, outputs, accelerator.device)
    resizing = ProgressiveResizing.of(recipe, network.preprocessing)
    mixing = BatchMixing.of(recipe, task, outputs, process)
    nan_guard = NaNGuard(accelerator, loaders["train"].dataset.name)
    network.set_grad_checkpointing(recipe.grad_checkpointing)
    if accelerator.is_fsdp2 and recipe.ema_decay is not None:
        raise ConfigError("processes.fsdp_ema")
    if recipe.sync_bn:
        synchronize_norms(network, accelerator)
    freezing = Freezing.of(recipe, network)
    freezing.apply(recipe.epochs)  # what is never trained stays out of the optimizer
    optimizer = make_optimizer(network, recipe, new_head=network.head_is_new and not recipe.from_scratch)
    # FSDP cuts weights that lie in the order of their dimensions only.
    if accelerator.is_fsdp2:
        keep_whole_precision(accelerator)
    order = torch.contiguous_format if accelerator.is_fsdp2 else torch.channels_last
    model, prepared, *batches = accelerator.prepare(network.to(memory_format=order), optimizer, *loaders.values())
    if accelerator.is_fsdp2:
        save_whole(network, prepared.optimizer)
        compute_by_autocast(network, accelerator)
    settle_buckets(model, network.preprocessing.input_size, recipe.images_per_batch, accelerator.num_processes)
    criterion.start(head_of(network), new_head=network.head_is_new)
    loaders = dict(zip(loaders, batches, strict=True))
    schedule = make_schedule(optimizer, recipe, math.ceil(len(loaders["train"]) / recipe.grad_accum_steps))
    ema = None if recipe.ema_decay is None else EMAWeights(network, recipe.ema_decay)
    learner = Learner(
        accelerator,
        recipe,
        network,
        model,
        prepared,
        schedule,
        sampler,
        criterion,
        resizing,
        mixing,
        freezing,
        ema,
        nan_guard,
        _late_check(recipe, loaders["train"].dataset.split, accelerator),
    )
    return learner, loaders


def _late_check(recipe: FinetuneRecipe, split: object, accelerator: Accelerator) -> LateCheck | None:
    if recipe.check != LAZY or not isinstance(split, Split):
        return None
    if accelerator.is_main_process:
        logger.info(
            "check  images of train are opened in the first epoch (--check lazy): until then it is not known which "
            "cannot be decoded, are in two splits or are nearly the same, and none are cached"
        )
    return LateCheck(accelerator, split, recipe.max_bad_images)


def synchronize_norms(network: PretrainedNetwork, accelerator: Accelerator) -> None:
    """Makes each BatchNorm take its statistics over all processes. Raises: ConfigError on a CPU."""
    if accelerator.device.type == "cpu":
        raise ConfigError("loop.synchronized_norms")
    nn.SyncBatchNorm.convert_sync_batchnorm(network)
    for module in network.modules():
        if isinstance(module, nn.SyncBatchNorm) and hasattr(module, "act"):  # it knows of no activation of its own
            module.register_forward_hook(_activated)


def _activated(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
    return module.get_submodule("act")(output)

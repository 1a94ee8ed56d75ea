"""The processes and the precision that a run computes with, by accelerate."""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar, cast

import psutil
import torch
from accelerate import Accelerator, PartialState
from accelerate.utils import (
    DataLoaderConfiguration,
    DistributedDataParallelKwargs,
    DistributedType,
    DynamoBackend,
    broadcast_object_list,
    gather_object,
)

from resnet_hub.errors import ResNetHubError, TrainingError
from resnet_hub.runtime import native_bf16

from .processes import Stopped, refuse_contradictions, shards

logger = logging.getLogger("training")

Result = TypeVar("Result")
LONGEST_FACT = 200
"""Characters of what a process found that are told where another found something else."""


def make_accelerator(
    precision: str,
    threads: int | None,
    *,
    unused_parameters: bool = False,
    trackers: Sequence[str] = (),
    folder: Path | None = None,
) -> Accelerator:
    """The accelerator of this process; on the CPU, several processes talk through gloo.

    Args:
        precision: auto, no, bf16 or fp16; auto keeps what `accelerate launch` was given, and where that is nothing,
            takes bf16 on a device that computes in it.
        threads: CPU threads of this process; None shares out the cores. (The launcher's own default is one thread.)
        unused_parameters: Whether some parameters take part in some epochs only, which processes must look out for.
        trackers: Names of the trackers that a run reports to.
        folder: Where trackers write that write files.
    """
    on_cpu = _computes_on_cpu()
    launched = os.environ.get("ACCELERATE_MIXED_PRECISION", "no")
    if launched not in ("no", precision) and precision != "auto":
        logger.warning("precision %s, as --precision says; the launcher's %s is passed over", precision, launched)
    if precision == "auto":
        precision = (
            launched
            if launched != "no"
            else ("bf16" if native_bf16(torch.device("cpu" if on_cpu else "cuda")) else "no")
        )
    processes = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    torch.set_num_threads(threads or max(1, available_cores() // processes))
    config = DataLoaderConfiguration(non_blocking=not on_cpu)
    if on_cpu and shards(os.environ):
        let_cpu_shard()
    handlers = [DistributedDataParallelKwargs(find_unused_parameters=True)] if unused_parameters else []
    accelerator = Accelerator(
        mixed_precision=precision,
        cpu=on_cpu,
        dataloader_config=config,
        kwargs_handlers=handlers,
        log_with=list(trackers) or None,
        project_dir=folder,
    )
    if shards(os.environ) and not accelerator.is_fsdp2:
        logger.warning("one process has nobody to share the network with: it is trained whole, in spite of FSDP")
    return accelerator


def let_cpu_shard() -> None:
    """Lets accelerate shard a network by FSDP2 on CPUs, as PyTorch does.

    accelerate looks at what was asked of FSDP only where processes compute on accelerators, and trains plainly
    otherwise; the kind of processes is what it looks at, and what it puts FSDP in place of.
    """
    state = PartialState(cpu=True)
    if state.num_processes > 1:
        PartialState._shared_state["distributed_type"] = DistributedType.MULTI_GPU


def meet() -> None:
    """Lets the processes of a run find each other before there is an accelerator. Raises: ConfigError."""
    PartialState(cpu=_computes_on_cpu())


def _computes_on_cpu() -> bool:
    """Whether there is no GPU to compute on. Raises: ConfigError where the launcher was told something else."""
    on_cpu = not torch.accelerator.is_available() or os.environ.get("ACCELERATE_USE_CPU", "").lower() in ("true", "1")
    refuse_contradictions(os.environ)
    return on_cpu


def main_process_first(action: Callable[[], Result]) -> Result:
    """What `action` gives on each process: the main one goes first, as one that fills a cache should.

    Its refusal there is raised on every process, so that none waits for another.

    Raises:
        ResNetHubError: What `action` raised.
    """
    state = PartialState()
    refusal: ResNetHubError | None = None
    if state.is_main_process:
        try:
            result = action()
        except ResNetHubError as error:
            refusal = error
    raised = broadcast_object_list([refusal])[0]
    if refusal is not None:
        raise refusal
    if raised is not None:
        raise raised
    return result if state.is_main_process else action()


def from_main_process(found: Callable[[], Result]) -> Result:
    """What `found` gives on the main process, on every process."""
    state = PartialState()
    given: list[Result | None] = [found() if state.is_main_process else None]
    return cast(Result, broadcast_object_list(given)[0])


def main_process_decides(action: Callable[[], object]) -> None:
    """Runs `action` on the main process alone. Raises: ResNetHubError on every process, where it raises one there."""
    main_process_first(lambda: action() if PartialState().is_main_process else None)


def refuse_differences(facts: Mapping[str, object]) -> None:
    """Raises: TrainingError on every process, where they do not all find the same, with who found what."""
    found = gather_object([dict(facts)])
    for name in facts:
        ranks: dict[str, list[int]] = {}
        for rank, told in enumerate(found):
            ranks.setdefault(str(told[name]), []).append(rank)
        if len(ranks) > 1:
            values = "; ".join(f"{', '.join(map(str, who))}: {value[:LONGEST_FACT]}" for value, who in ranks.items())
            raise TrainingError("processes.differ", name=name, values=values)


@contextmanager
def leaving_together(accelerator: Accelerator) -> Iterator[None]:
    """A block of work that no process leaves before the main one, whose report and uploads need none of the others.

    The launcher may take the first process that ends for the end of the run, and end the rest before the report.
    A process that fails does not wait.
    """
    try:
        yield
    except Stopped:
        accelerator.wait_for_everyone()
        raise
    accelerator.wait_for_everyone()


def available_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def used_memory(accelerator: Accelerator) -> int:
    """Bytes: the most that tensors have taken of the GPU; on a CPU, what this process holds now."""
    if accelerator.device.type == "cuda":
        return torch.cuda.max_memory_allocated(accelerator.device)
    return psutil.Process().memory_info().rss


def how_computed(accelerator: Accelerator) -> str:
    """What the launcher asked for besides the precision, as words that follow it."""
    backend = accelerator.state.dynamo_plugin.backend
    compiled = "" if backend == DynamoBackend.NO else f", compiled by {backend.value.lower()}"
    return compiled + (", sharded by FSDP2" if accelerator.is_fsdp2 else "")


def describe_hardware(accelerator: Accelerator) -> str:
    """The devices of a run, as a short text."""
    if accelerator.device.type == "cuda":
        name = torch.cuda.get_device_name(accelerator.device)
    else:
        name = f"{platform.machine()} {accelerator.device.type}, {torch.get_num_threads()} threads"
    return name if accelerator.num_processes == 1 else f"{accelerator.num_processes} x {name}"

"""What a launcher tells a process in its environment, where that contradicts what runs."""

from __future__ import annotations

from collections.abc import Mapping

from resnet_hub.errors import ConfigError


def refuse_contradictions(environment: Mapping[str, str], *, on_cpu: bool) -> None:
    """Finds out whether this process is the one of several that it was meant to be.

    Where several are asked for on a CPU without `--multi_gpu`, accelerate starts one alone: it knows the address of a
    main process then, but no number of its own.

    Args:
        environment: The variables of this process.
        on_cpu: Whether it computes on a CPU.

    Raises:
        ConfigError: It would train by itself, or in another way than was asked for.
    """
    alone = not {"WORLD_SIZE", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE"} & environment.keys()
    tasks = environment.get("SLURM_STEP_NUM_TASKS", "1")
    if alone and tasks.isascii() and tasks.isdigit() and int(tasks) > 1:
        raise ConfigError("processes.tasks_apart", tasks=int(tasks))
    if alone and "MASTER_ADDR" in environment and "ACCELERATE_MIXED_PRECISION" in environment:
        raise ConfigError("processes.one_of_several")
    if on_cpu and environment.get("ACCELERATE_USE_FSDP", "").lower() in ("true", "1"):
        raise ConfigError("processes.fsdp_without_gpu")

"""What a launcher tells a process in its environment, where that contradicts what runs."""

from __future__ import annotations

from collections.abc import Mapping

from resnet_hub.errors import ConfigError

OTHER_ENGINES = {"DeepSpeed": "ACCELERATE_USE_DEEPSPEED", "Megatron-LM": "ACCELERATE_USE_MEGATRON_LM"}
"""What accelerate can launch and a run is not made for, with the variable that says so."""
PRECISIONS = ("no", "bf16", "fp16")


def refuse_contradictions(environment: Mapping[str, str]) -> None:
    """Finds out whether this process is the one of several that it was meant to be.

    Where several are asked for on a CPU without `--multi_gpu`, accelerate starts one alone: it knows the address of a
    main process then, but no number of its own.

    Args:
        environment: The variables of this process.

    Raises:
        ConfigError: It would train by itself, or in another way than was asked for.
    """
    alone = not {"WORLD_SIZE", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE"} & environment.keys()
    tasks = environment.get("SLURM_STEP_NUM_TASKS", "1")
    if alone and tasks.isascii() and tasks.isdigit() and int(tasks) > 1:
        raise ConfigError("processes.tasks_apart", tasks=int(tasks))
    if alone and "MASTER_ADDR" in environment and "ACCELERATE_MIXED_PRECISION" in environment:
        raise ConfigError("processes.one_of_several")
    for engine, variable in OTHER_ENGINES.items():
        if is_on(environment, variable):
            raise ConfigError("processes.other_engine", engine=engine)
    precision = environment.get("ACCELERATE_MIXED_PRECISION", "no")
    if precision not in PRECISIONS:
        raise ConfigError("processes.launched_precision", precision=precision)
    if shards(environment) and environment.get("FSDP_VERSION", "1") != "2":
        raise ConfigError("processes.fsdp_version")


def shards(environment: Mapping[str, str]) -> bool:
    """Whether the network is to be sharded (FSDP)."""
    return is_on(environment, "ACCELERATE_USE_FSDP")


def is_on(environment: Mapping[str, str], variable: str) -> bool:
    """Whether a variable says yes, as accelerate reads it."""
    return environment.get(variable, "").lower() in ("true", "1")

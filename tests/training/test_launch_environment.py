"""What the launcher was told against what runs: several processes that would each train alone are refused."""

import pytest

from resnet_hub.errors import ConfigError
from training.processes.launch_environment import refuse_contradictions

BY_ACCELERATE = {"ACCELERATE_MIXED_PRECISION": "no"}
ADDRESS = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}


@pytest.mark.parametrize(
    ("environment", "way_out"),
    [
        (BY_ACCELERATE | ADDRESS, "accelerate launch --multi_gpu --num_processes N"),
        ({"SLURM_STEP_NUM_TASKS": "4"}, "Slurm has started 4 tasks"),
        (BY_ACCELERATE | {"ACCELERATE_USE_FSDP": "true", "WORLD_SIZE": "2"}, "take the second: --fsdp_version 2"),
        (
            BY_ACCELERATE | {"ACCELERATE_USE_DEEPSPEED": "true", "WORLD_SIZE": "2"},
            "train by DeepSpeed, which this does not",
        ),
        (BY_ACCELERATE | {"ACCELERATE_USE_MEGATRON_LM": "true", "WORLD_SIZE": "2"}, "by Megatron-LM"),
        ({"ACCELERATE_MIXED_PRECISION": "fp8"}, "take --mixed_precision bf16, fp16 or no"),
    ],
)
def test_what_would_train_otherwise_than_asked_is_refused_with_the_way_out(environment, way_out):
    with pytest.raises(ConfigError) as refused:
        refuse_contradictions(environment)
    assert way_out in str(refused.value)


@pytest.mark.parametrize(
    "environment",
    [
        {},
        BY_ACCELERATE,
        ADDRESS,  # of a cluster that sets it for all
        BY_ACCELERATE | ADDRESS | {"WORLD_SIZE": "2"},
        {"SLURM_STEP_NUM_TASKS": "2", "WORLD_SIZE": "8"},
        {"SLURM_STEP_NUM_TASKS": "1"},
        {"SLURM_STEP_NUM_TASKS": "many"},
        {"ACCELERATE_USE_FSDP": "true", "FSDP_VERSION": "2", "WORLD_SIZE": "2"},
    ],
)
def test_what_runs_as_it_was_asked_for_is_left_alone(environment):
    refuse_contradictions(environment)

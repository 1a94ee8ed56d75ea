"""What can happen to a run on its machine is told with the way out; a defect stays what it is."""

from types import SimpleNamespace

import pytest
import torch
from error_facts import code_and_fields

from resnet_hub.errors import TrainingError
from training.loop import faults
from training.loop.faults import faults_explained


def told(error, batch_size=64, grad_accum_steps=1):
    recipe = SimpleNamespace(images_per_batch=batch_size, grad_accum_steps=grad_accum_steps)
    with pytest.raises(TrainingError) as found, faults_explained(SimpleNamespace(recipe=recipe)):
        raise error
    return code_and_fields(found.value)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you tried"
        ),
        MemoryError(),
    ],
)
def test_without_memory_the_batch_of_half_the_size_is_named_with_the_same_images_in_each_update(error):
    assert told(error, 64, 2) == ("loop.no_memory_for_batch", {"size": 64, "half": 32, "steps": 4})
    assert told(error, 1) == ("loop.no_memory", {"size": 1})


def test_a_real_allocation_that_fails_is_known_by_its_words():
    recipe = SimpleNamespace(images_per_batch=8, grad_accum_steps=1)
    with pytest.raises(TrainingError), faults_explained(SimpleNamespace(recipe=recipe)):
        torch.empty(2**60, dtype=torch.uint8)


def test_a_killed_loader_worker_is_told_with_the_flag_that_helps():
    killed = RuntimeError("DataLoader worker (pid 1234) is killed by signal: Killed. ")
    assert told(killed) == (
        "loop.lost_worker",
        {"reason": "DataLoader worker (pid 1234) is killed by signal: Killed. "},
    )


def test_a_connection_that_breaks_off_is_a_lost_worker_where_it_is_the_loader_s(monkeypatch):
    monkeypatch.setattr(faults, "SIGNAL_SECONDS", 0)
    taken = compile(
        "raise ConnectionResetError(104, 'Connection reset by peer')", "torch/utils/data/dataloader.py", "exec"
    )
    with pytest.raises(TrainingError, match=r"worker is gone .*reset by peer"), faults_explained(None):
        exec(taken)
    with pytest.raises(ConnectionResetError), faults_explained(None):
        raise ConnectionResetError(104, "Connection reset by peer")


def test_a_defect_keeps_its_traceback():
    with pytest.raises(RuntimeError, match="shape"), faults_explained(SimpleNamespace(recipe=None)):
        raise RuntimeError("shape mismatch")

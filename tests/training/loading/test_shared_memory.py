"""A container with little shared memory is told so before a worker is killed for it."""

from collections import namedtuple

import pytest
from error_facts import code_and_fields

from resnet_hub.errors import TrainingError
from training.loading import shared_memory
from training.loading.shared_memory import check_shared_memory

Usage = namedtuple("Usage", "free")


@pytest.fixture
def docker(tmp_path, monkeypatch):
    """A machine with the 64 MB that a container has by default."""
    monkeypatch.setattr(shared_memory, "SHARED", tmp_path)
    monkeypatch.setattr(shared_memory.shutil, "disk_usage", lambda folder: Usage(64_000_000))


def test_batches_that_do_not_fit_are_refused_with_what_helps(docker):
    with pytest.raises(TrainingError) as told:
        check_shared_memory((3, 224, 224), 64, 4)
    assert code_and_fields(told.value)[0] == "loading.no_shared_memory"
    assert str(told.value).startswith(
        "the loaders hand over batches through /dev/shm and need about 77 MB of it, which"
    )


def test_batches_that_fit_and_loaders_without_workers_are_let_be(docker, monkeypatch):
    check_shared_memory((3, 224, 224), 32, 4)
    check_shared_memory((3, 224, 224), 4096, 0)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    with pytest.raises(TrainingError):
        check_shared_memory((3, 224, 224), 32, 4)

"""Two runs never write into one folder at once, and a killed one leaves no lock behind."""

import os
import signal

import pytest
import zygote
from error_facts import code_and_fields

from resnet_hub.errors import TrainingError
from training.run.folder_lock import LOCK_FILE, FolderLock

HOLD = """
import os, sys, time
from pathlib import Path
from training.run.folder_lock import FolderLock
lock = FolderLock(Path(sys.argv[1]))
child = os.fork()  # as a loader process, which outlives a killed run for some seconds
if child:
    print(child, flush=True)
time.sleep(60)
"""


@pytest.fixture
def other_run(tmp_path):
    """A process that holds the folder, and has a child; both end with the test."""
    process = zygote.start(["-c", HOLD, tmp_path], needs=["training.run.folder_lock"])
    child = int(process.stdout.readline())
    yield process
    os.kill(child, signal.SIGKILL)
    process.kill()
    process.communicate(timeout=300)


def test_a_folder_that_another_run_writes_into_is_refused_until_that_is_killed(tmp_path, other_run):
    with pytest.raises(TrainingError) as refused:
        FolderLock(tmp_path)
    assert code_and_fields(refused.value) == ("run.locked", {"folder": str(tmp_path)})
    other_run.kill()
    other_run.wait()
    FolderLock(tmp_path).release()


def test_nothing_is_left_of_a_lock_that_was_released(tmp_path):
    lock = FolderLock(tmp_path)
    assert (tmp_path / LOCK_FILE).exists()
    lock.release()
    lock.release()
    assert list(tmp_path.iterdir()) == []


def test_a_lock_file_without_its_run_is_no_lock(tmp_path):
    (tmp_path / LOCK_FILE).write_text("")
    FolderLock(tmp_path).release()

"""Runs that several tests look at: made once for all files and processes of a test session."""

import json

import pytest
from filelock import FileLock


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory, worker_id):
    """Gives the folder of a run and what its maker returned, in JSON's types.

    The first test that asks, of whichever process, has it made, and those of other processes wait meanwhile. Tests
    leave the folder as it is.
    """
    base = tmp_path_factory.getbasetemp()
    place = base if worker_id == "master" else base.parent

    def give(name, make):
        folder, told = place / f"run-{name}", place / f"run-{name}.json"
        with FileLock(place / f"run-{name}.lock"):
            if not told.exists():
                folder.mkdir()
                told.write_text(json.dumps(make(folder)))
        return folder, json.loads(told.read_text())

    return give

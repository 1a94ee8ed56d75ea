"""What all tests share: a shut network, a fresh home for the Hub's clients, and where the other fixtures are."""

from __future__ import annotations

import atexit
import gc
import logging
import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import socket_guard
import zygote

pytest_plugins = [
    "chromium",
    "browsing",
    "calling",
    "checkpoints",
    "finished_runs",
    "hub_access",
    "measured_runs",
    "real_data",
    "windows",
]

REPOSITORY = Path(__file__).resolve().parent.parent
_made = None if zygote.FORKED in os.environ else tempfile.TemporaryDirectory(prefix="resnet-hub-tests-")
_home = os.environ[zygote.FORKED] if _made is None else _made.name

gc.disable()  # what is imported until the tests begin stays; to look through it takes a fifth of that time

# The clients read these once, when they are imported, which the fixtures below and the test modules do.
for _name in ("HF_ENDPOINT", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_OFFLINE", "HF_HUB_CACHE", "HF_TOKEN_PATH"):
    os.environ.pop(_name, None)
os.environ |= {
    "HF_HOME": _home,
    "HF_HUB_DISABLE_XET": "1",
    "HF_HUB_DISABLE_TELEMETRY": "True",  # as gradio writes it, without analytics
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_TEMP_DIR": str(Path(_home, "gradio")),  # a page of another process empties the usual one when it ends
    "MPLBACKEND": "Agg",
    "OMP_WAIT_POLICY": "PASSIVE",  # as the entries set it
    "OMP_NUM_THREADS": "1",  # the networks here are small, and threads that wait for one another are slow on busy cores
    "NO_PROXY": "127.0.0.1,localhost",
    "no_proxy": "127.0.0.1,localhost",
}


def pytest_configure(config: pytest.Config) -> None:
    """Gives each process of tests cores of its own, since threads that meet others on a core wait for one another.

    And lets pass what a client does to itself: huggingface_hub hands LFS files to httpx2 in a way that is going away.
    """
    if "PYTEST_XDIST_WORKER" in os.environ and hasattr(os, "sched_setaffinity"):
        number, count = os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"), os.environ["PYTEST_XDIST_WORKER_COUNT"]
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[int(number) :: int(count)] or cores)
    config.addinivalue_line("filterwarnings", "ignore:Use 'content=<...>' to upload raw:DeprecationWarning")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config, specs: list) -> None:
    """Lets processes of tests be forks of one interpreter that has imported what they all need."""
    if not hasattr(os, "fork"):
        return
    folder = config._tmp_path_factory.getbasetemp()
    zygote.share(folder)
    zygote.begin()
    config.add_cleanup(zygote.stop)
    for spec in specs:
        if spec.popen and not spec.python:
            spec.python = shlex.join((sys.executable, str(REPOSITORY / "tests" / "forked_worker.py"), str(folder)))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[object]:
    """Lets garbage be collected from here on, and never looks through what the tests were imported with."""
    found = yield
    gc.freeze()
    atexit.register(gc.unfreeze)  # or what libraries hold in the end would be told as leaks
    gc.enable()
    return found


@pytest.fixture(scope="session", autouse=True)
def shut_network() -> Iterator[None]:
    """Every test can connect to this machine only."""
    socket_guard.install()
    yield
    socket_guard.remove()


@pytest.fixture(scope="session", autouse=True)
def one_zygote(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[None]:
    """The interpreter that forks programs for tests is one for all their processes, and ends with them, if it began."""
    base = tmp_path_factory.getbasetemp()
    zygote.share(base if worker_id == "master" else base.parent)
    yield
    zygote.stop()


@pytest.fixture(autouse=True)
def usual_log_levels() -> None:
    """A test's logs are those of a library, also after a test that ran a command, which says more."""
    for name in ("resnet_hub", "training"):
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs `resnet-hub` with these arguments; returns its status, what it printed and what it complained of."""
    from resnet_hub.cli.entry import main

    def command(*arguments: object) -> tuple[int, str, str]:
        status = main([str(argument) for argument in arguments])
        return status, *capsys.readouterr()

    return command


@pytest.fixture
def fixed_seed() -> Iterator[None]:
    """New networks have the same weights in each run of the test; the seed of others stays as it was."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.fixture
def new_process() -> None:
    """Each run of the test in this process starts as in a new one."""
    from launching import forget_accelerator

    forget_accelerator()


@pytest.fixture
def blank_figures() -> Iterator[None]:
    """Runs of the test leave files without a picture: to draw one takes as long as to train."""
    from launching import leave_figures_blank

    with pytest.MonkeyPatch.context() as patch:
        leave_figures_blank(patch)
        yield

"""What all tests share: a shut network, a fresh home for the Hub's clients, the fake Hub, real data, a tiny network."""

from __future__ import annotations

import os
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import socket_guard

if TYPE_CHECKING:
    from fake_hub import FakeHub

pytest_plugins = ["browsing", "calling"]

REPOSITORY = Path(__file__).resolve().parent.parent
LONG = ("test_timm_parity.py",)
"""Files of several minutes that come late in the alphabet: whoever began one last would leave the others waiting."""
_home = tempfile.TemporaryDirectory(prefix="resnet-hub-tests-", ignore_cleanup_errors=True)

# The clients read these once, when they are imported, which the fixtures below and the test modules do.
for _name in ("HF_ENDPOINT", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_OFFLINE", "HF_HUB_CACHE", "HF_TOKEN_PATH"):
    os.environ.pop(_name, None)
os.environ |= {
    "HF_HOME": _home.name,
    "HF_HUB_DISABLE_XET": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_TEMP_DIR": str(Path(_home.name, "gradio")),  # a page of another process empties the usual one when it ends
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begins with the files that take longest; the others keep their order."""
    items.sort(key=lambda item: item.path.name not in LONG)


@pytest.fixture(scope="session", autouse=True)
def shut_network() -> Iterator[None]:
    """Every test can connect to this machine only."""
    socket_guard.install()
    yield
    socket_guard.remove()


@pytest.fixture(scope="session", autouse=True)
def no_zygote_left() -> Iterator[None]:
    """The interpreter that forks programs for tests ends with them, if one began."""
    yield
    if "zygote" in sys.modules:
        sys.modules["zygote"].stop()


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real images and weights. Where it is absent the test is skipped; in CI it fails."""
    folder = Path(os.environ.get("RESNET_HUB_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        reason = f"no real data at {folder}; set RESNET_HUB_DATA to the folder that holds it"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session")
def hub_server() -> Iterator[FakeHub]:
    """The one server of a test session; tests take `fake_hub`, which empties it first."""
    from fake_hub import FakeHub
    from huggingface_hub import close_session

    with FakeHub() as hub:
        yield hub
        close_session()  # or the server would wait for the connections that the client keeps open


@pytest.fixture
def fake_hub(hub_server: FakeHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeHub:
    """A new Hub that huggingface_hub talks to in this process, with an empty cache, logged in as alice.

    timm and datasets keep their own copy of the address from when they were imported: use `run_with_hub` for them.
    """
    from huggingface_hub import constants

    hub_server.reset()
    template = hub_server.url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "ENDPOINT", hub_server.url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf-cache"))
    monkeypatch.setenv("HF_TOKEN", hub_server.token)
    return hub_server


@pytest.fixture
def run_with_hub(fake_hub: FakeHub, tmp_path: Path) -> Callable[..., str]:
    """Runs Python source in a new process whose clients all talk to the fake Hub; returns what it printed.

    `needs` names what the source imports, as `zygote.start` takes it.
    """
    import zygote

    def run(source: str, *needs: str) -> str:
        settings = {
            **os.environ,
            "HF_ENDPOINT": fake_hub.url,
            "HF_HOME": str(tmp_path / "hf-home"),
            "HF_TOKEN": fake_hub.token,
        }
        finished = zygote.run(["-c", textwrap.dedent(source)], needs=needs, env=settings, cwd=tmp_path)
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    return run


@pytest.fixture
def tiny_checkpoint(tmp_path: Path) -> Path:
    """A folder with a small network for 32 x 32 images of three classes, with random weights from a fixed seed."""
    import torch

    from resnet_hub import ResNet
    from resnet_hub.registry.architectures import architecture

    config = architecture("cifar_resnet20").with_options(num_classes=3)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        ResNet(config, label_names=("cat", "dog", "bird")).save_pretrained(tmp_path / "tiny")
    return tmp_path / "tiny"


@pytest.fixture
def plain_checkpoint(tmp_path: Path) -> Path:
    """A checkpoint folder as hub.py sees one: the names matter, the content does not."""
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    (folder / "config.json").write_text('{"architecture": "resnet18"}')
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "README.md").write_text("---\ntags:\n- resnet_hub\n---\n\n# net\n")
    return folder


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
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the Hub's client try again at once, where it would wait up to 23 seconds in all."""
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)

"""The fake Hub as tests meet it: this process talks to it, or programs in processes of their own do."""

from __future__ import annotations

import os
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fake_hub import FakeHub


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
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the Hub's client try again at once, where it would wait up to 23 seconds in all."""
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)

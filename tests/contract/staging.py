"""A pytest plugin that gives upstream's tests a fake Hub for their staging Hub, and holds them to a list.

A test that is listed must pass, and must have asked the Hub something; skipped or expected to fail is not passed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType, SimpleNamespace
from unittest import mock

import pytest
import socket_guard
from fake_hub import FakeHub

USER, OTHER_USER, ENTERPRISE_USER = "__DUMMY_HUB_USER__", "DVUser", "EnterpriseAdmin"
ORGANIZATION, ENTERPRISE = "valid_org_hub", "EnterpriseOrgPrivate"

hub = FakeHub().__enter__()
hub.state.organizations |= {
    ORGANIZATION: {"fullname": "Dummy Hub Org"},
    ENTERPRISE: {"fullname": "Enterprise", "private": True},
}
TOKEN = hub.state.add_account(USER, full_name="Dummy User", organizations=(ORGANIZATION,))
OTHER_TOKEN = hub.state.add_account(OTHER_USER)
ENTERPRISE_TOKEN = hub.state.add_account(ENTERPRISE_USER, organizations=(ENTERPRISE,))

# The clients read these once, when they are imported: after this plugin.
os.environ |= {
    "HF_ENDPOINT": hub.url,
    "HF_HUB_DISABLE_XET": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "NO_PROXY": "127.0.0.1,localhost",
    "no_proxy": "127.0.0.1,localhost",
}
socket_guard.install()


def provide(name: str, **contents: object) -> ModuleType:
    """A module that upstream keeps in its repository but not in its source distribution."""
    module = sys.modules[name] = ModuleType(name)
    vars(module).update(contents)
    parent, _, last = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], last, module)
    return module


provide("tests", __path__=[str(Path.cwd() / "tests")])


class Record:
    """What became of each test, and how often it asked the Hub."""

    def __init__(self) -> None:
        self.outcomes: dict[str, str] = {}
        self.requests: dict[str, int] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        before = len(hub.state.requests)
        answer = yield
        self.requests[item.nodeid] = len(hub.state.requests) - before
        return answer

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            outcome = "expected to fail" if hasattr(report, "wasxfail") else report.outcome
            self.outcomes[report.nodeid] = outcome

    @property
    def kept(self) -> list[str]:
        """The tests that passed and asked the Hub something."""
        return [test for test, outcome in self.outcomes.items() if outcome == "passed" and self.requests[test]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--listed", type=Path, help="the file that names the tests to run, all of which must pass")
    parser.addoption("--survey", action="store_true", help="print which tests could be listed")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Record(), "contract-record")
    for name in (
        "api",
        "transfer",
        "inference",
        "xet",
        "no_xet",
        "production",
        "deprecated",
        "git_lfs",
        "vcr",
        "integration",
    ):
        config.addinivalue_line("markers", f"{name}: upstream's own")


def listed(config: pytest.Config) -> list[str]:
    path = config.getoption("--listed")
    lines = path.read_text().splitlines() if path else []
    return [line for line in lines if line and not line.startswith("#")]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves the listed tests. Raises: UsageError when upstream has no test of a listed name any more."""
    wanted = listed(config)
    if not wanted:
        return
    if missing := set(wanted) - {item.nodeid for item in items}:
        raise pytest.UsageError(f"no such upstream tests: {', '.join(sorted(missing))}")
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in wanted])
    items[:] = [item for item in items if item.nodeid in wanted]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    record, wanted = config.pluginmanager.get_plugin("contract-record"), listed(config)
    if config.getoption("--survey"):
        terminalreporter.write_line("\n".join(["passed, and asked the Hub:", *record.kept]))
        return
    for test in sorted(set(wanted) - set(record.kept)) if record.outcomes else ():
        outcome = record.outcomes.get(test, "not run")
        terminalreporter.write_line(f"not kept: {test}: {'asked nothing' if outcome == 'passed' else outcome}")
    terminalreporter.write_line(f"{len(record.kept)} of {len(wanted)} listed tests passed against the fake Hub")


def pytest_sessionfinish(session: pytest.Session) -> None:
    kept = session.config.pluginmanager.get_plugin("contract-record").kept
    if set(listed(session.config)) - set(kept):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def mocker() -> Iterator[SimpleNamespace]:
    """The two calls that upstream's tests make of pytest-mock."""
    with ExitStack() as patches:

        def patch(*target: object, **options: object) -> object:
            return patches.enter_context(mock.patch(*target, **options))

        patch.object = lambda *target, **options: patches.enter_context(mock.patch.object(*target, **options))
        yield SimpleNamespace(patch=patch)


@pytest.fixture(autouse=True)
def fresh_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins with nothing downloaded and nobody logged in."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf-cache"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setattr(constants, "HF_STORED_TOKENS_PATH", str(tmp_path / "stored_tokens"))

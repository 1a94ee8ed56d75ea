"""The windows of visitors: one for a test, one for a module's tests, and what becomes of it when a test fails."""

import json

import pytest

PASSED = pytest.StashKey[bool]()


@pytest.fixture
def open_page(visitors):
    """Opens an address as a new visitor; the window closes with the test."""
    with visitors.visiting() as visit:
        yield visit


@pytest.fixture(scope="module")
def new_visitor(visitors):
    """As `open_page`, for a visitor who stays for all tests of a module, up to one that fails: the next begins anew."""
    with visitors.visiting() as visit:
        yield visit


@pytest.fixture(scope="module")
def windows():
    """The windows in which `same_visitor` opens an address once more, by address and kind of visitor."""
    return {}


@pytest.fixture
def same_visitor(request, windows, new_visitor):
    """Opens an address as `open_page` does, in the window that an earlier test of the module left there if it passed.

    There the first tab is open again; all else is as it was left. A page takes two seconds of processor time to open.
    """

    def visit(address, **visitor):
        kind = (address, json.dumps(visitor, sort_keys=True))
        is_back = kind in windows
        if is_back:
            windows[kind].get_by_role("tab").first.click()
        else:
            windows[kind] = new_visitor(address, **visitor)
        windows[kind].is_back = is_back
        return windows[kind]

    yield visit
    if not request.node.stash.get(PASSED, False):
        windows.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Remembers whether a test passed, for what it leaves behind."""
    report = yield
    if report.when == "call":
        item.stash[PASSED] = report.passed
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item):
    """Closes the windows that stay for a module after a test that failed, with all that stands on them.

    Nobody knows what such a test left there: a second try would begin in the middle of the first.
    """
    done = yield
    if not item.stash.get(PASSED, False):
        for found in item.session._fixturemanager.getfixturedefs("new_visitor", item) or ():
            if found.cached_result is not None:
                found.finish(item._request)
    return done

"""What the tests of huggingface_hub find in their conftest: a client of the fake Hub, and passing repositories."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import staging

staging.provide("pytest_mock", MockerFixture=Any)  # named in annotations only
staging.provide("jedi")
staging.provide("tests.conftest", RepoFactory=Callable[..., Any])
constants = importlib.import_module("tests.testing_constants")
constants.ENDPOINT_STAGING = constants.ENDPOINT_PRODUCTION = staging.hub.url
staging.hub.state.add_account("user", token="hf_fake_token")  # who the tests of Spaces are
for name in ("USER", "TOKEN", "OTHER_USER", "OTHER_TOKEN", "ENTERPRISE_USER", "ENTERPRISE_TOKEN"):
    setattr(constants, name, getattr(staging, name))


@pytest.fixture(scope="session")
def api() -> Any:
    from huggingface_hub import HfApi

    return HfApi(endpoint=staging.hub.url, token=staging.TOKEN)


@pytest.fixture
def repo_factory(api: Any) -> Iterator[Callable[..., Any]]:
    """Makes repositories, and deletes at the end those that are still there."""
    from tests.testing_utils import repo_name

    made = []

    def make(repo_type: str = "model", *, repo_id: str | None = None, **options: Any) -> Any:
        if repo_type == "space":
            options.setdefault("space_sdk", "static")
        address = api.create_repo(repo_id or repo_name(prefix=repo_type), repo_type=repo_type, **options)
        made.append((address.repo_id, repo_type, options.get("token")))
        return address

    yield make
    for repo_id, repo_type, token in made:
        api.delete_repo(repo_id, repo_type=repo_type, token=token, missing_ok=True)


@pytest.fixture
def new_repo_id(api: Any) -> Iterator[str]:
    """The id of a repository that a test may make."""
    from tests.testing_utils import repo_name

    repo_id = f"{staging.USER}/{repo_name()}"
    yield repo_id
    api.delete_repo(repo_id, missing_ok=True)

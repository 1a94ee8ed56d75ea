"""What the tests of datasets find in their conftest: an account of the fake Hub, passing repositories, small files."""

from __future__ import annotations

import importlib.util
import io
import os
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import staging
from PIL import Image

NOT_LISTED = (  # what only tests need that are not listed, and their module imports
    "assert_arrow_memory_doesnt_increase",
    "assert_arrow_memory_increases",
    "offline",
    "set_current_working_directory_to_temp_dir",
)
TEXT = b"foo\nbar\n"


def as_it_is(test: Any) -> Any:
    return test


def requires(module: str) -> pytest.MarkDecorator:
    """Skips a test where the module is not installed."""
    return pytest.mark.skipif(importlib.util.find_spec(module) is None, reason=f"needs {module}")


staging.provide("tests.fixtures", __path__=[])
staging.provide(
    "tests.fixtures.hub",
    CI_HUB_ENDPOINT=staging.hub.url,
    CI_HUB_USER=staging.USER,
    CI_HUB_USER_TOKEN=staging.TOKEN,
)
staging.provide(
    "tests.utils",
    OfflineSimulationMode=(),
    require_zstandard=requires("zstandard"),
    for_all_test_methods=lambda *_: as_it_is,
    xfail_if_500_502_http_error=as_it_is,
    require_pil=as_it_is,
    require_torchcodec=requires("torchcodec"),
    **dict.fromkeys(NOT_LISTED, as_it_is),
)


def picture(colour: str, kind: str = "png") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(file, kind)
    return file.getvalue()


@pytest.fixture(scope="session", autouse=True)
def picture_of_the_repository() -> None:
    """The one file beside the tests that their source distribution lacks and image tests read."""
    path = Path.cwd() / "tests" / "features" / "data" / "test_image_rgb.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture("teal", "jpeg"))


@pytest.fixture
def ci_hub_config() -> None:
    """The clients ask the fake Hub anyway."""


@pytest.fixture
def set_ci_hub_access_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", staging.TOKEN)


@pytest.fixture(scope="session")
def hf_token() -> str:
    return staging.TOKEN


@pytest.fixture(scope="session")
def hf_api() -> Any:
    from huggingface_hub import HfApi

    return HfApi(endpoint=staging.hub.url)


@pytest.fixture(scope="session")
def cleanup_repo(hf_api: Any) -> Callable[[str], None]:
    def clean(repo_id: str) -> None:
        hf_api.delete_repo(repo_id, token=staging.TOKEN, repo_type="dataset", missing_ok=True)

    return clean


@pytest.fixture
def temporary_repo(cleanup_repo: Callable[[str], None]) -> Callable[..., AbstractContextManager[str]]:
    """A context with the name of a repository that may be made in it."""

    @contextmanager
    def temporary(repo_id: str | None = None) -> Iterator[str]:
        repo_id = repo_id or f"{staging.USER}/test-dataset-{time.time_ns()}"
        yield repo_id
        cleanup_repo(repo_id)

    return temporary


@pytest.fixture
def csv_path(tmp_path: Path) -> Path:
    (tmp_path / "table.csv").write_text("col_1,col_2\na,1\nb,2\n")
    return tmp_path / "table.csv"


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    (tmp_path / "lines.txt").write_bytes(TEXT)
    return tmp_path / "lines.txt"


def filled(hf_api: Any, name: str, path: str, content: bytes, **settings: Any) -> str:
    """The id of a new repository with one file."""
    repo_id = f"{staging.USER}/{name}-{os.getpid()}"
    options = {"token": staging.TOKEN, "repo_type": "dataset"}
    hf_api.create_repo(repo_id, private="private" in settings, exist_ok=True, **options)
    hf_api.upload_file(path_or_fileobj=content, path_in_repo=path, repo_id=repo_id, **options)
    if "gated" in settings:
        hf_api.update_repo_settings(repo_id, gated=settings["gated"], **options)
    return repo_id


def zipped(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


@pytest.fixture(scope="session")
def hf_private_dataset_repo_txt_data(hf_api: Any) -> str:
    return filled(hf_api, "private-text", "data/text_data.txt", TEXT, private=True)


@pytest.fixture(scope="session")
def hf_gated_dataset_repo_txt_data(hf_api: Any) -> str:
    return filled(hf_api, "gated-text", "data/text_data.txt", TEXT, gated="auto")


@pytest.fixture(scope="session")
def hf_private_dataset_repo_zipped_txt_data(hf_api: Any) -> str:
    files = {"main_dir/dataset.txt": TEXT, "main_dir/dataset2.txt": TEXT}
    return filled(hf_api, "private-zipped-text", "data.zip", zipped(files), private=True)


@pytest.fixture(scope="session")
def hf_private_dataset_repo_zipped_img_data(hf_api: Any) -> str:
    files = {"one.png": picture("red"), "two.png": picture("blue")}
    return filled(hf_api, "private-zipped-pictures", "data.zip", zipped(files), private=True)

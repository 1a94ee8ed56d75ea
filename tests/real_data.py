"""The folder of real images and weights, which is beside the repository and not in it."""

import os
from pathlib import Path

import pytest

BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real images and weights. Where it is absent the test is skipped; in CI it fails."""
    folder = Path(os.environ.get("RESNET_HUB_DATA", BESIDE))
    if not folder.is_dir():
        reason = f"no real data at {folder}; set RESNET_HUB_DATA to the folder that holds it"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder

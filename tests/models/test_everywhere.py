"""One push opens in timm, in transformers and here, with the same answers, names and input: networks of every kind."""

import json
import os
from pathlib import Path

import pytest
import zygote
from loading_elsewhere import NAMES, ROWS

TESTS = Path(__file__).parents[1]
COLOR = [row for row, (_, options, _) in ROWS.items() if "in_chans" not in options]


@pytest.fixture(scope="module")
def answers(hub_server, data_folder, tmp_path_factory):
    """What each library said of each row."""
    hub_server.reset()
    folder = tmp_path_factory.mktemp("everywhere")
    image = next((data_folder / "imagenet_samples").glob("*_zebra.JPEG"))
    settings = {
        **os.environ,
        "HF_ENDPOINT": hub_server.url,
        "HF_HOME": str(folder / "home"),
        "HF_TOKEN": hub_server.token,
    }
    program = [TESTS / "loading_elsewhere.py", folder, image]
    finished = zygote.run(program, needs=["timm", "resnet_hub", "transformers.pipelines"], env=settings, timeout=600)
    assert finished.returncode == 0, finished.stderr[-5000:]
    return json.loads((folder / "answers.json").read_text())


@pytest.mark.parametrize("reader", ["timm", "folder", "transformers"])
@pytest.mark.parametrize("row", ROWS)
def test_the_logits_are_the_same(answers, row, reader):
    assert answers[row]["range"] > 0.1
    assert answers[row]["logits"][reader] <= 1e-5 * max(1, answers[row]["range"])


@pytest.mark.parametrize("reader", ["timm", "transformers"])
@pytest.mark.parametrize("row", ROWS)
def test_the_input_is_the_same(answers, row, reader):
    assert answers[row]["inputs"][reader] == 0


@pytest.mark.parametrize("row", ROWS)
def test_the_names_are_the_same(answers, row):
    assert answers[row]["names"] == {"timm": list(NAMES), "transformers": list(NAMES)}


@pytest.mark.parametrize("row", COLOR)
def test_the_pipeline_answers_as_we_do(answers, row):
    theirs, ours = answers[row]["pipeline"], answers[row]["ours"]
    assert [label for label, _ in theirs] == [label for label, _ in ours]
    assert [score for _, score in theirs] == pytest.approx([score for _, score in ours], rel=1e-4, abs=1e-6)

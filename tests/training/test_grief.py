"""What happens to a run on its machine, caused for real: it ends with its sentence, goes on, and loses nothing."""

import json
from pathlib import Path

import pytest
import zygote
from images import class_folders
from launching import FROM_SCRATCH

PROGRAM = Path(__file__).parents[1] / "coming_to_grief.py"
# 32 images to train are 8 updates in each epoch, each saved.
FLAGS = (*FROM_SCRATCH, "--image-size", 16, "--epochs", 2, "--batch-size", 4, "--threads", 1, "--save-every-steps", 1)
FLAGS += ("--workers", 0, "--precision", "no")
COUNTS = {"red": 20, "green": 20}


@pytest.fixture(scope="module")
def colors(finished_run):
    return finished_run("grief", lambda place: str(class_folders(place / "colors", COUNTS)))[0] / "colors"


def come_to_grief(folder, colors, how, at, *flags, again=()):
    """The statuses of a run that something happens to and of the one that goes on, what was said, and the weights."""
    given = ["--dataset", colors, *FLAGS, *flags, "--output", folder]
    told = json.dumps([how, at, [str(flag) for flag in given], [str(flag) for flag in again]])
    done = zygote.run([PROGRAM, told], needs=["training.finetune", "timm.optim", "timm.scheduler"])
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr, Path(f"{folder}.safetensors").read_bytes()


@pytest.fixture(scope="module")
def whole(finished_run, colors):
    """The weights of a run that nothing happens to but a clock that jumps, and its status."""
    found = []

    def make(place):
        statuses, _, weights = come_to_grief(place / "run", colors, "clock", 3)
        (place / "weights").write_bytes(weights)
        (place / "statuses").write_text(json.dumps(statuses))

    place = finished_run("clock", make)[0]
    found = json.loads((place / "statuses").read_text())
    return (place / "weights").read_bytes(), found, json.loads((place / "run" / "results.json").read_text())


def test_a_clock_that_jumps_changes_nothing(whole):
    _, statuses, results = whole
    assert statuses == [0]
    assert 0 < results["seconds"] < 600


@pytest.mark.parametrize(
    ("how", "flags", "says"),
    [
        ("worker", ("--workers", 1), "error: a DataLoader worker is gone ("),
        ("disk", (), "error: cannot write the state of the run into"),
        ("size", (), "error: cannot write the state of the run into"),
        ("folder", (), "error: the folder"),
    ],
)
def test_it_ends_with_its_sentence_and_goes_on_to_the_same_bits(tmp_path, colors, whole, how, flags, says):
    statuses, said, weights = come_to_grief(tmp_path / "run", colors, how, 1 if how == "worker" else 3, *flags)
    assert statuses == [2, 0], said
    assert says in said
    assert (
        f"what was saved before is kept; go on with:  accelerate launch -m training.finetune --resume {tmp_path}"
        in said
    )
    assert "Traceback" not in said
    assert weights == whole[0]


def test_without_memory_the_batch_that_is_named_goes_on(tmp_path, colors):
    large = ("--batch-size", 16, "--image-size", 64)
    again = ("--batch-size", 8, "--grad-accum-steps", 2)
    statuses, said, _ = come_to_grief(tmp_path / "run", colors, "memory", 1, *large, again=again)
    assert statuses == [2, 0], said
    assert "--batch-size 8 --grad-accum-steps 2" in said

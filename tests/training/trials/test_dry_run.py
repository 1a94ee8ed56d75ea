"""A dry run: what it tells, that it leaves a sheet of images and nothing else, that no weights are saved."""

import logging

import datasets
import numpy as np
import pytest
from images import class_folders, image
from launching import FROM_SCRATCH
from PIL import Image

from resnet_hub.checkpoint.bundled import BUNDLED
from training import finetune
from training.data.load import load_data
from training.settings.recipe import FinetuneRecipe
from training.trials.dry_run import caption, count_lines, format_time

pytestmark = pytest.mark.usefixtures("new_process")


def run(capsys, *flags):
    status = finetune.main([str(flag) for flag in flags])
    return status, capsys.readouterr().err


def test_a_dry_run_tells_the_plan_and_leaves_one_sheet(capsys, tmp_path):
    class_folders(tmp_path / "data", {"red": 12, "green": 8})
    (tmp_path / "data" / "notes.txt").write_text("collected in May")
    flags = ("--dataset", tmp_path / "data", *FROM_SCRATCH, "--mixup", 0.5, "--batch-size", 4, "--workers", 0)
    status, log = run(capsys, *flags, "--dry-run", "--output", tmp_path / "runs" / "colors")
    assert status == 0
    for told in (
        "counts train: red 10, green 6",
        "counts 20% of train: green 2, red 2",
        "sizes  40x32 to 40x32, the middle one 40x32 pixels",
        "files  20 of 21 are used",
        "rows   20 of 20 are used",
        "no images but text: ...\n  notes.txt\n",
        "0.27 M parameters",
        "time   about ",
        "10 epochs of ",
        "GiB per process; a checkpoint takes 1 MB",
        "nothing was trained or saved; without --dry-run the run goes to",
    ):
        assert told in log
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["colors-preview.png"]
    sheet = np.asarray(Image.open(tmp_path / "runs" / "colors-preview.png").convert("RGB"))
    assert sheet.shape[1] > 400
    assert len(np.unique(sheet.reshape(-1, 3), axis=0)) > 500  # images, no empty paper


def test_where_nothing_can_be_written_a_dry_run_says_so(capsys, tmp_path):
    class_folders(tmp_path / "data", {"red": 4, "green": 4})
    (tmp_path / "file").write_text("")
    flags = ("--dataset", tmp_path / "data", *FROM_SCRATCH, "--batch-size", 2, "--workers", 0, "--dry-run")
    for folder, reason in ((tmp_path / "file", "File exists"), ("/proc", "No such file or directory")):
        status, log = run(capsys, *flags, "--output", f"{folder}/run")
        assert status == 2
        assert f"cannot write '{folder}/run-preview.png', the sheet of training images ({reason}); choose" in log
        assert "Traceback" not in log


def test_a_head_that_is_fitted_first_is_in_the_estimate(capsys, tmp_path, tiny_checkpoint):
    class_folders(tmp_path / "data", {"red": 8, "green": 8})
    flags = ("--dataset", tmp_path / "data", "--model", tiny_checkpoint, "--batch-size", 2, "--workers", 0)
    status, log = run(capsys, *flags, "--dry-run", "--output", tmp_path / "run")
    assert status == 0
    assert " for the linear probe, 10 epochs of " in log


def test_a_dry_run_of_a_stream_reports_too(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "SLEEP_TIME_ON_THREADS_SHUTDOWN", 0.1)
    class_folders(tmp_path / "data", {"red": 20, "green": 20})
    flags = ("--dataset", tmp_path / "data", *FROM_SCRATCH, "--streaming", "--max-steps", 3, "--batch-size", 4)
    status, log = run(capsys, *flags, "--workers", 0, "--dry-run", "--output", tmp_path / "run")
    assert status == 0
    assert "images of train: " in log
    assert not (tmp_path / "run").exists()


def test_of_many_classes_the_largest_and_the_smallest_are_counted(tmp_path):
    lines = ["file,label"]
    for number in range(60):
        image("red", number).save(tmp_path / f"{number}.png")
        lines.append(f"{number}.png,{'large' if number < 30 else f'rare {number % 28:02}'}")
    (tmp_path / "rows.csv").write_text("\n".join(lines))
    told = count_lines(load_data(FinetuneRecipe(dataset=str(tmp_path), val_fraction=0.01)))[0]
    assert told.startswith("counts train: large 29, rare 0")
    assert ", 9 others, rare" in told


@pytest.mark.parametrize(
    ("target", "task", "says"),
    [
        (np.int64(1), "single_label", "bee"),
        (np.float32([0.25, 0.75]), "single_label", "bee 0.75\nant 0.25"),
        (np.float32([0, 0]), "multi_label", "none"),
        (np.float32([1.5, -2]), "regression", "ant 1.5\nbee -2"),
    ],
)
def test_a_image_is_told_by_its_target(target, task, says):
    data = type("Told", (), {"label_names": ("ant", "bee"), "task": task})
    assert caption(target, data) == says


@pytest.mark.parametrize(("seconds", "told"), [(3.21, "3.2 s"), (150, "2.5 min"), (9000, "2.5 h")])
def test_times_are_told_in_a_unit_that_fits(seconds, told):
    assert format_time(seconds) == told


@pytest.fixture(autouse=True)
def plain_logging():
    yield
    logging.getLogger("training").setLevel(logging.NOTSET)


def test_a_dry_run_says_which_labels_are_doubtful_and_what_shows_them(capsys, tmp_path):
    class_folders(tmp_path / "data", {"red": 12, "green": 12})
    (tmp_path / "data" / "red" / "3.png").rename(tmp_path / "data" / "green" / "wrong.png")
    flags = ("--dataset", tmp_path / "data", "--model", BUNDLED, "--batch-size", 4, "--workers", 0, "--dry-run")
    _, log = run(capsys, *flags, "--output", tmp_path / "runs" / "colors")
    assert "1 of 24 labels are likely wrong: 'green/wrong.png': green -> red" in log
    assert ".check --dataset " in log

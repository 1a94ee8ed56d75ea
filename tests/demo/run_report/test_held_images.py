"""The images that a run kept: those of its own folder, under names that a run writes, and no others."""

import json
import os

import pytest
from run_folders import save_run

from resnet_hub.demo.run_report import read_run, shared_files
from resnet_hub.errors import CheckpointError


@pytest.fixture
def run(tmp_path):
    images = [("red", 0, 1, 0.9), ("green", 2, 1, 0.95), ("blue", 1, 1, 0.8)]
    return save_run(tmp_path / "run", ("ants", "bees", "wasps"), [[8, 2, 0], [1, 9, 0], [0, 3, 7]], images)


def codes(report):
    return {part: error.code for part, error in report.faults.items()}


def test_a_folder_of_images_that_leads_out_is_not_followed(run, tmp_path):
    (run / "held_out").rename(tmp_path / "elsewhere")
    (run / "held_out").symlink_to(tmp_path / "elsewhere")
    assert codes(read_run(run, 3)) == {"held_out": "run_report.outside"}
    assert shared_files(run, images=True) == ["results.json", "metrics.jsonl", "confusion.csv"]


@pytest.mark.parametrize(
    "name",
    [
        "../results.json",
        "../../../etc/passwd",
        "/etc/passwd",
        "a/../../x.webp",
        "x\0.webp",
        "..",
        "",
        7,
        None,
        "é.webp",
    ],
)
def test_an_index_names_files_of_its_own_folder_only(run, name):
    index = json.loads((run / "held_out" / "images.json").read_text())
    index["images"][0]["file"] = name
    (run / "held_out" / "images.json").write_text(json.dumps(index))
    held_out = read_run(run, 3).held_out
    assert ([image.file for image in held_out.images], held_out.left_out) == (
        *(["held_out/1.webp", "held_out/2.webp"], 1),
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("truth", [3]),
        ("truth", [-1]),
        ("answer", "0"),
        ("answer", [0.5]),
        ("score", 2),
        ("score", "1"),
        ("truth", None),
    ],
)
def test_an_index_of_other_classes_or_scores_is_left_out_row_by_row(run, key, value):
    index = json.loads((run / "held_out" / "images.json").read_text())
    index["images"][1][key] = value
    (run / "held_out" / "images.json").write_text(json.dumps(index))
    assert read_run(run, 3).held_out.left_out == 1


def test_an_image_that_leads_out_is_refused_when_it_is_asked_for(run, tmp_path):
    (run / "held_out" / "0.webp").unlink()
    (run / "held_out" / "0.webp").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    (run / "held_out" / "1.webp").unlink()
    (run / "held_out" / "1.webp").symlink_to(run / "held_out")
    report = read_run(run, 3)
    for place, code in ((0, "outside"), (1, "no_file"), (99, "no_such_image"), (-1, "no_such_image")):
        with pytest.raises(CheckpointError) as refused:
            report.image(place)
        assert refused.value.code == f"run_report.{code}"
    assert shared_files(run, images=True)[-2:] == ["held_out/images.json", "held_out/2.webp"]


def test_images_are_not_read_where_their_owner_does_not_show_them(run):
    report = read_run(run, 3, images=False)
    assert (report.held_out, codes(report)) == (None, {"held_out": "run_report.images_off"})
    assert shared_files(run, images=False) == ["results.json", "metrics.jsonl", "confusion.csv"]

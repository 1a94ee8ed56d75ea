"""`resnet-hub check` on a small folder with planted faults: what is printed, written, and taken as corrections."""

import csv
import json
import shutil

import pytest
from error_facts import code_and_fields
from images import class_folders
from PIL import Image

from resnet_hub.checkpoint.bundled import BUNDLED
from resnet_hub.cli.entry import main
from resnet_hub.errors import TrainingError
from training.check import check
from training.data.load import load_data
from training.settings.data_check import DataCheckSettings
from training.settings.recipe import FinetuneRecipe

pytestmark = pytest.mark.usefixtures("new_process")


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    """A folder with a wrong label, two equal images of different labels, one that is damaged, and a class of one."""
    folder = class_folders(tmp_path_factory.mktemp("faulty") / "data", {"red": 12, "green": 12, "blue": 1})
    (folder / "red" / "3.png").rename(folder / "green" / "wrong.png")
    shutil.copy(folder / "red" / "4.png", folder / "green" / "twin.png")
    (folder / "red" / "damaged.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return folder


def run(capsys, *flags):
    status = main(["check", *map(str, flags), "--workers", "0", "--batch-size", "16"])
    return status, capsys.readouterr().err


@pytest.fixture(scope="module")
def report(faulty, tmp_path_factory):
    from launching import forget_accelerator

    forget_accelerator()
    return check(
        DataCheckSettings(
            str(faulty),
            model=str(BUNDLED),
            output=str(tmp_path_factory.mktemp("out") / "report"),
            workers=0,
            batch_size=16,
        )
    )


def rows_of(file):
    with file.open(encoding="utf-8-sig", newline="") as table:
        return list(csv.DictReader(table))


def test_the_report_holds_what_was_planted(report):
    found = json.loads((report / "check.json").read_text())
    assert found["classes"] == ["blue", "green", "red"]
    assert found["labels"]["unjudged_classes"] == ["blue"]
    assert len(found["undecodable"]) == 1
    assert "damaged.png" in found["undecodable"][0]
    assert [sorted(image["file"] for image in group) for group in found["equal"]] == [["green/twin.png", "red/4.png"]]
    suspects = {row["file"]: (row["label"], row["suggested"]) for row in found["labels"]["suspects"]}
    assert suspects == {"green/wrong.png": ("green", "red"), "green/twin.png": ("green", "red")}


def test_the_table_and_the_sheets_show_the_same(report):
    rows = rows_of(report / "labels.csv")
    assert {row["file"] for row in rows} == {"green/wrong.png", "green/twin.png"}
    assert {row["correction"] for row in rows} == {""}
    for name in ("labels.png", "duplicates.png"):
        with Image.open(report / name) as sheet:
            assert sheet.width > 300


def test_corrections_written_into_the_table_are_what_a_run_learns_from(faulty, report, tmp_path):
    rows = rows_of(report / "labels.csv")
    for row in rows:
        row["correction"] = "red" if row["file"] == "green/wrong.png" else "<drop>"
    with (tmp_path / "labels.csv").open("w", encoding="utf-8-sig", newline="") as table:
        writer = csv.DictWriter(table, rows[0], delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    flags = {"dataset": str(faulty), "max_bad_images": 1}
    plain, mended = (
        load_data(FinetuneRecipe(**flags)),
        load_data(FinetuneRecipe(**flags, labels=str(tmp_path / "labels.csv"))),
    )

    def labels(data):
        return {
            split.image(row)[1].rpartition("data/")[2]: data.label_names[split.labels[row]]
            for split in data.splits
            for row in range(len(split))
        }

    expected = labels(plain) | {"green/wrong.png": "red"}
    del expected["green/twin.png"]
    assert labels(mended) == expected


def test_without_a_network_all_else_is_checked_and_said(capsys, faulty, tmp_path):
    status, log = run(capsys, faulty, "--model", tmp_path / "nowhere", "--output", tmp_path / "out")
    assert status == 0
    assert "labels are not judged, since --model " in log
    assert "name another with --model" in log
    assert "1 groups of equal images have different labels" in log
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["check.json", "duplicates.png"]


def test_a_table_that_somebody_may_have_edited_is_not_replaced(faulty, report):
    settings = DataCheckSettings(str(faulty), model=str(BUNDLED), output=str(report))
    with pytest.raises(TrainingError) as error:
        check(settings)
    assert code_and_fields(error.value) == ("doctor.taken", {"folder": str(report)})


def test_a_dataset_named_twice_is_refused_and_one_that_is_not_named_too(capsys):
    for flags, told in ((["a", "--dataset", "b"], "two datasets are named"), ([], "--dataset is missing")):
        assert main(["check", *flags]) == 2
        assert told in capsys.readouterr().err

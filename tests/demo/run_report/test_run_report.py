"""A run folder is read whatever is in it: torn, huge or a stranger's, each part is shown or says why it is not."""

import json
import os
import time

import numpy as np
import pytest
from run_folders import results, save_run

from resnet_hub.demo.run_report import PARTS, RunReader, is_run, read_run, shared_files
from resnet_hub.demo.run_report.report import RunFolder
from resnet_hub.errors import CheckpointError

NAMES = ("ants", "bees", "<b>wasps</b>")
COUNTS = [[8, 2, 0], [1, 9, 0], [0, 3, 7]]
IMAGES = [("red", 0, 1, 0.9), ("green", 2, 1, 0.95), ("blue", 1, 1, 0.8)]
FILES = {"results": "results.json", "curves": "metrics.jsonl", "confusion": "confusion.csv"}
FILES |= {"held_out": "held_out/images.json"}


@pytest.fixture
def run(tmp_path):
    return save_run(tmp_path / "run", NAMES, COUNTS, IMAGES)


def write(folder, /, **values):
    file = folder / "results.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def codes(report):
    return {part: error.code for part, error in report.faults.items()}


def test_all_parts_of_a_whole_run_are_read(run):
    report = read_run(run, 3)
    assert not report.faults
    assert (report.results.headline, report.results.value, report.results.images) == ("top1", 0.8, 30)
    assert report.results.interval == pytest.approx((0.7, 0.9))
    assert (report.results.dataset, report.results.trained, report.results.start) == (
        *("insects", 40, "timm/resnet18.a1_in1k"),
    )
    assert report.results.changed == {"dataset": "insects", "epochs": "3", "mixup": "0.2"}
    assert [(row.index, row.images) for row in report.results.classes] == [(0, 10), (1, 10), (2, 10)]
    assert [curve.name for curve in (*report.curves.losses, *report.curves.qualities)] == [
        *("train_loss", "val_loss", "val_top1"),
    ]
    assert report.confusion.counts.tolist() == COUNTS
    assert [place for place, _ in report.held_out.mistakes(5)] == [1, 0]
    assert report.image(2) == (run / "held_out" / "2.webp").read_bytes()


def test_the_test_split_goes_before_validation(run):
    write(run, test={"top1": 0.5}, intervals={"level": 0.95, "top1": [0.4, 0.6]})
    report = read_run(run, 3)
    assert (report.results.measured, report.results.value, report.results.interval) == ("test", 0.5, (0.4, 0.6))


def test_a_checkpoint_that_no_run_wrote_is_no_run(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    assert not is_run(tmp_path)
    assert codes(read_run(tmp_path, 3)) == {
        **dict.fromkeys(("results", "curves", "confusion"), "run_report.missing"),
        "held_out": "run_report.no_images",
    }


@pytest.mark.parametrize("part", PARTS)
def test_a_missing_file_costs_its_own_part_only(run, part):
    (run / FILES[part]).unlink()
    assert codes(read_run(run, 3)) == {part: "run_report.missing"}


@pytest.mark.parametrize("part", ["results", "held_out"])
@pytest.mark.parametrize("cut", [1, 40, -3])
def test_half_written_json_is_said_to_be_torn(run, part, cut):
    file = run / FILES[part]
    file.write_bytes(file.read_bytes()[:cut])
    assert codes(read_run(run, 3)) == {part: "run_report.torn"}


NOT_A_RUN = [
    b"",
    b"[]",
    b"null",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"\xff\xfe\x00",
    b'{"n": ' + b"9" * 5000 + b"}",
    b'{"validation": 3, "per_class": "x", "run": [1], "images": {"a": 1}}',
    b'{"validation": {"top1": NaN}, "images": 7}',
    b'{"validation": {"top1": 1e999}, "images": null}',
    b'{"validation": {"top1": true}, "images": [' + b"0," * 3000 + b"0]}",
]


@pytest.mark.parametrize("content", NOT_A_RUN, ids=range(len(NOT_A_RUN)))
@pytest.mark.parametrize("part", PARTS)
def test_what_no_run_wrote_is_refused_in_a_sentence(run, part, content):
    (run / FILES[part]).write_bytes(content)
    report = read_run(run, 3)
    assert set(report.faults) == {part}
    for language in ("en", "zh-CN"):
        sentence = report.faults[part].sentence(language)
        assert FILES[part] in sentence
        assert str(run) not in sentence


def test_figures_that_are_no_shares_are_left_out_one_by_one(run):
    rows = results(COUNTS)["per_class"]
    rows[1]["f1"], rows[2]["images"] = float("nan"), -4
    write(
        run,
        per_class=rows,
        intervals={"level": 7, "top1": [0.9, "x"]},
        best_epoch="two",
        seconds=None,
        run={"dataset": {"name": 5, "images": {"validation": 1e400}}, "changed": ["lr"]},
    )
    found = read_run(run, 3).results
    assert (found.value, found.interval, found.level, found.best_epoch, found.seconds) == (0.8, None, None, None, None)
    assert (found.dataset, found.changed) == (None, None)
    assert [row.index for row in found.classes] == [0]


def test_figures_of_other_classes_than_the_network_s_are_not_put_under_its_names(run):
    report = read_run(run, 4)
    assert report.results.classes == ()
    assert codes(report) == {"confusion": "run_report.other_classes"}


@pytest.mark.parametrize("cell", ["-1", "1.5", "x", "٣", "9" * 10, ""])
def test_a_confusion_matrix_holds_counts(run, cell):
    text = (run / "confusion.csv").read_text().replace("ants,8", f"ants,{cell}")
    (run / "confusion.csv").write_text(text)
    assert codes(read_run(run, 3)) == {"confusion": "run_report.other_form"}


@pytest.mark.parametrize("value", ["-1", "1e300", "true", '"1"', "null", "[]"])
def test_a_curve_is_drawn_of_numbers_that_a_chart_can_hold(run, value):
    (run / "metrics.jsonl").write_text(f'{{"train_loss": 1, "val_top1": 0.5}}\n{{"train_loss": {value}}}\n')
    assert [curve.values for curve in read_run(run, 3).curves.losses] == [(1.0,)]


def test_curves_end_before_what_is_no_number_and_before_a_torn_line(run):
    rows = [{"train_loss": 1.0, "val_top1": 0.5}, {"train_loss": float("nan"), "val_top1": 0.6}]
    text = "".join(json.dumps(row) + "\n" for row in [*rows, {"train_loss": 1.0, "val_top1": 0.7}])
    (run / "metrics.jsonl").write_text(text + '{"train_loss": 0.')
    curves = read_run(run, 3).curves
    assert (curves.epochs, curves.torn) == (3, 4)
    assert [curve.values for curve in curves.qualities] == [(0.5, 0.6, 0.7)]
    assert [(curve.name, curve.values) for curve in curves.cut] == [("train_loss", (1.0,))]


def test_files_larger_than_a_run_writes_are_not_read(run):
    for name in FILES.values():
        with (run / name).open("ab") as file:
            file.truncate(17_000_000)
    started = time.process_time()
    assert set(codes(read_run(run, 3)).values()) == {"run_report.large"}
    assert time.process_time() - started < 5


def test_ten_megabytes_of_epochs_are_read_as_far_as_they_are_drawn(run):
    (run / "metrics.jsonl").write_text('{"train_loss": 0.5, "val_top1": 0.5}\n' * 300_000)
    curves = read_run(run, 3).curves
    assert (curves.epochs, curves.longer) == (2000, True)


@pytest.mark.parametrize("part", PARTS)
def test_a_link_that_leads_out_of_the_folder_is_not_followed(run, tmp_path, part):
    secret = tmp_path / "secret"
    secret.write_text((run / FILES[part]).read_text())
    (run / FILES[part]).unlink()
    (run / FILES[part]).symlink_to(secret)
    assert codes(read_run(run, 3)) == {part: "run_report.outside"}
    assert FILES[part] not in shared_files(run, images=True)


def test_a_link_inside_of_the_folder_is_followed(run):
    (run / "results.json").rename(run / "figures.json")
    (run / "results.json").symlink_to("figures.json")
    assert not read_run(run, 3).faults


def test_a_pipe_is_not_waited_for(run):
    (run / "results.json").unlink()
    os.mkfifo(run / "results.json")
    assert codes(read_run(run, 3)) == {"results": "run_report.no_file"}


def test_links_in_a_circle_are_refused(run):
    (run / "results.json").unlink()
    (run / "results.json").symlink_to("results.json")
    assert codes(read_run(run, 3)) == {"results": "run_report.unreadable"}
    assert is_run(run)


def test_names_and_settings_of_strangers_are_one_bounded_line(run):
    run_of = {"dataset": {"name": "a\x1b[31m\n" + "b" * 400}, "changed": {"x" * 400: "y" * 400, "lr\u202e": None}}
    write(run, run=run_of)
    found = read_run(run, 3).results
    assert found.dataset.startswith("a [31m b")
    assert len(found.dataset) <= 301
    assert [len(text) <= 301 for pair in found.changed.items() for text in pair] == [True] * 4
    assert found.changed["lr"] == "null"


def test_a_run_that_goes_on_is_read_again_and_one_that_rests_is_not(run):
    reader = RunReader(run, 3, images=True)
    first = reader.report()
    assert reader.report() is first
    with (run / "metrics.jsonl").open("a") as file:
        file.write('{"train_loss": 0.1, "val_top1": 0.9}\n')
    assert (first.curves.epochs, reader.report().curves.epochs) == (3, 4)


def test_of_a_thousand_classes_those_confused_most_are_named_first(tmp_path):
    counts = np.zeros((1000, 1000), int)
    np.fill_diagonal(counts, 50)
    counts[7, 900], counts[900, 7], counts[3, 4] = 30, 20, 10
    folder = save_run(tmp_path / "run", [f"class {k}" for k in range(1000)], counts.tolist())
    confusion = read_run(folder, 1000).confusion
    assert set(confusion.most_confused(4)) == {3, 4, 7, 900}
    assert [(pair.true, pair.answer, pair.images) for pair in confusion.pairs(10)] == [
        *[(7, 900, 30), (900, 7, 20), (3, 4, 10)],
    ]


def test_a_file_is_read_by_its_name_in_the_folder_only(run):
    for name in ("../run/results.json", "held_out/../results.json"):
        assert RunFolder(run).read(name, 10**6)  # inside, however it is written
    for name in ("../secret", "/etc/passwd", "x\0"):
        with pytest.raises(CheckpointError):
            RunFolder(run).read(name, 10**6)

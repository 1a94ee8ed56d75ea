"""The images of a run can be drawn for any number of classes and any class names."""

import tracemalloc

import numpy as np
import pytest
from images import class_folders
from PIL import Image

from training.data.load import load_data
from training.metrics.single_label import SingleLabelEvaluation
from training.run.history import Best, History
from training.run.reports.report import (
    CONFUSION_CLASSES,
    MISTAKES,
    draw_confusion,
    draw_curves,
    draw_mistakes,
    draw_report,
    plot_curves,
)
from training.run.run_folder import write_results
from training.settings.recipe import FinetuneRecipe


def evaluation(classes, images=200, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, images)
    predictions = np.where(rng.random(images) < 0.8, labels, rng.integers(0, classes, images))
    sure = rng.random(images).astype(np.float32)
    return SingleLabelEvaluation(labels, rng.random(images), predictions, labels == predictions, sure, classes)


@pytest.mark.parametrize("classes", [2, 10, CONFUSION_CLASSES, 300])
def test_a_confusion_image_is_drawn_for_this_many_classes(tmp_path, classes):
    file = draw_confusion(tmp_path, evaluation(classes), [f"class {index}" for index in range(classes)])
    with Image.open(file) as image:
        assert image.format == "PNG"
        assert min(image.size) > 300
        assert max(image.size) < 2500


@pytest.mark.parametrize("name", ["$x_{", "\\frac", "<b>&", "名前", "a" * 500, "", "\n"])
def test_a_hostile_class_name_is_drawn_as_text(tmp_path, name):
    file = draw_confusion(tmp_path, evaluation(2), [name, "other"])
    assert file.stat().st_size > 5_000


def rows_of(values, quality="top1", **others):
    """What metrics.jsonl holds of a run whose epochs reached these values."""
    rows = [
        {"epoch": epoch, "train_loss": 2 / epoch, "val_loss": 2.1 / epoch, f"val_{quality}": value}
        for epoch, value in enumerate(values, 1)
    ]
    return [{**row, **{name: column[index] for name, column in others.items()}} for index, row in enumerate(rows)]


@pytest.mark.parametrize(("epochs", "quality"), [(1, "top1"), (2, "map"), (90, "r2")])
def test_curves_are_drawn_for_this_many_epochs_and_each_task(tmp_path, epochs, quality):
    rows = rows_of([1 - 1 / (epoch + 1) for epoch in range(1, epochs + 1)], quality)
    saved = Best(epochs, "val", evaluation(2), {})
    with Image.open(draw_curves(tmp_path, rows, saved)) as image:
        assert image.width > 900


AVERAGED = {"ema_top1": [0.2, 0.7, 0.7], "ema_loss": [2.0, 1.5, 1.0]}


@pytest.mark.parametrize(
    ("others", "saved", "curves", "marked"),
    [
        ({}, (2, "val"), ["validation"], (2, 80)),
        ({}, (3, "val"), ["validation"], (3, 80)),  # as accurate, with less loss
        (AVERAGED, (3, "ema"), ["validation", "validation, moving average"], (3, 70)),
    ],
    ids=["the first of two", "the second", "the average"],
)
def test_the_curves_show_both_weights_and_mark_the_epoch_that_was_saved(others, saved, curves, marked):
    figure = plot_curves(rows_of([0.5, 0.8, 0.8], **others), *saved)
    losses, quality = ([line.get_label() for line in axes.lines] for axes in figure.axes)
    assert losses[1:] == curves
    dots = [line for line in figure.axes[1].lines if line.get_label().startswith("saved")]
    assert [name for name in quality if not name.startswith("saved")] == curves
    assert [(*line.get_xdata(), *line.get_ydata()) for line in dots] == [pytest.approx(marked)]
    assert dots[0].get_label() == f"saved: epoch {marked[0]}, {marked[1]} %"


MANY = 8_000


def test_the_report_of_very_many_classes_takes_little_memory(tmp_path):
    split, found = split_of(tmp_path / "data", 40), evaluation(MANY, images=20)
    names = tuple(f"class {index}" for index in range(MANY))
    tracemalloc.start()
    images = draw_report(tmp_path, History(), found, split, names, 3)
    results = {"per_class": found.by_class(names), "intervals": found.intervals(), **found.details()}
    write_results(tmp_path, results | found.record())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [file.name for file in images] == ["confusion.png", "mistakes.png"]
    assert peak < 150e6  # a matrix of all classes would take 512 MB
    assert (tmp_path / "results.json").stat().st_size < 4e6


def split_of(folder, count):
    class_folders(folder, {"red": count, "green": count})
    return load_data(FinetuneRecipe(dataset=str(folder))).train


@pytest.mark.parametrize("wrong", [1, 8, 3 * MISTAKES], ids=["one", "two rows", "more than are drawn"])
def test_a_sheet_of_the_worst_answers_is_drawn(tmp_path, wrong):
    split = split_of(tmp_path / "data", 50)
    right = np.arange(len(split)) >= wrong
    sure = np.linspace(0.5, 1, len(split), dtype=np.float32)
    answers = np.where(right, split.labels, 1 - split.labels)
    found = SingleLabelEvaluation(split.labels, np.ones(len(split)), answers, right, sure, 2)
    with Image.open(draw_mistakes(tmp_path, found, split, ("$x_{ <b>", "\n" * 90 + "a" * 300), 3)) as image:
        assert image.width == pytest.approx(min(6, wrong) * 250, rel=0.1)
        assert image.height == pytest.approx(min(4, -(-wrong // 6)) * 300, rel=0.2)


def test_without_mistakes_there_is_no_sheet(tmp_path):
    split = split_of(tmp_path / "data", 5)
    found = SingleLabelEvaluation(split.labels, np.ones(8), split.labels, np.ones(8, bool), np.ones(8), 2)
    assert draw_mistakes(tmp_path, found, split, ("a", "b"), 3) is None
    assert not (tmp_path / "mistakes.png").exists()

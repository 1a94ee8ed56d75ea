"""The loaders of a run: one for each split, and short runs from a CSV and from a stream to a checkpoint."""

import datasets
import numpy as np
import pytest
from images import image
from launching import FROM_SCRATCH, forget_accelerator
from streamed_sets import parquet

from resnet_hub import ResNet
from training import finetune

pytestmark = pytest.mark.usefixtures("blank_figures")


@pytest.fixture(autouse=True)
def quick_and_alone(monkeypatch):
    monkeypatch.setattr(datasets.config, "SLEEP_TIME_ON_THREADS_SHUTDOWN", 0.1)
    forget_accelerator()


def run(folder, *flags):
    flags = ("--dataset", folder, *FROM_SCRATCH, "--batch-size", 8, "--workers", 0, *flags)
    return finetune.main([str(flag) for flag in flags])


def csv_of(folder, header, tell):
    """Images in two colors and a CSV with what `tell` says of each."""
    folder.mkdir()
    lines = [header]
    for number in range(24):
        color = ("red", "green")[number % 2]
        image(color, number).save(folder / f"{number}.png")
        lines.append(f"{number}.png,{tell(color, number)}")
    (folder / "rows.csv").write_text("\n".join(lines))
    return folder / "rows.csv"


@pytest.mark.parametrize(
    ("header", "tell", "column", "task", "names"),
    [
        ("file,kind", lambda color, number: color, "kind", "single_label", ("green", "red")),
        ("file,label", lambda color, number: f"{color};small", "label", "multi_label", ("green", "red", "small")),
        (
            "file,red,odd",
            lambda color, n: f"{int(color == 'red')},{n // 2 % 2}",
            "red,odd",
            "multi_label",
            ("red", "odd"),
        ),
        ("file,price", lambda color, number: 100.5 if color == "red" else 9.25, "price", "regression", ("price",)),
    ],
    ids=["single_label", "divided text", "columns of 0 and 1", "regression"],
)
def test_a_csv_is_trained_on_and_its_names_are_saved(tmp_path, header, tell, column, task, names):
    table = csv_of(tmp_path / "data", header, tell)
    assert run(table, "--label-column", column, "--epochs", 2, "--output", tmp_path / "run") == 0
    saved = ResNet.from_pretrained(tmp_path / "run")
    assert (saved.config.task, saved.label_names) == (task, names)


def test_a_stream_is_trained_on_to_a_checkpoint(tmp_path):
    folder = parquet(tmp_path / "data", {"train": 60, "test": 10})
    flags = ("--streaming", "--max-steps", 5, "--epochs", 4, "--lr", 0.1, "--head-lr-factor", 1)
    assert run(folder, *flags, "--output", tmp_path / "run") == 0
    saved = ResNet.from_pretrained(tmp_path / "run")
    assert saved.label_names == ("red", "green")
    assert saved.metadata.split == "test"
    assert saved.metadata.num_images == 10


def test_balance_cannot_be_had_of_a_stream(tmp_path, capsys):
    folder = parquet(tmp_path / "data", {"train": 40})
    assert run(folder, "--streaming", "--max-steps", 2, "--balanced-sampling", "--output", tmp_path / "run") == 2
    assert "--balanced-sampling cannot pick images out of a stream; drop it" in capsys.readouterr().err


def test_a_network_is_the_same_with_and_without_the_cache(tmp_path):
    table = csv_of(tmp_path / "data", "file,kind", lambda color, number: color)
    states = []
    for name, size in (("with", 1), ("without", 0)):
        assert run(table, "--label-column", "kind", "--epochs", 2, "--cache-gb", size, "--output", tmp_path / name) == 0
        states.append(ResNet.from_pretrained(tmp_path / name).state_dict())
    assert all(np.array_equal(states[0][key], states[1][key]) for key in states[0])

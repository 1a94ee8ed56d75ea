"""Batches of a stream: so many an epoch, going on where the last epoch ended, the same after a resumed run."""

import datasets
import pytest
import torch
from error_facts import Begins, code_and_fields
from launching import forget_accelerator
from streamed_sets import parquet, recipe

from resnet_hub import Preprocessing
from resnet_hub.errors import DataError
from training.data.load import load_data
from training.hardware import make_accelerator
from training.loading.augment import TrainTransform, to_views
from training.loading.stream_batches import make_stream_loader

SMALL = TrainTransform(Preprocessing(input_size=(3, 8, 8)), 0.5, shift=0, flip=True)


@pytest.fixture(autouse=True)
def quick_and_alone(monkeypatch):
    monkeypatch.setattr(datasets.config, "SLEEP_TIME_ON_THREADS_SHUTDOWN", 0.1)
    forget_accelerator()


def loader(folder, **settings):
    given = recipe(folder, **settings)
    return make_stream_loader(load_data(given).train, SMALL, given, make_accelerator("no", 1))


def epoch(batches, number, skipped=0):
    batches.sampler.epoch = number
    found = batches.skipping(skipped) if skipped else batches
    return [(to_views(pixels), labels, indices) for pixels, labels, indices in found]


def equal(first, second):
    return len(first) == len(second) and all(
        torch.equal(one, two) for pair in zip(first, second, strict=True) for one, two in zip(*pair, strict=True)
    )


@pytest.mark.parametrize("workers", [0, 2])
def test_an_epoch_goes_on_where_the_last_one_ended(tmp_path, workers):
    folder = parquet(tmp_path, {"train": 32, "validation": 4}, files=2)
    batches = loader(folder, max_steps=4, workers=workers)
    assert (len(batches), batches.num_workers) == (4, workers)
    first, second = epoch(batches, 1), epoch(batches, 2)
    assert [pixels.shape for pixels, _, _ in first] == [(4, 3, 8, 8)] * 4
    labels = torch.cat([labels for _, labels, _ in first + second])
    assert labels.bincount().tolist() == [16, 16]  # both halves of the pass: each of the 32 images once
    again = epoch(batches, 3)
    assert not equal(first, again)  # the next pass: another order, other views


@pytest.mark.parametrize("workers", [0, 2])
def test_a_resumed_run_gets_the_batches_that_it_would_have_got(tmp_path, workers):
    folder = parquet(tmp_path, {"train": 24, "validation": 4}, files=2)
    whole = loader(folder, max_steps=4, workers=workers)
    expected = [epoch(whole, number) for number in (1, 2, 3)]
    resumed = loader(folder, max_steps=4, workers=workers)
    assert equal(epoch(resumed, 3, skipped=1), expected[2][1:])


def test_targets_of_several_outputs_come_as_numbers(tmp_path):
    folder = parquet(tmp_path, {"train": 24, "validation": 8})
    batches = loader(folder, task="multi_label")
    _, labels, _ = epoch(batches, 1)[0]
    assert (labels.shape, labels.dtype) == ((4, 2), torch.float32)
    assert labels.sum(1).tolist() == [1] * 4


def test_a_bad_image_is_passed_over_where_that_is_allowed_and_named(tmp_path, caplog):
    folder = parquet(tmp_path / "data", {"train": 24, "validation": 8})
    break_image(folder, 5)
    batches = loader(folder, max_steps=6, max_bad_images=1)
    assert torch.cat([labels for _, labels, _ in epoch(batches, 1)]).numel() == 24
    assert "passed over: " in caplog.text
    with pytest.raises(DataError) as refused:
        epoch(loader(folder, max_steps=6), 1)
    assert code_and_fields(refused.value) == (
        "loading.broken_stream",
        {"faults": Begins("'bad.png' ")},
    )


def break_image(folder, number):
    (file,) = (folder / "data").glob("train-*.parquet")
    rows = datasets.Dataset.from_parquet(str(file)).cast_column("image", datasets.Image(decode=False))
    cells = [{"bytes": b"nothing", "path": "bad.png"} if n == number else row["image"] for n, row in enumerate(rows)]
    rows.remove_columns("image").add_column("image", cells, feature=datasets.Image()).to_parquet(file)


def test_a_stream_whose_images_are_all_bad_ends_with_a_sentence(tmp_path):
    folder = parquet(tmp_path / "data", {"train": 6, "validation": 4})
    for number in range(6):
        break_image(folder, number)
    with pytest.raises(DataError, match="the stream cannot go on"):
        epoch(loader(folder, max_bad_images=1000), 1)

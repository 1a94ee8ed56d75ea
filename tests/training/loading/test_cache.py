"""Decoded images in a file: the same pixels as without it, bounded, safe under several processes and torn writes."""

import multiprocessing

import numpy as np
import pytest
import torch
from images import class_folders, image
from PIL import Image

from resnet_hub import Preprocessing
from resnet_hub.images import open_image
from training.data.load import load_data
from training.loading import cache as cache_module
from training.loading.augment import EvalTransform, TrainTransform, to_views
from training.loading.cache import open_caches
from training.loading.image_dataset import Collate, ImageDataset, make_loader
from training.settings.recipe import FinetuneRecipe

SMALL = Preprocessing(input_size=(3, 16, 16), crop_pct=0.875)
CROPS = TrainTransform(SMALL, 0.3, shift=0, flip=True)
SHIFTS = TrainTransform(SMALL, 0.3, shift=2, flip=True)
VIEWS = EvalTransform(SMALL)
GRAY = TrainTransform(SMALL.with_channels(1), 0.3, shift=0, flip=True)


@pytest.fixture
def split(tmp_path):
    class_folders(tmp_path / "data", {"red": 8, "green": 8})
    image("red", 99, (300, 200)).save(tmp_path / "data" / "red" / "large.png")
    return load_data(FinetuneRecipe(dataset=str(tmp_path / "data"))).train


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache"


def samples(images, epoch):
    return [sample(images, epoch, index) for index in range(len(images))]


def sample(images, epoch, index):
    """What the network sees of an image."""
    return to_views(Collate(images.transform)([images[epoch, index]])[0])[0]


@pytest.mark.parametrize("transform", [CROPS, SHIFTS, VIEWS, GRAY], ids=["crops", "shifts", "views", "gray"])
def test_a_cached_image_has_the_same_pixels_to_the_last_bit(split, folder, transform, monkeypatch):
    plain = ImageDataset(split, transform, seed=3)
    (cache,) = open_caches([(split, transform)], 1, folder)
    cached = ImageDataset(split, transform, seed=3, cache=cache)
    first = samples(cached, 1)
    monkeypatch.setattr("training.loading.image_dataset.open_image", None)  # no more decoding
    again = samples(cached, 1)
    other = samples(cached, 2)
    monkeypatch.undo()
    for index in range(len(split)):
        assert torch.equal(first[index], sample(plain, 1, index))
        assert torch.equal(again[index], sample(plain, 1, index))
        assert torch.equal(other[index], sample(plain, 2, index))


def test_a_large_photograph_keeps_what_the_smallest_crop_needs(split):
    photograph = image("red", 0, (600, 400))
    prepared = CROPS.prepare(photograph)
    assert prepared.size == CROPS.prepared_size(600, 400) == (44, 29)  # 16 / sqrt(0.3) = 29
    assert CROPS.prepare(prepared).size == prepared.size
    assert TrainTransform(SMALL, 0.01, shift=0, flip=True).prepared_size(600, 400) == (48, 32)  # twice the input


def test_loader_processes_fill_the_cache_together(split, folder):
    (cache,) = open_caches([(split, VIEWS)], 1, folder)
    loader = make_loader(split, VIEWS, batch_size=4, seed=0, workers=2, train=False, processes=1, cache=cache)
    before = [pixels for pixels, _, _ in loader]
    assert all(cache.get(index) is not None for index in range(len(split)))
    assert all(torch.equal(*pair) for pair in zip(before, (pixels for pixels, _, _ in loader), strict=True))


def fill(split, folder):
    (cache,) = open_caches([(split, CROPS)], 1, folder)
    samples(ImageDataset(split, CROPS, seed=0, cache=cache), 1)


def test_two_runs_that_fill_one_cache_at_once_leave_it_whole(split, folder):
    context = multiprocessing.get_context("fork")
    runs = [context.Process(target=fill, args=(split, folder)) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [run.exitcode for run in runs] == [0, 0]
    assert len(list(folder.iterdir())) == 1
    (cache,) = open_caches([(split, CROPS)], 1, folder)
    for index in range(len(split)):
        assert cache.get(index).tobytes() == CROPS.prepare(opened(split, index)).tobytes()


def opened(split, index):
    return Image.open(split.image(index)[1]).convert("RGB")


def test_a_image_that_was_written_in_part_is_decoded_again(split, folder):
    fill(split, folder)
    (file,) = folder.glob("*.pixels")
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    (cache,) = open_caches([(split, CROPS)], 1, folder)
    assert cache.get(len(split) - 1) is None
    assert cache.get(0) is not None


def test_the_cache_stays_within_its_bound_with_the_first_images_of_train(split, folder):
    one = 36 * 29 * 3 + 8
    caches = open_caches([(split, CROPS), (split, VIEWS)], 4.5 * one / 1e9, folder)
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 4.5 * one
    assert len(caches[0]) == 4
    assert caches[0].get(4) is None
    caches[0].keep(4, CROPS.prepare(opened(split, 4)))  # no room: nothing happens
    assert caches[1] is None or len(caches[1]) <= 2


def test_what_was_not_used_for_the_longest_time_makes_room(split, folder):
    for name, used in (("old", 1), ("new", 2)):
        (folder / f"{name}.pixels").write_bytes(bytes(50_000))
        cache_module.os.utime(folder / f"{name}.pixels", (used, used))
    open_caches([(split, VIEWS)], 0.0000666, folder)
    assert sorted(file.stem for file in folder.iterdir() if len(file.stem) < 5) == ["new"]


def test_other_content_has_another_file_and_equal_content_the_same(split, folder, tmp_path):
    fill(split, folder)
    (tmp_path / "data").rename(tmp_path / "moved")
    moved = load_data(FinetuneRecipe(dataset=str(tmp_path / "moved"))).train
    fill(moved, folder)
    assert len(list(folder.iterdir())) == 1
    fill(moved.select(np.arange(3)), folder)
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("limit", [0, None], ids=["turned off", "nowhere to write"])
def test_without_a_cache_images_are_decoded(split, folder, limit, caplog):
    (folder / "file").write_text("")
    assert open_caches([(split, CROPS)], limit, folder / "file") == [None]
    assert ("cache  none: Not a directory; every epoch decodes" in caplog.text) == (limit is None)


def test_a_large_jpeg_is_decoded_at_less_of_its_size_and_kept_at_the_size_of_all_of_it(tmp_path, folder, monkeypatch):
    class_folders(tmp_path / "data", {"red": 8, "green": 8})
    large = Image.fromarray((np.add.outer(np.arange(403), np.arange(601)) // 4).astype(np.uint8)).convert("RGB")
    large.save(tmp_path / "data" / "red" / "large.jpg", quality=95)
    split = load_data(FinetuneRecipe(dataset=str(tmp_path / "data"))).train
    (index,) = (index for index in range(len(split)) if split.image(index)[1].endswith("large.jpg"))
    (cache,) = open_caches([(split, CROPS)], 1, folder)
    opened = []

    def open_and_note(*given, **named):
        opened.append(open_image(*given, **named))
        return opened[-1]

    monkeypatch.setattr("training.loading.image_dataset.open_image", open_and_note)
    ImageDataset(split, CROPS, seed=0, cache=cache)[1, index]
    assert opened[0].size == (151, 101)  # a quarter: twice the 29 that crops need, and an eighth would be less
    kept = cache.get(index)
    assert kept.shape[:2] == CROPS.prepared_size(601, 403)[::-1] == (29, 43)
    whole = np.asarray(CROPS.prepare(large)).astype(int)
    assert np.abs(kept - whole).mean() < 3

"""held_out/: images that a run keeps for its page, so that its network answers as it did."""

import json
from pathlib import Path

import numpy as np
import pytest
from images import class_folders, image
from PIL import Image

from resnet_hub.config import Preprocessing
from resnet_hub.preprocessing.pixels import open_image, to_pixels
from training.data.load import load_data
from training.metrics import AnsweredImage
from training.run.images.held_out import as_network_resizes, remove_held_out, write_held_out
from training.settings.recipe import FinetuneRecipe

NETWORK = Preprocessing(input_size=(3, 64, 64), crop_pct=0.875)


@pytest.fixture(scope="module")
def validation(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    class_folders(folder, {"green": 5, "red": 5})
    return load_data(FinetuneRecipe(dataset=str(folder))).validation


def test_an_index_tells_what_was_answered_on_each_image(tmp_path, validation):
    write_held_out(tmp_path, [AnsweredImage(1, (0,), (1,), 0.75)], validation, NETWORK)
    index = json.loads((tmp_path / "held_out" / "images.json").read_text())
    assert index == {
        "format": 1,
        "split": "20% of train",
        "images": [{"file": "1.webp", "truth": [0], "answer": [1], "score": 0.75}],
    }
    with Image.open(tmp_path / "held_out" / "1.webp") as kept:
        assert kept.size == (40, 32)  # smaller than the network's input: as it was
        assert np.array_equal(np.asarray(kept), np.asarray(Image.open(validation.image(1)[0])))  # and without loss


@pytest.mark.parametrize("size", [(640, 480), (300, 900), (3000, 200)])
def test_a_large_image_is_kept_as_the_network_resizes_it_and_sees_the_same(size):
    large = image("red", 3, (12, 9)).resize(size)  # smooth: what is cut off moves the rest by part of a pixel
    kept = as_network_resizes(large, NETWORK)
    assert min(kept.size) == int(64 / 0.875)
    assert max(kept.size) <= 4 * min(kept.size)
    seen, before = (to_pixels(shown, NETWORK).numpy().astype(int) for shown in (kept, large))
    assert np.abs(seen - before).mean() < 1


def test_a_gray_network_s_image_comes_back_gray(tmp_path, validation):
    gray = Preprocessing(input_size=(1, 32, 32), mean=(0.5,), std=(0.5,))
    write_held_out(tmp_path, [AnsweredImage(0, (0,), (0,), 0.5)], validation, gray)
    before = to_pixels(open_image(validation.image(0)[0]), gray)
    assert np.array_equal(to_pixels(open_image(tmp_path / "held_out" / "0.webp"), gray), before)


def test_nothing_is_written_where_nothing_is_wanted_or_no_browser_would_show_it(tmp_path, validation):
    write_held_out(tmp_path, [], validation, NETWORK)
    bands = Preprocessing(input_size=(13, 32, 32), mean=(0.5,) * 13, std=(0.5,) * 13)
    write_held_out(tmp_path, [AnsweredImage(0, (0,), (0,), 0.5)], validation, bands)
    assert list(tmp_path.iterdir()) == []


def test_images_of_an_earlier_end_of_the_run_are_replaced_and_other_files_stay(tmp_path, validation):
    write_held_out(tmp_path, [AnsweredImage(0, (0,), (0,), 0.5)], validation, NETWORK)
    (tmp_path / "held_out" / "notes.txt").write_text("mine")
    write_held_out(tmp_path, [AnsweredImage(1, (0,), (0,), 0.5)], validation, NETWORK)
    assert {file.name for file in (tmp_path / "held_out").iterdir()} == {"1.webp", "images.json", "notes.txt"}
    remove_held_out(tmp_path)
    assert [file.name for file in (tmp_path / "held_out").iterdir()] == ["notes.txt"]


def test_an_image_that_is_gone_is_left_out_and_named(tmp_path, caplog):
    class_folders(tmp_path / "data", {"green": 5, "red": 5})
    split = load_data(FinetuneRecipe(dataset=str(tmp_path / "data"))).validation
    Path(split.image(0)[0]).write_bytes(b"")
    both = [AnsweredImage(row, (0,), (0,), 0.5) for row in (0, 1)]
    write_held_out(tmp_path, both, split, NETWORK)
    index = json.loads((tmp_path / "held_out" / "images.json").read_text())
    assert [row["file"] for row in index["images"]] == ["1.webp"]
    assert "it is not among the images kept for the page" in caplog.text

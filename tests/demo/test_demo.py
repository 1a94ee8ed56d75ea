"""The parts of the page that need no browser: wording, examples, refusals, uploads, the API's names."""

import importlib
import re
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from browsing import awaited
from gradio.analytics import analytics_enabled

import resnet_hub.demo
from resnet_hub import create_model
from resnet_hub.classifier import Prediction
from resnet_hub.config import Preprocessing
from resnet_hub.demo.fields.image_input.photo import photo_field
from resnet_hub.demo.intake.uploads import uploaded_bytes
from resnet_hub.demo.page import build_page
from resnet_hub.demo.serving.networks.model_pool import start_pool
from resnet_hub.demo.settings import PageSettings
from resnet_hub.demo.text.formatting import describe_input, describe_labels, distinct_labels, exact, percent, verdict
from resnet_hub.demo.text.page_error import PageError
from resnet_hub.errors import ConfigError

SPACE = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("scores", "sentence"),
    [
        ((0.62, 0.21), f"Most likely tabby, 62{SPACE}%; perhaps tiger cat, 21{SPACE}%."),
        ((0.97, 0.02), f"Most likely tabby, 97{SPACE}%."),
        ((0.9999, 0.0001), f"Most likely tabby, over 99{SPACE}%."),
        ((0.004, 0.003), f"Most likely tabby, under 1{SPACE}%."),
        ((1.0,), f"Most likely tabby, over 99{SPACE}%."),
    ],
    ids=["two candidates", "one candidate", "nearly certain", "no idea", "a single class"],
)
def test_the_answer_is_a_plain_sentence(scores, sentence):
    names = ("tabby", "tiger cat")
    assert verdict([Prediction(names[rank], rank, score) for rank, score in enumerate(scores)]) == sentence


@pytest.mark.parametrize(
    ("score", "text"),
    [(0.0, "under 1"), (0.0099, "under 1"), (0.01, "1"), (0.055, "6"), (0.994, "99"), (0.995, "over 99")],
)
def test_a_percentage_never_says_none_or_all(score, text):
    assert percent(score) == f"{text}{SPACE}%"


def test_two_classes_of_one_name_both_keep_their_score():
    predictions = [Prediction("crane", 134, 0.6), Prediction("crane", 517, 0.3), Prediction("heron", 131, 0.1)]
    assert distinct_labels(predictions) == {"crane (class 134)": 0.6, "crane (class 517)": 0.3, "heron": 0.1}


@pytest.mark.parametrize(
    ("preprocessing", "words"),
    [
        (
            Preprocessing(interpolation="bilinear"),
            "Turned upright, shortest side to 256 px (bilinear), 224 x 224 px center crop, then normalised with mean "
            "0.485, 0.456, 0.406 and std 0.229, 0.224, 0.225.",
        ),
        (Preprocessing(input_size=(3, 288, 288), crop_pct=0.95), "shortest side to 303 px (bicubic), 288 x 288 px"),
        (Preprocessing(crop_mode="squash"), "squashed to 256 x 256 px (bicubic), 224 x 224 px center crop"),
        (Preprocessing(crop_mode="border", crop_pct=1.0), "longest side to 224 px (bicubic), padded or cropped to"),
        (Preprocessing(input_size=(1, 8, 8), mean=(0.3,), std=(0.5,)), "then normalised with mean 0.3 and std 0.5."),
        (
            Preprocessing(input_size=(1, 8, 8), mean=(0.3,), std=(0.5,)),
            "Turned upright and grey, shortest side to 9 px",
        ),
    ],
    ids=["ImageNet", "larger", "squash", "border", "one channel", "gray"],
)
def test_preprocessing_is_told_in_words(preprocessing, words):
    assert words in preprocessing.in_words()


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("cat", "dog"), "2: cat, dog"),
        (tuple("abcdefghijklmn"), "14: a, b, c, d, e, f, g, h, i, j, k, l, and 2 more"),
    ],
    ids=["all", "the first twelve"],
)
def test_the_classes_are_listed(names, words):
    assert describe_labels(names) == words


@pytest.mark.parametrize("mode", ["center", "squash", "border"])
@pytest.mark.parametrize("size", [(3, 224, 288), (1, 8, 8)])
def test_the_page_tells_preprocessing_in_the_words_of_the_library(mode, size):
    numbers = (0.5,) * size[0]
    found = Preprocessing(input_size=size, crop_mode=mode, mean=numbers, std=numbers, interpolation="lanczos")
    assert describe_input(found) == found.in_words()
    assert re.findall(r"[A-Za-z]+", describe_input(found, "zh-CN")) == []


def test_two_classes_of_one_name_are_told_apart_in_chinese():
    predictions = [Prediction("鹤", 134, 0.6), Prediction("鹤", 517, 0.3)]
    assert list(distinct_labels(predictions, "zh-CN")) == ["鹤\uff08第 134 类\uff09", "鹤\uff08第 517 类\uff09"]
    assert describe_labels(tuple("abc"), "zh-CN", most=2) == "3 个\uff1aa、b\uff0c另有 1 个"


@pytest.mark.parametrize("score", [1e-9, 1.1754944e-38, 1e-45, 0.1, 0.9999999])
def test_a_score_in_a_table_to_download_is_read_back_as_it_was(score):
    assert np.float32(exact(float(np.float32(score)))) == np.float32(score)


def test_an_uploaded_file_arrives_byte_for_byte(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff anything")
    assert uploaded_bytes({"path": str(tmp_path / "photo.jpg")}) == b"\xff\xd8\xff anything"


def test_no_file_is_no_bytes():
    assert uploaded_bytes(None) is None


@pytest.mark.parametrize(
    "path",
    [__file__, "missing.jpg", "../test_demo.py", "", None],
    ids=["a file of the server", "cleared away", "a way out", "the folder itself", "nothing"],
)
def test_only_uploaded_files_are_read(path, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with pytest.raises(PageError, match="choose it again"):
        uploaded_bytes({"path": path and str(tmp_path / path)})


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/a.png", "HTTPS://example.com/a.png"])
def test_addresses_are_not_fetched(address):
    moving = photo_field().async_move_resource_to_block_cache(address)
    with pytest.raises(gr.Error, match="fetches nothing from the web"):
        moving.send(None)


def built_page(source, **settings):
    """The page, built in a running event loop: outside of one, gradio makes two and never closes them."""
    chosen = PageSettings(model=str(source), device="cpu", **settings)

    async def build():
        return build_page(start_pool(chosen), chosen)

    return awaited(build())


def test_a_network_for_numbers_gets_no_page_of_classes(tmp_path):
    create_model("cifar_resnet20", num_classes=3, task="regression").save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match="the page shows classes, but this network is for 'regression'"):
        built_page(tmp_path)


def test_no_more_classes_are_offered_than_the_network_has(tiny_checkpoint):
    page = built_page(tiny_checkpoint)
    (slider,) = [block for block in page.blocks.values() if block.elem_id == "top-k"]
    assert (slider.minimum, slider.maximum, slider.value) == (1, 3, 3)


def test_waiting_visitors_are_bounded(tiny_checkpoint):
    assert built_page(tiny_checkpoint, max_queue=7)._queue.max_waiting == 7


def test_analytics_are_off_wherever_the_page_is_imported(monkeypatch):
    monkeypatch.delenv("GRADIO_ANALYTICS_ENABLED")
    importlib.reload(resnet_hub.demo)
    assert not analytics_enabled()


def test_no_file_is_written_beside_the_sources():
    # gradio writes a stub there for every subclass of its components.
    assert list(Path(resnet_hub.demo.__file__).parent.glob("*.pyi")) == []

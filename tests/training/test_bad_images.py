"""What visitors of a public page send that is no plain image: each gets its sentence, or its pixels."""

import pytest
import torch
from broken_images import SCRIPT, cut_jpeg, empty_file, gigantic_png, saved, text_bomb, text_file
from PIL import Image

from resnet_hub.config import Preprocessing
from resnet_hub.errors import ImageError
from resnet_hub.preprocessing.pixels import open_image, to_pixels

SVG = {
    "plain": SCRIPT,
    "declared": b"<?xml version='1.0' encoding='UTF-8' standalone='no'?>\n" + SCRIPT,
    "marked as UTF-8": b"\xef\xbb\xbf" + SCRIPT,
    "after blank lines": b"\r\n\n  " + SCRIPT,
    "after a comment": b"<!-- made by a program that likes to talk about itself: " + b"x" * 300 + b" -->" + SCRIPT,
    "with a document type": b"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'http://www.w3.org/'>" + SCRIPT,
}
HTML = [b"<!doctype html><p>hello", b"\n<HTML><body>", b"<head><title>404</title>", b"\xef\xbb\xbf<!DOCTYPE HTML>"]


@pytest.mark.parametrize("data", SVG.values(), ids=SVG)
def test_a_drawing_is_named_as_svg_and_never_run(data):
    with pytest.raises(ImageError, match="is in the format SVG, ") as refused:
        open_image(data)
    assert refused.value.code == "preprocessing.other_format"


@pytest.mark.parametrize("data", HTML)
def test_a_web_page_is_named_as_html(data):
    with pytest.raises(ImageError, match=r"is a web page \(HTML\)") as refused:
        open_image(data)
    assert refused.value.code == "preprocessing.web_page"


REFUSED = {
    "0 bytes": (empty_file, r"is empty \(0 bytes\)"),
    "text": (text_file, "is in no image format"),
    "cut short": (cut_jpeg, "is damaged or cut short"),
    "60,000 x 60,000": (gigantic_png, "has 60000 x 60000 pixels"),
    "a comment of 200 MB": (text_bomb, "is damaged or cut short"),
}


@pytest.mark.parametrize(("make", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_image_gets_its_sentence(make, words):
    with pytest.raises(ImageError, match=words):
        open_image(make())


@pytest.mark.parametrize("size", [(1, 1), (1, 10_000), (10_000, 1), (2, 2)])
@pytest.mark.parametrize("crop_mode", ["center", "squash", "border"])
def test_a_image_of_any_shape_gives_what_the_network_takes(size, crop_mode):
    pixels = to_pixels(open_image(saved(Image.new("RGB", size, (9, 8, 7)))), Preprocessing(crop_mode=crop_mode))
    assert pixels.shape == (3, 224, 224)
    assert (pixels == torch.tensor([9, 8, 7]).view(3, 1, 1)).all(0).any()

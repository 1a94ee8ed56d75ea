"""Galleries of answers."""

import re
from pathlib import Path

from resnet_hub import Prediction
from resnet_hub.demo import appearance
from resnet_hub.demo.fields import gallery
from resnet_hub.demo.serving.batch_inference import ImageAnswer

STYLE = Path(appearance.__file__).with_name("style.css").read_text("utf-8")


def test_an_image_without_a_thumbnail_gets_a_box_that_the_style_sheet_draws():
    (group,) = gallery.groups([ImageAnswer("a.png", (Prediction("ants", 0, 0.9),))], ["ants"], "en")
    (box,) = re.findall(r"<div class='([\w-]+)'>", group["figures"])
    assert f".{box} " in STYLE

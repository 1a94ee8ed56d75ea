"""The preprocessing inside a file is that of the package: the same sizes, windows and colors, but for one level."""

import numpy as np
import onnxruntime
import pytest
from error_facts import code_and_fields
from onnx import TensorProto, helper
from PIL import Image

from resnet_hub.config import Preprocessing
from resnet_hub.errors import CheckpointError
from resnet_hub.export.graphs import resampling
from resnet_hub.export.graphs.images import RESIZES, image_graph
from resnet_hub.export.graphs.resampling import SUPPORTS
from resnet_hub.preprocessing.pixels import normalize, to_channels, to_pixels

SIZES = ((64, 64), (90, 61), (61, 90), (33, 200), (17, 20), (1, 3))
LEVEL = 1 / 255


def as_it_came(channels):
    """An ONNX model whose logits are the values of its input."""
    nodes = [helper.make_node("Flatten", ["pixel_values"], ["logits"])]
    given = helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["batch", channels, "height", "width"])
    found = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", "values"])
    graph = helper.make_graph(nodes, "network", [given], [found])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def session_of(preprocessing, task="regression", temperature=None):
    model = image_graph(as_it_came(preprocessing.input_size[0]), preprocessing, task, temperature)
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def image_of(size, seed=0):
    """Smooth colors with some noise, as photographs have."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (5, 7, 3), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    return Image.fromarray((0.9 * np.asarray(coarse) + random.integers(0, 25, (*size[::-1], 3))).astype(np.uint8))


@pytest.mark.parametrize("interpolation", RESIZES)
@pytest.mark.parametrize("crop_mode", ["center", "squash", "border"])
@pytest.mark.parametrize("shape", [(32, 32, 0.875), (24, 40, 0.9), (33, 33, 1.0)], ids=str)
def test_what_the_network_sees_is_the_same(interpolation, crop_mode, shape):
    height, width, crop_pct = shape
    preprocessing = Preprocessing(
        input_size=(3, height, width), interpolation=interpolation, crop_mode=crop_mode, crop_pct=crop_pct
    )
    session = session_of(preprocessing)
    for size in SIZES:
        image = image_of(size)
        found = session.run(["logits"], {"image": np.asarray(image)})[0].reshape(3, height, width)
        expected = normalize(to_pixels(image, preprocessing), preprocessing)[0].numpy()
        apart = np.abs(found - expected) * np.reshape(preprocessing.std, (3, 1, 1)) / LEVEL
        assert apart.max() < 1.01
        assert (apart > 0.01).mean() < 0.05


def test_gray_and_four_channels_are_taken_as_they_are():
    for channels in (1, 4):
        preprocessing = Preprocessing(input_size=(3, 32, 32)).with_channels(channels)
        image = to_channels(image_of((50, 40)), channels)
        array = np.asarray(image).reshape(40, 50, channels)
        found = session_of(preprocessing).run(["logits"], {"image": array})[0].reshape(channels, 32, 32)
        expected = normalize(to_pixels(image, preprocessing), preprocessing)[0].numpy()
        assert np.abs(found - expected).max() < 1.01 * LEVEL / min(preprocessing.std)


@pytest.mark.parametrize(("task", "temperature"), [("single_label", 2.0), ("multi_label", None), ("regression", 3.0)])
def test_scores_are_made_by_the_task_after_temperature_scaling(task, temperature):
    preprocessing = Preprocessing(input_size=(3, 8, 8), crop_pct=1.0)
    found, logits = session_of(preprocessing, task, temperature).run(
        ["scores", "logits"], {"image": np.asarray(image_of((20, 20)))}
    )
    scaled = logits / (temperature or 1)
    expected = {
        "single_label": np.exp(scaled) / np.exp(scaled).sum(),
        "multi_label": 1 / (1 + np.exp(-scaled)),
        "regression": logits,
    }
    np.testing.assert_allclose(found, expected[task], rtol=1e-5)


def test_a_filter_that_onnx_lacks_is_refused():
    with pytest.raises(CheckpointError) as refused:
        session_of(Preprocessing(interpolation="lanczos"))
    fields = {"interpolation": "lanczos", "known": "bilinear, bicubic"}
    assert code_and_fields(refused.value) == ("export.no_such_resize", fields)


@pytest.mark.parametrize("interpolation", SUPPORTS)
@pytest.mark.parametrize("crop_mode", ["center", "squash", "border"])
def test_an_exact_resize_has_every_level_of_pillow(interpolation, crop_mode):
    preprocessing = Preprocessing(input_size=(3, 64, 64), interpolation=interpolation, crop_mode=crop_mode)
    model = image_graph(as_it_came(3), preprocessing, "regression", None, exact=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    for size in ((500, 375), (48, 31), (64, 64), (400, 17), (1, 3)):
        image = image_of(size, seed=1)
        found = session.run(["logits"], {"image": np.asarray(image)})[0].reshape(3, 64, 64)
        expected = normalize(to_pixels(image, preprocessing), preprocessing)[0].numpy()
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_picture_above_the_limit_of_the_exact_resize_is_resized_as_others_are(monkeypatch):
    preprocessing = Preprocessing(input_size=(3, 32, 32))
    image = np.asarray(image_of((300, 200)))
    monkeypatch.setattr(resampling, "MOST_PIXELS", 300 * 200 - 1)
    model = image_graph(as_it_came(3), preprocessing, "regression", None, exact=True)
    found = onnxruntime.InferenceSession(model.SerializeToString()).run(["logits"], {"image": image})[0]
    plain = session_of(preprocessing).run(["logits"], {"image": image})[0]
    np.testing.assert_array_equal(found, plain)

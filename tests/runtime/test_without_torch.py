"""An exported file answers in a process that never loads torch, and tensors get from it what arrays get."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from PIL import Image

from resnet_hub import ImageClassifier
from resnet_hub.checkpoint import CheckpointConfig
from resnet_hub.config import Preprocessing
from resnet_hub.metadata import CheckpointMetadata
from resnet_hub.models import feature_map_bytes, meta_network
from resnet_hub.registry import architecture
from resnet_hub.runtime import ExportedNetwork, FileFacts

NAMES = ("red", "green", "blue")
COLORS = {"red": (250, 10, 10), "green": (10, 250, 10), "blue": (10, 10, 250)}
ASKING = """
import json, sys
from resnet_hub import ImageClassifier
from resnet_hub.cli import main

file, *images = sys.argv[1:]
classifier = ImageClassifier.from_pretrained(file)
classifier.warm_up()
said = {
    "one": [best.label for best in classifier(images[0])],
    "many": [best[0].score for best in classifier(images)],
    "features": classifier.embed(images).shape,
    "seen": classifier.classify(images[0]).seen.size,
}
said["status"] = main(["predict", file, *images, "--json"]) or main(["embed", file, images[0], "--csv"])
said["loaded"] = sorted({"torch", "torchvision", "huggingface_hub"} & set(sys.modules))
print("\\n" + json.dumps(said))
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A network's file whose features are the image's mean color, and whose logits are four times as much."""
    network = architecture("cifar_resnet20").with_options(num_classes=3)
    shapes = meta_network(network)
    config = CheckpointConfig(network, Preprocessing(input_size=(3, 32, 32)), NAMES, CheckpointMetadata())
    facts = FileFacts(config, 64, NAMES, "here", head_hidden_size=3, feature_map_bytes=feature_map_bytes(shapes))
    nodes = [
        helper.make_node("ReduceMean", ["pixel_values"], ["features"], axes=[2, 3], keepdims=0),
        helper.make_node("Mul", ["features", "four"], ["logits"]),
    ]
    given = helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["N", 3, "H", "W"])
    found = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 3]) for name in ("logits", "features")]
    four = helper.make_tensor("four", TensorProto.FLOAT, [], [4.0])
    graph = helper.make_graph(nodes, "means", [given], found, [four])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, facts.to_texts())
    path = tmp_path_factory.mktemp("without torch") / "model.onnx"
    onnx.save(model, path)
    return path


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    for name, color in COLORS.items():
        Image.new("RGB", (80, 60), color).save(folder / f"{name}.png")
    return [str(folder / f"{name}.png") for name in COLORS]


def test_a_process_that_asks_an_exported_file_loads_no_torch(file, images):
    found = subprocess.run([sys.executable, "-c", ASKING, file, *images], capture_output=True, text=True, check=True)
    said = json.loads(found.stdout.splitlines()[-1])
    assert said["loaded"] == []
    assert said["status"] == 0
    assert set(said["one"]) == set(NAMES)
    assert said["one"][0] == "red"
    assert said["many"] == [best[0].score for best in ImageClassifier.from_pretrained(file)(images)]
    assert (said["features"], said["seen"]) == ([3, 3], [32, 32])


def test_tensors_and_arrays_get_the_same_answer_each_in_its_kind(file, images):
    classifier = ImageClassifier.from_pretrained(file)
    arrays = np.stack([classifier.pixels_of(image) for image in images])
    tensors = torch.stack([classifier.prepare(image) for image in images])
    np.testing.assert_array_equal(tensors.numpy(), arrays)
    for ask in (classifier.scores_of, classifier.features_of):
        of_arrays, of_tensors = ask(arrays), ask(tensors)
        assert isinstance(of_arrays, np.ndarray)
        assert isinstance(of_tensors, torch.Tensor)
        np.testing.assert_array_equal(of_tensors.numpy(), of_arrays)
    assert [classifier.ranked(row, 1)[0].label for row in classifier.scores_of(tensors)] == list(NAMES)


def test_an_older_file_that_does_not_say_its_sizes_is_asked_as_before(file, images):
    network = ExportedNetwork(file)
    texts = network.facts.to_texts()
    own = json.loads(texts["resnet_hub"])
    del own["head_hidden_size"], own["feature_map_bytes"]
    older = FileFacts.from_texts({**texts, "resnet_hub": json.dumps(own)}, "older.onnx")
    said, network.facts = network.feature_map_bytes, older
    assert replace(older, head_hidden_size=3, feature_map_bytes=said) == FileFacts.from_texts(texts, "newer.onnx")
    assert network.feature_map_bytes == said
    assert network.head_hidden_size == 64
    assert ImageClassifier(network)(images[1])[0].label == "green"

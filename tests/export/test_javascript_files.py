"""The folder for transformers.js: its layout, and the answer of its file to the pixels that a pipeline gives."""

import json

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from resnet_hub import AutoResNet, ImageClassifier
from resnet_hub.checkpoint import BUNDLED
from resnet_hub.cli import main
from resnet_hub.errors import ConfigError
from resnet_hub.export import export_for_javascript
from resnet_hub.export.proof_images import BUNDLED as PHOTOGRAPHS

NAMES = ("config.json", "preprocessor_config.json")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("javascript")
    export_for_javascript(AutoResNet.from_pretrained(BUNDLED), folder, source="bundled")
    return folder


def test_the_layout_is_what_a_pipeline_looks_for(folder):
    config, processor = (
        json.loads((folder / f"{name}.json").read_text()) for name in ("config", "preprocessor_config")
    )
    assert config["model_type"] == "resnet"
    assert config["id2label"]["3"] == "cat"
    assert config["transformers.js_config"] == {"dtype": "q8"}
    assert processor["image_processor_type"] == "BitImageProcessor"
    assert not any(processor[name] for name in ("do_resize", "do_center_crop", "do_rescale", "do_normalize"))
    for name in ("model.onnx", "model_quantized.onnx"):
        session = onnxruntime.InferenceSession(folder / "onnx" / name)
        assert [one.name for one in session.get_inputs()] == ["pixel_values"]
        assert [one.name for one in session.get_outputs()] == ["logits"]
        assert json.loads((folder / "onnx" / f"{name}.proof.json").read_text())["agreement"] >= 99


def test_pixels_of_any_size_get_the_scores_of_a_classifier(folder):
    session = onnxruntime.InferenceSession(folder / "onnx" / "model.onnx")
    classifier = ImageClassifier.from_pretrained(BUNDLED, device="cpu")
    for file in sorted(PHOTOGRAPHS.glob("*.jpg"))[:3]:
        image = np.asarray(Image.open(file).convert("RGB"))
        logits = session.run(["logits"], {"pixel_values": image.transpose(2, 0, 1)[None].astype(np.float32)})[0][0]
        scores = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        expected = {row.index: row.score for row in classifier(image, top_k=10)}
        assert dict(enumerate(scores.tolist())) == pytest.approx(expected, abs=1e-4)


def test_the_folder_of_a_checkpoint_keeps_its_config(tmp_path):
    network = AutoResNet.from_pretrained(BUNDLED)
    network.save_pretrained(tmp_path)
    with pytest.raises(ConfigError) as refused:
        export_for_javascript(network, tmp_path)
    assert refused.value.code == "export.javascript_folder"


def test_what_a_pipeline_cannot_answer_is_refused(tmp_path):
    with pytest.raises(ConfigError) as refused:
        export_for_javascript(AutoResNet.from_pretrained(BUNDLED, in_chans=1), tmp_path)
    assert refused.value.code == "export.javascript_bands"


def test_the_folder_is_written_in_its_own_precisions(capsys):
    assert main(["export", str(BUNDLED), "--to", "transformers.js", "--precision", "fp16"]) == 2
    assert "drop --precision" in capsys.readouterr().err

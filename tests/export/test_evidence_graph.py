"""A file that takes images says what each place adds to each class: the heat map of the package, without a gradient."""

import numpy as np
import onnxruntime
import torch
from PIL import Image

from resnet_hub import ImageClassifier
from resnet_hub.checkpoint import BUNDLED
from resnet_hub.explain import heat_map
from resnet_hub.export import export_file
from resnet_hub.export.proof_images import BUNDLED as PHOTOGRAPHS


def test_the_evidence_adds_up_to_the_logits_and_is_the_heat_map(tmp_path):
    classifier = ImageClassifier.from_pretrained(BUNDLED, device="cpu")
    file = export_file(classifier.model, tmp_path / "image_model.onnx", precision="fp16", input="image").file
    image = np.asarray(Image.open(sorted(PHOTOGRAPHS.glob("*.jpg"))[1]).convert("RGB"))
    logits, evidence = onnxruntime.InferenceSession(file).run(["logits", "evidence"], {"image": image})
    bias = classifier.model.fc.bias.detach().numpy()
    np.testing.assert_allclose(evidence.sum((2, 3)) + bias, logits, rtol=1e-3, atol=1e-3)
    best = int(logits.argmax())
    expected = heat_map(classifier, classifier.prepare(image), best).values
    grid = torch.from_numpy(evidence[:1, best : best + 1])
    found = torch.nn.functional.interpolate(grid, expected.shape, mode="bilinear")[0, 0].clamp(min=0).numpy()
    np.testing.assert_allclose(found / found.max(), expected, atol=0.03)

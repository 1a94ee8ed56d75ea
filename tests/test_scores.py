"""Scores of logits: by task, and softened by the temperature that a checkpoint carries."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from random_weights import lively

from resnet_hub import ImageClassifier, ResNet
from resnet_hub.errors import CheckpointError
from resnet_hub.metadata import CheckpointMetadata
from resnet_hub.scores.ranking import SCORES, best_classes, scores, temperature_of

LOGITS = torch.tensor([[2.0, 0.0, -1.0]])
IMAGE = Image.new("RGB", (64, 64), (90, 20, 160))


@pytest.mark.parametrize(
    ("task", "expected"),
    [("single_label", LOGITS.div(2).softmax(1)), ("multi_label", LOGITS.div(2).sigmoid()), ("regression", LOGITS)],
)
def test_a_temperature_divides_the_logits_of_classes_and_leaves_numbers(task, expected):
    assert torch.equal(scores(LOGITS, task, 2.0), expected)


@pytest.mark.parametrize("task", SCORES)
def test_arrays_get_the_scores_and_the_order_of_tensors(task):
    logits = torch.cat([8 * torch.randn(50, 9, generator=torch.Generator().manual_seed(0)), torch.zeros(1, 9)])
    logits[1, 3], logits[2, 4], logits[3, :] = 200, -200, 1e6
    found, expected = scores(logits.numpy(), task, 1.5), scores(logits, task, 1.5)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-5, atol=1e-7)
    for kept, wanted in zip(best_classes(expected.numpy(), task, 4), best_classes(expected, task, 4), strict=True):
        np.testing.assert_array_equal(kept, wanted.numpy())


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf"), "2", True, [2.0]])
def test_a_temperature_that_cannot_be_is_refused(value):
    with pytest.raises(CheckpointError, match="expected a number above 0, or no such key"):
        temperature_of(CheckpointMetadata.from_json({"temperature": value}))


def test_a_classifier_reads_the_temperature_of_its_checkpoint(tmp_path):
    model = lively(num_classes=3, label_names=("a", "b", "c"))
    plain = {found.label: found.score for found in ImageClassifier(model, device="cpu")(IMAGE)}
    model.metadata = CheckpointMetadata(temperature=4.0)
    model.save_pretrained(tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["resnet_hub"]["temperature"] == 4.0
    softened = {found.label: found.score for found in ImageClassifier.from_pretrained(tmp_path, device="cpu")(IMAGE)}
    expected = torch.tensor([plain[name] for name in "abc"]).log().div(4).softmax(0)
    assert [softened[name] for name in "abc"] == pytest.approx(expected.tolist(), rel=1e-3)


def test_a_new_head_has_no_temperature(tmp_path):
    model = lively(num_classes=3, label_names=("a", "b", "c"))
    model.metadata = CheckpointMetadata(temperature=4.0)
    model.save_pretrained(tmp_path)
    changed = ResNet.from_pretrained(tmp_path, label_names=("x", "y"))
    assert ImageClassifier(changed, device="cpu").temperature is None

"""What the outputs are: one class of many, any of several, or numbers; in scores and in the checkpoint."""

import json

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from random_weights import assert_equal, lively
from transformers import pipeline

from resnet_hub import ImageClassifier, ResNet, create_model

NAMES = ("boat", "sea", "sky")
IMAGE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
SCORES = {"single_label": lambda logits: logits.softmax(1), "multi_label": torch.sigmoid, "regression": lambda x: x}
PROBLEMS = {
    "single_label": None,
    "multi_label": "multi_label_classification",
    "regression": "regression",
}


@pytest.fixture(params=SCORES)
def model(request):
    return lively(num_classes=3, label_names=NAMES, task=request.param)


def test_scores_are_what_the_task_says(model):
    classifier, seen = ImageClassifier(model, device="cpu", backend="eager"), []
    model.register_forward_hook(lambda module, inputs, output: seen.append(output))
    scores = {found.label: found.score for found in classifier(IMAGE)}
    assert [scores[name] for name in NAMES] == SCORES[model.config.task](seen[0])[0].tolist()


def test_the_task_travels_in_the_checkpoint(model, tmp_path):
    model.save_pretrained(tmp_path)
    assert ResNet.from_pretrained(tmp_path).config == model.config
    assert json.loads((tmp_path / "config.json").read_text()).get("problem_type") == PROBLEMS[model.config.task]


def test_timm_opens_a_network_of_any_task(model, tmp_path):
    model.save_pretrained(tmp_path)
    theirs = timm.create_model(f"local-dir:{tmp_path}", pretrained=True).eval()
    images = torch.randn(2, 3, 64, 64)
    assert_equal(model(images), theirs(images))


def test_the_pipeline_of_transformers_gives_the_same_scores(model, tmp_path):
    model.save_pretrained(tmp_path)
    theirs = {found["label"]: found["score"] for found in pipeline("image-classification", str(tmp_path))(IMAGE)}
    ours = {found.label: found.score for found in ImageClassifier(model, device="cpu")(IMAGE)}
    assert ours == pytest.approx(theirs, abs=1e-4)


def test_a_task_is_changed_by_an_option_and_keeps_the_weights(tmp_path):
    model = lively(num_classes=3, label_names=NAMES)
    model.save_pretrained(tmp_path)
    loaded = ResNet.from_pretrained(tmp_path, task="multi_label")
    assert (loaded.config.task, loaded.head_is_new) == ("multi_label", False)
    assert torch.equal(loaded.fc.weight, model.fc.weight)


def test_regression_gives_all_numbers_in_the_order_of_the_outputs():
    classifier = ImageClassifier(lively(num_classes=7, task="regression"), device="cpu")
    found = classifier(IMAGE, top_k=1)
    assert [prediction.index for prediction in found] == list(range(7))
    assert found[2].label == "value 2"


def test_several_labels_are_ranked_and_cut():
    classifier = ImageClassifier(lively(num_classes=7, task="multi_label"), device="cpu")
    found = classifier(IMAGE, top_k=3)
    assert [prediction.score for prediction in found] == sorted((one.score for one in found), reverse=True)
    assert (len(found), found[0].label) == (3, f"class {found[0].index}")


def test_numbers_keep_their_digits_under_bfloat16():
    model = lively(num_classes=1, task="regression")
    with torch.no_grad():
        model.fc.weight.mul_(0.01)
        model.fc.bias.fill_(1205.5)
    exact, fast = (ImageClassifier(model, device="cpu", precision=name)(IMAGE)[0].score for name in ("fp32", "bf16"))
    assert fast == pytest.approx(exact, abs=0.3)


@pytest.mark.parametrize(("task", "label"), [("single_label", "tench"), ("multi_label", "class 0")])
def test_a_thousand_outputs_are_imagenet_where_one_class_is_right(task, label):
    assert ImageClassifier(create_model("test_resnet", task=task), device="cpu").label_names[0] == label

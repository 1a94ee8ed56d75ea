"""The checkpoint that comes with the package: how good it is, what it says of itself, and that it travels along."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from huggingface_hub import ModelCard
from PIL import Image

from resnet_hub import ImageClassifier, ResNet
from resnet_hub.checkpoint.bundled import BUNDLED, bundled_checkpoint
from resnet_hub.preprocessing.pixels import normalize

REPOSITORY = Path(__file__).resolve().parents[2]
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
# Right answers among 1,000 images: 898 of those without loss and 870 of the lossy ones when it was made.
LEAST = {"lossless": 890, "lossy": 862}


@pytest.fixture(scope="module")
def cifar10(data_folder):
    """Kind -> the first 1,000 test images of CIFAR-10, uint8 (N, 3, 32, 32), and their classes."""
    from datasets import load_dataset

    with np.load(data_folder / "cifar10_lossless_test1000.npz") as file:
        found = {"lossless": (file["images"], file["labels"])}
    rows = load_dataset(str(data_folder / "cifar10"), split="test[:1000]")
    found["lossy"] = (np.stack([np.asarray(image) for image in rows["img"]]), np.array(rows["label"]))
    return {kind: (torch.from_numpy(images).permute(0, 3, 1, 2), labels) for kind, (images, labels) in found.items()}


@pytest.mark.parametrize("kind", LEAST)
def test_it_is_as_right_as_its_card_says(cifar10, kind):
    images, labels = cifar10[kind]
    model = ResNet.from_pretrained(bundled_checkpoint())
    with torch.inference_mode():
        answers = model(normalize(images, model.preprocessing)).argmax(1).numpy()
    assert (answers == labels).sum() >= LEAST[kind]


def test_it_classifies_a_image_by_name(cifar10):
    images, labels = cifar10["lossless"]
    classifier = ImageClassifier.from_pretrained(str(bundled_checkpoint()))
    image = Image.fromarray(images[1].permute(1, 2, 0).numpy())
    best = classifier(image, top_k=1)[0]
    assert best.label == CLASSES[labels[1]] == "ship"
    assert classifier.model.label_names == CLASSES


def test_its_card_states_license_and_measured_accuracy():
    card = ModelCard.load(BUNDLED / "README.md")
    metrics = ResNet.from_pretrained(BUNDLED).metadata.metrics
    results = {result.metric_type: result.metric_value for result in card.data.eval_results}
    assert (card.data.license, results["accuracy"]) == ("apache-2.0", metrics["top1"])
    assert f"{metrics['top1']:.2%}".replace("%", " %") in card.text
    assert "89.8 % of the first 1,000" in card.text


def test_the_folder_holds_a_checkpoint_and_nothing_of_the_machine_it_was_made_on():
    assert {file.name for file in BUNDLED.iterdir()} == {"README.md", "config.json", "model.safetensors"}
    told = "".join((BUNDLED / name).read_text("utf-8") for name in ("README.md", "config.json"))
    assert not [part for part in ("/root", "/tmp", "/home", "/work") if part in told]


def test_it_travels_in_the_wheel(tmp_path):
    source, installed = tmp_path / "source", tmp_path / "installed"
    shutil.copytree(REPOSITORY / "resnet_hub", source / "resnet_hub", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "requirements.txt", "LICENSE"):
        shutil.copy(REPOSITORY / name, source)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--skip-dependency-check"]
    subprocess.run([*build, "--outdir", str(tmp_path), str(source)], check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        wheel.extractall(installed)
    program = (
        "from resnet_hub import ResNet; from resnet_hub.checkpoint.bundled import bundled_checkpoint as found;"
        "print(ResNet.from_pretrained(found()).label_names[3], found())"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(installed)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert run.stdout.split() == ["cat", str(installed / "resnet_hub" / "pretrained" / "cifar_resnet20")]

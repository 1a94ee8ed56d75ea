"""Compares the logits of Keras's own residual networks, random statistics and all, with what is read of its files.

    KERAS_BACKEND=torch python tests/keras_parity.py [ResNet50 ResNet50V2 ...]

Keras is no dependency of the project: `pip install keras h5py` into an environment of its own, beside the project.
"""

import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
import torch

from resnet_hub import AutoResNet

NETWORKS = ("ResNet50", "ResNet101", "ResNet152", "ResNet50V2", "ResNet101V2", "ResNet152V2")
ENDINGS = (".h5", ".weights.h5", ".keras")
SIDE = 75


def randomize(model):
    """Gives every weight a value that shows where it goes."""
    random = np.random.default_rng(0)
    for weight in model.weights:
        values = random.standard_normal(weight.shape)
        if weight.path.endswith("moving_variance") or weight.path.endswith("gamma"):
            values = 0.5 + 1 / (1 + np.exp(-values))
        elif len(weight.shape) > 1:
            values = values / np.sqrt(np.prod(weight.shape[:-1]))
        else:
            values = values * 0.1
        weight.assign(values.astype("float32"))


def networks(name):
    """The forms in which people save one: with its own head, without, and with theirs around it."""
    build = getattr(keras.applications, name)
    yield "top", build(weights=None, classes=5, input_shape=(SIDE, SIDE, 3))
    yield "no top", build(weights=None, include_top=False, pooling="avg", input_shape=(SIDE, SIDE, 3))
    inputs = keras.Input((SIDE, SIDE, 3))
    base = build(weights=None, include_top=False, input_shape=(SIDE, SIDE, 3))
    features = keras.layers.GlobalAveragePooling2D()(base(inputs, training=False))
    yield (
        "nested",
        keras.Model(inputs, keras.layers.Dense(4, activation="softmax")(keras.layers.Dropout(0.2)(features))),
    )


def expected(model, name, images):
    """Keras's logits of images of 0 to 255, prepared as Keras documents it."""
    module = keras.applications.resnet_v2 if name.endswith("V2") else keras.applications.resnet
    if getattr(model.layers[-1], "activation", None) is not None:
        model.layers[-1].activation = keras.activations.linear
    return keras.ops.convert_to_numpy(model(module.preprocess_input(images.copy()), training=False))


def ours(file, images):
    """The logits of the same images by the network that is read of a file."""
    model = AutoResNet.from_pretrained(file)
    mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (model.preprocessing.mean, model.preprocessing.std))
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2) / 255
    with torch.inference_mode():
        return model((pixels - mean) / std).numpy()


def main(names):
    """Returns how many forms differ by more than a hundred thousandth of the largest logit."""
    images = np.random.default_rng(1).integers(0, 256, (2, SIDE, SIDE, 3)).astype("float32")
    wrong = 0
    for name in names or NETWORKS:
        for form, model in networks(name):
            randomize(model)
            with tempfile.TemporaryDirectory() as folder:
                for ending in ENDINGS:
                    save = model.save_weights if ending == ".weights.h5" else model.save
                    save(Path(folder) / f"net{ending}")
                logits = expected(model, name, images)
                for ending in ENDINGS:
                    error = np.abs(ours(Path(folder) / f"net{ending}", images) - logits).max() / np.abs(logits).max()
                    wrong += error > 1e-5
                    sys.stdout.write(f"{name:12} {form:8} {ending:12} {error:.1e}\n")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

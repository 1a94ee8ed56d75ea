"""Compares the logits of Keras's own residual networks, random statistics and all, with what is read of its files.

    KERAS_BACKEND=torch python tests/keras_parity.py [--all] [ResNet50 ResNet50V2 ...]

The smallest network of each kind is compared in every form and file. The deeper ones repeat its layers, so each is
compared once as .h5 and once as .keras, with its own head; `--all` compares every form of them too.
Keras is no dependency of the project: `pip install keras h5py` into an environment of its own, beside the project.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
import torch

from resnet_hub import AutoResNet

NETWORKS = ("ResNet50", "ResNet101", "ResNet152", "ResNet50V2", "ResNet101V2", "ResNet152V2")
ENDINGS = (".h5", ".weights.h5", ".keras")
SMALLEST = ("ResNet50", "ResNet50V2")
SIDE = 75
"""Height and width of the images of these, in pixels: odd, as padding shows best."""
DEEPER_SIDE = 45
"""The same of the deeper networks, whose last stage sees 2 x 2 places of it."""


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


def networks(name, side, *, only_top):
    """The forms in which people save one: with its own head, without, and with theirs around it."""
    build = getattr(keras.applications, name)
    yield "top", build(weights=None, classes=5, input_shape=(side, side, 3))
    if only_top:
        return
    yield "no top", build(weights=None, include_top=False, pooling="avg", input_shape=(side, side, 3))
    inputs = keras.Input((side, side, 3))
    base = build(weights=None, include_top=False, input_shape=(side, side, 3))
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


def compare(name, *, every_form):
    """Prints how far each form of a network is off; returns how many are by more than 1e-5 of the largest logit."""
    side, endings = (SIDE, ENDINGS) if every_form else (DEEPER_SIDE, (".h5", ".keras"))
    images = np.random.default_rng(1).integers(0, 256, (2, side, side, 3)).astype("float32")
    wrong = 0
    for form, model in networks(name, side, only_top=not every_form):
        randomize(model)
        with tempfile.TemporaryDirectory() as folder:
            for ending in endings:
                save = model.save_weights if ending == ".weights.h5" else model.save
                save(Path(folder) / f"net{ending}")
            logits = expected(model, name, images)
            for ending in endings:
                error = np.abs(ours(Path(folder) / f"net{ending}", images) - logits).max() / np.abs(logits).max()
                wrong += error > 1e-5
                sys.stdout.write(f"{name:12} {form:8} {ending:12} {error:.1e}\n")
                sys.stdout.flush()
    return int(wrong)


def main(arguments):
    """Returns how many forms are off."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NETWORK", default=NETWORKS, help=", ".join(NETWORKS))
    parser.add_argument("--all", action="store_true", help="every form of the deeper networks too")
    given = parser.parse_args(arguments)
    if unknown := set(given.names) - set(NETWORKS):
        parser.error(f"no such network: {', '.join(sorted(unknown))}")
    torch.set_num_threads(1)  # more wait for each other where other work keeps the processors busy
    started, wrong = time.process_time(), 0
    for name in given.names:
        wrong += compare(name, every_form=given.all or name in SMALLEST)
    sys.stdout.write(f"{wrong} are off; {time.process_time() - started:.0f} s of a processor\n")
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

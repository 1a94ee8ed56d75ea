"""Keras's residual networks without Keras: their layers, what they compute, and the files that Keras writes of them.

The arithmetic is that of the definitions in keras.applications, with channels last, biases and explicit padding, and
shares nothing with the networks of the project; `tests/keras_parity.py` holds the project against Keras itself.
"""

import json
import zipfile

import h5py
import numpy as np
import torch
import torch.nn.functional as F

EPSILON = 1.001e-5
SIDE = 40


def convolution(layers, name, inputs, outputs, size, bias=True):
    layers[name] = [(size, size, inputs, outputs), *([(outputs,)] if bias else [])]


def norm(layers, name, width):
    layers[name] = [(width,)] * 4


def shapes(depths, widths, stem, classes, v2):
    """Layer -> the shapes of its variables, in the order in which Keras lists the layers."""
    layers = {}
    convolution(layers, "conv1_conv", 3, stem, 7)
    if not v2:
        norm(layers, "conv1_bn", stem)
    width_in = stem
    for stage, (depth, width) in enumerate(zip(depths, widths, strict=True), start=2):
        for block in range(1, depth + 1):
            name = f"conv{stage}_block{block}"
            if v2:
                norm(layers, f"{name}_preact_bn", width_in)
            convolution(layers, f"{name}_1_conv", width_in, width, 1, bias=not v2)
            norm(layers, f"{name}_1_bn", width)
            convolution(layers, f"{name}_2_conv", width, width, 3, bias=not v2)
            norm(layers, f"{name}_2_bn", width)
            if block == 1:
                convolution(layers, f"{name}_0_conv", width_in, 4 * width, 1)
            convolution(layers, f"{name}_3_conv", width, 4 * width, 1)
            if block == 1 and not v2:
                norm(layers, f"{name}_0_bn", 4 * width)
            if not v2:
                norm(layers, f"{name}_3_bn", 4 * width)
            width_in = 4 * width
    if v2:
        norm(layers, "post_bn", width_in)
    if classes:
        layers["predictions"] = [(width_in, classes), (classes,)]
    return layers


def kinds(variables):
    if len(variables) == 4:
        return ("gamma", "beta", "moving_mean", "moving_variance")
    return ("kernel", "bias")[: len(variables)]


def network(depths=(2, 3), widths=(8, 12), stem=16, classes=3, v2=False):
    """Layer -> variable -> random numbers."""
    random = np.random.default_rng(0)
    found = {}
    for layer, variables in shapes(depths, widths, stem, classes, v2).items():
        found[layer] = {}
        for kind, shape in zip(kinds(variables), variables, strict=True):
            values = random.standard_normal(shape)
            if kind in ("gamma", "moving_variance"):
                values = 0.5 + 1 / (1 + np.exp(-values))
            else:
                values *= 0.1 if len(shape) == 1 else np.prod(shape[:-1]) ** -0.5
            found[layer][kind] = values.astype("float32")
    return found


class Reference:
    """What Keras computes of images (N, 3, H, W) of 0 to 255, in double precision."""

    def __init__(self, layers):
        self.layers = {
            layer: {kind: torch.from_numpy(values).double() for kind, values in variables.items()}
            for layer, variables in layers.items()
        }
        self.v2 = any("preact" in layer for layer in layers)
        names = [layer.split("_") for layer in layers if layer.count("_") == 3]
        self.depths = [
            max(int(block[5:]) for stage, block, *_ in names if stage == one) for one in sorted({n[0] for n in names})
        ]

    def conv(self, x, name, stride=1, padding=0):
        layer = self.layers[name]
        return F.conv2d(F.pad(x, (padding,) * 4), layer["kernel"].permute(3, 2, 0, 1), layer.get("bias"), stride)

    def norm(self, x, name, active=True):
        gamma, beta, mean, variance = (values.view(-1, 1, 1) for values in self.layers[name].values())
        x = gamma * (x - mean) / (variance + EPSILON).sqrt() + beta
        return x.clamp(min=0) if active else x

    def block_v1(self, x, name, stride, first):
        shortcut = self.norm(self.conv(x, f"{name}_0_conv", stride), f"{name}_0_bn", active=False) if first else x
        x = self.norm(self.conv(x, f"{name}_1_conv", stride), f"{name}_1_bn")
        x = self.norm(self.conv(x, f"{name}_2_conv", padding=1), f"{name}_2_bn")
        return (shortcut + self.norm(self.conv(x, f"{name}_3_conv"), f"{name}_3_bn", active=False)).clamp(min=0)

    def block_v2(self, x, name, stride, first):
        active = self.norm(x, f"{name}_preact_bn")
        shortcut = self.conv(active, f"{name}_0_conv", stride) if first else x[:, :, ::stride, ::stride]
        x = self.norm(self.conv(active, f"{name}_1_conv"), f"{name}_1_bn")
        x = self.norm(self.conv(x, f"{name}_2_conv", stride, padding=1), f"{name}_2_bn")
        return shortcut + self.conv(x, f"{name}_3_conv")

    def features(self, images):
        means = torch.tensor([103.939, 116.779, 123.68], dtype=torch.float64).view(-1, 1, 1)
        x = images / 127.5 - 1 if self.v2 else images.flip(1) - means
        x = self.conv(x, "conv1_conv", 2, padding=3)
        x = F.max_pool2d(F.pad(x if self.v2 else self.norm(x, "conv1_bn"), (1,) * 4), 3, 2)
        for stage, depth in enumerate(self.depths):
            for block in range(depth):
                last_stage = stage == len(self.depths) - 1
                strides = (block == depth - 1 and not last_stage) if self.v2 else (block == 0 and stage > 0)
                run = self.block_v2 if self.v2 else self.block_v1
                x = run(x, f"conv{stage + 2}_block{block + 1}", 2 if strides else 1, block == 0)
        return (self.norm(x, "post_bn") if self.v2 else x).mean((2, 3))

    def __call__(self, images):
        x = self.features(images.double())
        head = self.layers.get("predictions") or self.layers.get("dense")
        return x if head is None else x @ head["kernel"] + head["bias"]


def config(layers, classes="softmax", *extra):
    """The model's own config, as far as it is read."""
    listed = [{"class_name": "InputLayer", "config": {"name": "input", "batch_shape": [None, SIDE, SIDE, 3]}}, *extra]
    for layer, variables in layers.items():
        kind = {4: "BatchNormalization"}.get(len(variables), "Dense" if layer in ("predictions", "dense") else "Conv2D")
        settings = {"name": layer, **({"epsilon": EPSILON} if len(variables) == 4 else {})}
        listed.append(
            {"class_name": kind, "config": {**settings, **({"activation": classes} if kind == "Dense" else {})}}
        )
    return {"class_name": "Functional", "config": {"name": "net", "layers": listed}}


def write_legacy(file, layers, *, nested="", suffix=":0", settings=None):
    """`model.save("net.h5")` and `save_weights` of Keras 2: a group for each layer, names with ":0"."""
    with h5py.File(file, "w") as opened:
        root = opened
        if settings is not None:
            opened.attrs["model_config"] = json.dumps(settings)
            root = opened.create_group("model_weights")
            opened["optimizer_weights/iteration"] = 7
        for layer, variables in layers.items():
            inside = f"{nested}/{layer}" if nested and layer not in ("predictions", "dense") else f"{layer}/{layer}"
            for kind, values in variables.items():
                root[f"{inside}/{kind}{suffix}"] = values
    return file


def write_numbered(file, layers, *, named=True, inside="layers", **options):
    """`save_weights("net.weights.h5")` of Keras 3: numbers for names, which later versions put beside."""
    counts = {}
    with h5py.File(file, "w", **options) as opened:
        for layer, variables in layers.items():
            kind = {4: "batch_normalization"}.get(len(variables))
            kind = kind or ("dense" if next(iter(variables.values())).ndim == 2 else "conv2d")
            number = counts[kind] = counts.get(kind, -1) + 1
            place = ("layers" if kind == "dense" else inside) + f"/{kind}" + (f"_{number}" if number else "")
            group = opened.create_group(f"{place}/vars")
            if named:
                group.attrs["name"] = layer
            for index, values in enumerate(variables.values()):
                group[str(index)] = values
        opened["optimizer/vars/0"] = np.int64(7)
        opened["layers/dropout/seed_generator/vars/0"] = np.array([1, 2], "uint32")
    return file


def write_keras(file, layers, settings=None, **options):
    """`model.save("net.keras")`: a zip of the config and the numbered weights."""
    inner = write_numbered(file.with_suffix(".inner"), layers, **options)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", json.dumps(config(layers) if settings is None else settings))
        archive.write(inner, "model.weights.h5")
    inner.unlink()
    return file

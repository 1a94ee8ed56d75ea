"""Networks to be explained: random ones in which every layer does something, and one that learned where to look."""

from functools import cache

import numpy as np
import torch
from PIL import Image
from random_weights import lively
from shared_weights import trained_once

from resnet_hub import ResNet, create_model
from resnet_hub.classifier import ImageClassifier
from resnet_hub.explain.saliency.heat_maps import HeatMap
from resnet_hub.preprocessing.pixels import normalize, to_pixels

COLORS = ((190, 20, 40), (20, 60, 200))
MEAN = (124, 116, 104)
"""The color that covers a patch."""

# Every kind of head, block, channels and last feature map that an explanation meets.
NETWORKS = {
    "basic blocks": ("cifar_resnet20", {}),
    "bottlenecks": ("test_resnet", {}),
    "attention": ("seresnet18", {}),
    "pre-activation": ("resnetv2_18", {}),
    "as BiT": ("resnetv2_18", {"conv_layer": "std_conv2d", "norm_layer": "groupnorm"}),
    "gray": ("cifar_resnet20", {"in_chans": 1}),
    "transparency": ("cifar_resnet20", {"in_chans": 4}),
    "several labels": ("cifar_resnet20", {"task": "multi_label"}),
    "learned gain": ("cifar_resnet20_gain", {}),
}

RIGID = ("test_resnet", {"shortcut": "none", "zero_init_last": False, "block": "bottleneck", "depths": (1, 1, 1, 1)})
"""A network none of whose blocks can be passed over: each changes the shape, and nothing goes around it."""


def lively_classifier(name="cifar_resnet20", **options):
    """A classifier of five classes on the CPU with random weights."""
    model = lively(name, **{"num_classes": 5, **options})
    return ImageClassifier(model, device="cpu")


def noise(classifier, size=None, seed=0):
    """Random pixels (C, H, W) that its network could have seen; of at most 64 x 64, to be quick."""
    channels, height, width = classifier.preprocessing.input_size
    height, width = size or (min(height, 64), min(width, 64))
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (channels, height, width), dtype=torch.uint8, generator=generator)


def heat_map_of(values, **options):
    """A heat map of these values."""
    return HeatMap(np.asarray(values, dtype=np.float32), 0, "red", 0.5, "hires-cam", **options)


def square(color, left, top, side=12):
    """An image of 32 x 32 pixels with one square of the color on the mean color."""
    image = Image.new("RGB", (32, 32), MEAN)
    image.paste(color, (left, top, left + side, top + side))
    return image


@cache
def square_classifier(labels=("red", "blue")):
    """A classifier that really learned whether an image shows a red square or a blue one; it takes two seconds."""
    model = ResNet(create_model("cifar_resnet20", num_classes=2).config, label_names=labels)
    model.load_state_dict(trained_once("squares", train))
    return ImageClassifier(model, device="cpu")


def train():
    places = np.random.default_rng(0).integers(0, 21, (60, 2))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = ResNet(create_model("cifar_resnet20", num_classes=2).config)
        pixels = [to_pixels(square(COLORS[row % 2], *place), model.preprocessing) for row, place in enumerate(places)]
        images, targets = normalize(torch.stack(pixels), model.preprocessing), torch.arange(60) % 2
        optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
        for _ in range(25):
            loss = torch.nn.functional.cross_entropy(model(images), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model.state_dict()

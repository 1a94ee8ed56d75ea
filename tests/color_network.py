"""A small network that really learned to tell three colors apart, two of them under hostile names."""

from functools import cache

import torch
from PIL import Image
from shared_weights import trained_once

from resnet_hub import ResNet, create_model
from resnet_hub.preprocessing.pixels import normalize, to_pixels

MARKUP = "<img src=x onerror=alert(1)>"
TEMPLATE = "${alert(2)} {{value}} **`b`** & co"
LABELS = ("crimson", MARKUP, TEMPLATE)
COLORS = ((190, 20, 40), (20, 60, 200), (30, 170, 60))


def solid(color):
    """An image of one color."""
    return Image.new("RGB", (48, 40), color)


@cache
def learned():
    """The weights, which take a second or two to train."""
    return trained_once("colors", train)


def train():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = ResNet(create_model("cifar_resnet20", num_classes=3).config)
        pixels = torch.stack([to_pixels(solid(color), model.preprocessing) for color in COLORS for _ in range(8)])
        targets = torch.arange(3).repeat_interleave(8)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
        for _ in range(25):
            noisy = (pixels + torch.randint(-20, 21, pixels.shape)).clamp(0, 255).to(torch.uint8)
            loss = torch.nn.functional.cross_entropy(model(normalize(noisy, model.preprocessing)), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model.state_dict()


def save_color_network(folder, labels=LABELS):
    """Saves the network as a checkpoint, with an image of each color in `examples/`; a page opens with the first."""
    model = ResNet(create_model("cifar_resnet20", num_classes=3).config, label_names=labels)
    model.load_state_dict(learned())
    model.eval().save_pretrained(folder)
    (folder / "examples").mkdir()
    for name, color in (("a.png", COLORS[2]), ("b.png", COLORS[0]), ("c.png", COLORS[1])):
        solid(color).save(folder / "examples" / name)

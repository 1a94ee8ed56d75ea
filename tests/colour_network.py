"""A small network that really learned to tell three colours apart, two of them under hostile names."""

import torch
from PIL import Image

from resnet_hub import ResNet, create_model
from resnet_hub.preprocessing import normalise, to_pixels

MARKUP = "<img src=x onerror=alert(1)>"
TEMPLATE = "${alert(2)} {{value}} **`b`** & co"
LABELS = ("crimson", MARKUP, TEMPLATE)
COLOURS = ((190, 20, 40), (20, 60, 200), (30, 170, 60))


def solid(colour):
    """A picture of one colour."""
    return Image.new("RGB", (48, 40), colour)


def save_colour_network(folder, labels=LABELS):
    """Trains for a second or two; the checkpoint in `folder` gets two pictures in `examples/`."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = ResNet(create_model("cifar_resnet20", num_classes=3).config, label_names=labels)
        pixels = torch.stack([to_pixels(solid(colour), model.preprocessing) for colour in COLOURS for _ in range(8)])
        targets = torch.arange(3).repeat_interleave(8)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
        for _ in range(25):
            noisy = (pixels + torch.randint(-20, 21, pixels.shape)).clamp(0, 255).to(torch.uint8)
            loss = torch.nn.functional.cross_entropy(model(normalise(noisy, model.preprocessing)), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    model.eval().save_pretrained(folder)
    (folder / "examples").mkdir()
    for name, colour in (("a.png", COLOURS[0]), ("b.png", COLOURS[1])):
        solid(colour).save(folder / "examples" / name)

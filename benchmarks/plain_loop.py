"""What a person gets from the loop of PyTorch's transfer-learning tutorial, on torchvision's ResNet-18 -> errors.

`python -m benchmarks.plain_loop DATASET MODEL SIDE EPOCHS SEED` prints one line of JSON for benchmarks.time_to_network.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
import torchvision
from datasets import ClassLabel, Image
from PIL import Image as Pillow
from safetensors.torch import load_file
from torch.utils.data import DataLoader
from torchvision.transforms import v2

from training.data.load_dataset import load_splits

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
BATCH, WORKERS, RATE, MOMENTUM = 4, 2, 1e-3, 0.9
"""The tutorial's own."""


class Images(torch.utils.data.Dataset[tuple[torch.Tensor, int]]):
    """The rows of a split through a transform."""

    def __init__(self, rows: Any, image: str, label: str, view: Any) -> None:
        self.rows, self.image, self.label, self.view = rows.cast_column(image, Image(decode=False)), image, label, view

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        row = self.rows[index]
        source = row[self.image]
        opened = Pillow.open(io.BytesIO(source["bytes"]) if source["bytes"] else source["path"])
        return self.view(opened.convert("RGB")), row[self.label]


def main() -> None:
    """Trains once, saves, and measures on the test split, or on the validation split where there is none."""
    dataset, model = sys.argv[1:3]
    side, epochs, seed = map(int, sys.argv[3:6])
    torch.manual_seed(seed)
    tables = load_splits(dataset)
    held_out = next(name for name in ("test", "validation") if name in tables)
    features = tables["train"].features
    image = next(name for name, feature in features.items() if isinstance(feature, Image))
    label = next(name for name, feature in features.items() if isinstance(feature, ClassLabel))
    finish = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)]
    varied = v2.Compose([v2.RandomResizedCrop(side), v2.RandomHorizontalFlip(), *finish])
    plain = v2.Compose([v2.Resize(round(side / 0.875)), v2.CenterCrop(side), *finish])
    train = DataLoader(Images(tables["train"], image, label, varied), BATCH, shuffle=True, num_workers=WORKERS)
    test = DataLoader(Images(tables[held_out], image, label, plain), BATCH, num_workers=WORKERS)

    network = torchvision.models.resnet18()
    network.load_state_dict(load_file(Path(model) / "model.safetensors"))
    network.fc = torch.nn.Linear(network.fc.in_features, features[label].num_classes)
    network.float()
    optimizer = torch.optim.SGD(network.parameters(), lr=RATE, momentum=MOMENTUM)
    for _ in range(epochs):
        network.train()
        for inputs, targets in train:
            loss = torch.nn.functional.cross_entropy(network(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with tempfile.TemporaryDirectory() as folder:
        torch.save(network.state_dict(), Path(folder) / "network.pt")
    network.eval()
    with torch.no_grad():
        right = sum(int((network(inputs).argmax(1) == targets).sum()) for inputs, targets in test)
    print(json.dumps({"split": held_out, "images": len(test.dataset), "error": 1 - right / len(test.dataset)}))


if __name__ == "__main__":
    main()

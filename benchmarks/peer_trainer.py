"""What a person gets from transformers' Trainer as it comes: its defaults, random crops and mirroring -> errors.

`python -m benchmarks.peer_trainer DATASET MODEL SIDE EPOCHS SEED [SETTINGS]` prints one line of JSON for
benchmarks.quality and benchmarks.time_to_network; SETTINGS is JSON of what is set beside the Trainer's defaults.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import ClassLabel, Dataset, Image
from torchvision.transforms import v2
from transformers import AutoModelForImageClassification, Trainer, TrainingArguments, set_seed

from resnet_hub import ResNet
from training.data.load_dataset import load_splits


def main() -> None:
    """Trains once and measures the last epoch on the test split, or on the validation split where there is none."""
    dataset, model = sys.argv[1:3]
    side, epochs, seed = map(int, sys.argv[3:6])
    given = json.loads(sys.argv[6]) if len(sys.argv) > 6 else {}
    set_seed(seed)  # the examples do so before they make the network, whose head is random
    tables = load_splits(dataset)
    held_out = next(name for name in ("test", "validation") if name in tables)
    features = tables["train"].features
    image = next(name for name, feature in features.items() if isinstance(feature, Image))
    label = next(name for name, feature in features.items() if isinstance(feature, ClassLabel))
    preprocessing = ResNet.from_pretrained(model).preprocessing
    finish = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(preprocessing.mean, preprocessing.std)]
    views = {
        "train": v2.Compose([v2.RandomResizedCrop(side), v2.RandomHorizontalFlip(), *finish]),
        held_out: v2.Compose([v2.Resize(round(side / preprocessing.crop_pct)), v2.CenterCrop(side), *finish]),
    }

    def prepared(split: str) -> Dataset:
        rows = tables[split].select_columns([image, label]).rename_column(label, "labels")
        return rows.with_transform(lambda batch: _views(batch, image, views[split]))

    network = AutoModelForImageClassification.from_pretrained(
        model, num_labels=features[label].num_classes, ignore_mismatched_sizes=True
    )
    with tempfile.TemporaryDirectory() as folder:
        settings = TrainingArguments(
            output_dir=str(Path(folder)),
            num_train_epochs=epochs,
            seed=seed,
            remove_unused_columns=False,  # the examples' own setting: the image column is named by nobody's forward
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            **given,
        )
        trainer = Trainer(model=network, args=settings, train_dataset=prepared("train"), data_collator=_collate)
        trainer.train()
        answers = trainer.predict(prepared(held_out))
    right = np.argmax(answers.predictions, 1) == answers.label_ids
    print(json.dumps({"split": held_out, "images": len(right), "error": 1 - float(right.mean())}))


def _views(batch: dict[str, Any], image: str, view: Any) -> dict[str, Any]:
    return {"pixel_values": [view(one.convert("RGB")) for one in batch[image]], "labels": batch["labels"]}


def _collate(rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
    return {
        "pixel_values": torch.stack([row["pixel_values"] for row in rows]),
        "labels": torch.tensor([row["labels"] for row in rows]),
    }


if __name__ == "__main__":
    main()

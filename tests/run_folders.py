"""What a run leaves beside its checkpoint, made up: figures, curves, a confusion matrix and held-out images."""

import json
import tempfile
from pathlib import Path

from PIL import Image

from resnet_hub.csv_table import csv_text


def results(counts, **values):
    """A results.json of a run with this confusion matrix."""
    total, right = sum(map(sum, counts)), sum(row[place] for place, row in enumerate(counts))
    per_class = []
    for place, row in enumerate(counts):
        named = sum(other[place] for other in counts)
        recall, precision = row[place] / max(1, sum(row)), row[place] / max(1, named)
        f1 = 2 * row[place] / max(1, sum(row) + named)
        per_class.append({"label": "?", "precision": precision, "recall": recall, "f1": f1, "images": sum(row)})
    return {
        "best_epoch": 2,
        "validation": {"top1": right / total, "loss": 0.5},
        "intervals": {"level": 0.95, "top1": [max(0, right / total - 0.1), min(1, right / total + 0.1)]},
        "per_class": per_class,
        "seconds": 90.0,
        "run": {
            "recipe": {"epochs": 3, "model": "timm/resnet18.a1_in1k"},
            "changed": {"dataset": "insects", "epochs": 3, "mixup": 0.2},
            "dataset": {"name": "insects", "images": {"train": 40, "validation": total, "test": 0}},
        },
        **values,
    }


def save_run(folder, names, counts, images=()):
    """Writes a run with these class names, this confusion matrix, and images as (color, true, answer, score)."""
    folder.mkdir(exist_ok=True)
    (folder / "results.json").write_text(json.dumps(results(counts)))
    rows = [{"epoch": n, "train_loss": 1 / n, "val_loss": 1.2 / n, "val_top1": 1 - 0.4 / n} for n in (1, 2, 3)]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    matrix = csv_text(("true", *names), [(name, *row) for name, row in zip(names, counts, strict=True)])
    (folder / "confusion.csv").write_text(matrix, "utf-8", newline="")
    (folder / "held_out").mkdir(exist_ok=True)
    index = []
    for place, (color, true, answer, score) in enumerate(images):
        Image.new("RGB", (48, 40), color).save(folder / "held_out" / f"{place}.webp", lossless=True)
        index.append({"file": f"{place}.webp", "truth": [true], "answer": [answer], "score": score})
    written = {"format": 1, "split": "validation", "images": index}
    (folder / "held_out" / "images.json").write_text(json.dumps(written))
    return folder


def read_as_run(content):
    """Reads a run folder whose files all hold this text."""
    from resnet_hub.demo.run_report import read_run

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "held_out").mkdir()
        for name in ("results.json", "metrics.jsonl", "confusion.csv", "held_out/images.json"):
            (Path(folder) / name).write_bytes(content.encode("utf-8", "surrogatepass"))
        for error in read_run(Path(folder), 2).faults.values():
            error.sentence("zh-CN")

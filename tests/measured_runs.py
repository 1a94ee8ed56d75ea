"""Runs of each task that are measured again, with their datasets: class folders, a parquet file, three splits."""

import json
from importlib import import_module

import pytest
from images import COLORS, class_folders, hash_free, image

TASKS = {
    "single_label": lambda label, number: label,
    "multi_label": lambda label, number: [label] if number % 2 else [label, "even"],
    "regression": lambda label, number: 1000.0 + COLORS[label][0] + 0.5,  # far from 0: what folding the scale is for
}


# Imported late, because every test process reads this file: torch, datasets and accelerate.
def run(name, *flags):
    """Runs the entry `training.<name>` in this process, as in a new one."""
    from launching import forget_accelerator

    forget_accelerator()
    assert import_module(f"training.{name}").main([str(flag) for flag in flags]) == 0


def images_with_targets(folder, task, count=12, splits=("train", "validation")):
    """Parquet with splits of small images."""
    from datasets import Dataset, Features, Image, List, Value

    text, number = Value("string"), Value("float32")
    targets = {"single_label": text, "multi_label": List(text), "regression": number}[task]
    for start, split in enumerate(splits):
        start *= 100
        rows = [(label, number) for label in COLORS for number in range(start, start + count)]
        columns = {
            "image": [image(label, hash_free(label, number), (16, 16)) for label, number in rows],
            "label": [TASKS[task](*row) for row in rows],
        }
        (folder / "data").mkdir(parents=True, exist_ok=True)
        table = Dataset.from_dict(columns, Features({"image": Image(), "label": targets}))
        table.to_parquet(folder / "data" / f"{split}-00000-of-00001.parquet")
    return folder


def dataset_of(folder, task):
    """Plain class folders and a parquet file, of which validation is cut; and parquet with all three splits."""
    if task == "single_label":
        return class_folders(folder, dict.fromkeys(COLORS, 24))
    return images_with_targets(
        folder, task, splits=("train", "validation", "test") if task == "multi_label" else ("train",)
    )


@pytest.fixture(scope="module", params=TASKS)
def finished(request, finished_run):
    """A short run of each task with everything on, the average, the calibration: the task, the dataset, the run."""
    folder, _ = finished_run(request.param, lambda place: trained(place, request.param))
    return request.param, folder / "data", folder / "run"


def trained(folder, task):
    from launching import FROM_SCRATCH, leave_figures_blank

    data = dataset_of(folder / "data", task)
    flags = ["--dataset", data, *FROM_SCRATCH, "--epochs", 8, "--lr", 0.02, "--batch-size", 6, "--workers", 0]
    flags += ["--image-size", 16]
    flags += ["--ema-decay", 0.9, "--min-crop-area", 0.9, "--precision", "no", "--output", folder / "run"]
    with pytest.MonkeyPatch.context() as patch:
        leave_figures_blank(patch)
        run("finetune", *flags, *([] if task == "regression" else ["--calibrate"]))


def measured(capsys, data, model, *flags):
    run("evaluate", "--model", model, "--dataset", data, "--json", "--workers", 0, "--precision", "no", *flags)
    return json.loads(capsys.readouterr().out)


def results(folder):
    return json.loads((folder / "results.json").read_text())

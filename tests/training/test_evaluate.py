"""Measuring again what training measured: each task, each set of weights, any batch size, calibrated or not."""

import json
import os
import signal
from pathlib import Path

import pytest
import torch
from images import image
from launching import FROM_SCRATCH, forget_accelerator
from measured_runs import images_with_targets, measured, results
from safetensors.torch import load_file

from resnet_hub import ImageClassifier, ResNet
from resnet_hub.metadata import CheckpointMetadata
from training import evaluate, finetune
from training.loop import evaluation
from training.measurement import measuring
from training.settings.groups.evaluation import EvaluationSettings

RED = image("red", 5, (16, 16))
QUALITY = {"single_label": "top1", "multi_label": "map", "regression": "r2"}


pytestmark = pytest.mark.usefixtures("new_process", "blank_figures")


def test_each_task_is_learned(finished):
    task, _, folder = finished
    assert results(folder)["validation"][QUALITY[task]] > 0.7
    assert ResNet.from_pretrained(folder).config.task == task


def test_measuring_again_gives_exactly_what_training_measured(finished, capsys):
    _, data, folder = finished
    found = measured(capsys, data, folder)  # in batches of 6, as in training
    expected = results(folder)
    assert {name: found[name] for name in expected["validation"]} == expected["validation"]
    assert found["seen"] == {"train": 0, "validation": found["images"], "test": 0, "new": 0}
    if "test" in expected:
        found = measured(capsys, data, folder, "--split", "test")
        assert {name: found[name] for name in expected["test"]} == expected["test"]
    assert found["intervals"] == expected["intervals"]


def test_figures_do_not_depend_on_the_batch_size(finished, capsys):
    _, data, folder = finished
    for size in (1, 7, 64):
        found = measured(capsys, data, folder, "--batch-size", size)
        for name, value in results(folder)["validation"].items():
            assert found[name] == pytest.approx(value, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize(
    ("details", "given", "expected"),
    [
        ({"recipe": {"batch_size": 8}}, None, 8),
        ({"recipe": {"batch_size": 8}}, 20, 20),
        ({"recipe": {"batch_size": 8}}, "auto", "auto"),
        ({"recipe": {"batch_size": 10**9}}, None, None),
        ({"recipe": {"batch_size": 0}}, None, None),
        ({"recipe": {"batch_size": "all"}}, None, None),
        ({"recipe": {"batch_size": True}}, None, None),
        ({"recipe": {"epochs": 3}}, None, None),
        ({"recipe": "strong"}, None, None),
        ({}, None, None),
    ],
    ids=str,
)
def test_the_batch_is_that_of_training_unless_one_is_given_or_it_cannot_be_meant(details, given, expected):
    settings = EvaluationSettings(dataset="d", model="m", batch_size=given)
    assert evaluate.as_trained(settings, CheckpointMetadata.from_json(details)).batch_size == expected


def test_every_figure_lies_in_its_interval(finished):
    _, _, folder = finished
    found = results(folder)
    for name, value in found["validation"].items():
        low, high = found["intervals"].get(name, (value, value))  # of perfect answers only shares have one
        assert low - 1e-9 <= value <= high + 0.05  # a calibration error is larger in samples than it is


@pytest.mark.parametrize("kind", ["last", "ema"])
def test_the_weights_of_a_run_are_chosen_by_name(finished, capsys, kind):
    _, data, folder = finished
    found = measured(capsys, data, folder, "--checkpoint", kind)
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    name = {"last": "val", "ema": "ema"}[kind]
    assert found["loss"] == pytest.approx(rows[-1][f"{name}_loss"], rel=1e-5)
    assert found["loss"] != measured(capsys, data, folder)["loss"] or torch.equal(
        load_file(folder / f"{kind}.safetensors")["fc.weight"], load_file(folder / "model.safetensors")["fc.weight"]
    )


def test_a_report_holds_the_figures_of_each_output_and_the_images(finished, capsys, tmp_path):
    task, data, folder = finished
    measured(capsys, data, folder, "--report", tmp_path / "report")
    names = {file.name for file in (tmp_path / "report").iterdir()}
    assert "results.json" in names
    assert ("confusion.png" in names) is (task == "single_label")
    assert [row["label"] for row in results(tmp_path / "report")["per_class"]] == [
        row["label"] for row in results(folder)["per_class"]
    ]


def test_the_temperature_travels_in_the_checkpoint_and_softens_served_scores(finished):
    task, _, folder = finished
    temperature = json.loads((folder / "config.json").read_text())["resnet_hub"].get("temperature")
    classifier, seen = ImageClassifier.from_pretrained(folder, device="cpu", backend="eager"), []
    assert classifier.temperature == temperature
    assert (temperature is None) is (task == "regression")
    classifier.model.register_forward_hook(lambda module, inputs, output: seen.append(output))
    found = {one.label: one.score for one in classifier(RED)}
    to_scores = {"single_label": lambda logits: logits.softmax(0), "multi_label": torch.sigmoid}.get(task, lambda x: x)
    assert [found[name] for name in classifier.label_names] == to_scores(seen[0][0] / (temperature or 1)).tolist()


def test_a_network_of_numbers_answers_in_the_units_of_the_targets(finished):
    task, _, folder = finished
    if task == "regression":
        answer = ImageClassifier.from_pretrained(folder)(RED)[0]
        assert (answer.label, abs(answer.score - 1200.5) < 60) == ("label", True)


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--checkpoint", "first"), "--checkpoint='first' is not known; choose one of 'best', 'last', 'ema'"),
        (("--checkpoint", "ema"), "--checkpoint ema is for the folder of a run with a file ema.safetensors, which"),
    ],
    ids=["unknown", "absent"],
)
def test_a_choice_of_weights_that_are_not_there_is_refused(capsys, tiny_checkpoint, tmp_path, flags, says):
    images_with_targets(tmp_path / "data", "single_label", 1)
    given = ("--model", tiny_checkpoint, "--dataset", tmp_path / "data", *flags)
    assert evaluate.main([str(flag) for flag in given]) == 2
    assert f"error: {says}" in capsys.readouterr().err


def test_calibrating_numbers_is_refused_before_training(capsys, tmp_path):
    data = images_with_targets(tmp_path / "data", "regression", 2)
    flags = ("--dataset", data, *FROM_SCRATCH, "--output", tmp_path / "run", "--calibrate")
    assert finetune.main([str(flag) for flag in flags]) == 2
    assert "error: --calibrate needs classes, but the targets are numbers; drop it" in capsys.readouterr().err


def test_weights_are_measured_where_matrix_products_add_as_in_training(finished):
    _, data, folder = finished
    model = evaluate.load_model(EvaluationSettings(model=str(folder), dataset=str(data)))
    assert not [name for name, tensor in model.state_dict().items() if tensor.data_ptr() % 64]


def test_an_interrupted_measurement_goes_on_with_the_same_command_and_finds_the_same(
    finished, capsys, tmp_path, monkeypatch
):
    _, data, folder = finished
    flags = ("--split", "train", "--batch-size", 2, "--report")
    whole = measured(capsys, data, folder, *flags, tmp_path / "whole")
    monkeypatch.setattr(measuring, "PART_ROWS", 4)
    prepared, batches = evaluation.prepare_batch, []

    def stop_in_the_fourth(*arguments):
        batches.append(1)
        if len(batches) == 4:
            os.kill(os.getpid(), signal.SIGTERM)
        return prepared(*arguments)

    monkeypatch.setattr(evaluation, "prepare_batch", stop_in_the_fourth)
    report = tmp_path / "report"
    given = ("--model", folder, "--dataset", data, "--workers", 0, "--precision", "no", *flags, report)
    forget_accelerator()
    assert evaluate.main([str(flag) for flag in given]) == 128 + signal.SIGTERM
    assert f"stopped; 4 of {whole['images']} images are kept in {report}.parts; the same" in capsys.readouterr().err
    assert not report.exists()
    assert measured(capsys, data, folder, *flags, report) == whole
    assert len(batches) == 4 + (whole["images"] - 4 + 1) // 2
    assert (report / "results.json").read_text() == (tmp_path / "whole" / "results.json").read_text()
    assert not Path(f"{report}.parts").exists()

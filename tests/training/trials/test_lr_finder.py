"""The learning-rate finder: a rate that trains, an image, and nothing kept."""

import numpy as np
import pytest
from learners import make_data, start
from PIL import Image

from training import finetune
from training.trials import lr_finder
from training.trials.lr_finder import RATES, UPDATES, LRSweep, SweepSchedule, sweep_lr


def test_the_suggestion_is_a_tenth_of_the_rate_with_the_least_loss():
    found = LRSweep(np.array([1e-3, 1e-2, 1e-1, 1.0]), np.array([1.0, 0.5, 0.2, 3.0]))
    assert (found.lowest, found.suggestion) == (0.1, pytest.approx(0.01))


def test_rates_rise_evenly_in_the_logarithm_from_the_first_to_the_last():
    rates = [SweepSchedule.rate(number) for number in range(UPDATES)]
    assert (rates[0], rates[-1]) == (RATES[0], pytest.approx(RATES[1]))
    assert np.ptp(np.diff(np.log(rates))) < 1e-9


def test_a_sweep_ends_when_the_loss_blows_up_and_goes_through_few_images_again(tmp_path):
    make_data(tmp_path, 10)
    learner, loaders = start(tmp_path, momentum=0.9, head_lr_factor=10.0)
    found = sweep_lr(learner, loaders["train"])
    assert 20 < len(found.rates) == len(found.losses) <= UPDATES
    assert learner.position.epoch > 5
    assert 1e-5 < found.suggestion < 1


def test_the_finder_leaves_an_image_and_no_run(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(lr_finder, "UPDATES", 20)
    make_data(tmp_path / "data", 5)
    flags = ["--dataset", tmp_path / "data", "--model", "cifar_resnet20", "--from-scratch", "--image-size", 16]
    flags += ["--workers", 0, "--threads", 1, "--precision", "no", "--output", tmp_path / "run", "--find-lr"]
    assert finetune.main([str(flag) for flag in flags]) == 0
    assert [file.name for file in (tmp_path / "run").iterdir()] == ["lr.png"]
    with Image.open(tmp_path / "run" / "lr.png") as image:
        assert image.width > 500
    suggested = float(capsys.readouterr().err.partition("try    --lr ")[2].split()[0])
    assert RATES[0] < suggested < RATES[1]

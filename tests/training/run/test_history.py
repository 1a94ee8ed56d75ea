"""What a run has found so far: the best epoch is known, and comes back from a file as it was."""

import numpy as np
import pytest
import torch

from resnet_hub.errors import TrainingError
from training.metrics.single_label import SingleLabelEvaluation
from training.run.history import Best, History
from training.run.serialization import newest_snapshot, write_snapshot


def evaluation(right, loss):
    labels = np.zeros(10, dtype=np.int64)
    predictions = np.where(np.arange(10) < right, 0, 1)
    return SingleLabelEvaluation(labels, np.full(10, loss), predictions, labels == 0, np.full(10, 0.5), 2)


def test_the_best_epoch_comes_back_from_a_file(tmp_path):
    best = Best(3, "ema", evaluation(8, 1 / 3), {"fc.bias": torch.rand(2)})
    write_snapshot(tmp_path, {"best": best.to_state()})
    found = Best.from_state(newest_snapshot(tmp_path).read("best"))
    assert (found.epoch, found.kind) == (3, "ema")
    assert found.evaluation.summary() == best.evaluation.summary()
    assert torch.equal(found.weights["fc.bias"], best.weights["fc.bias"])


@pytest.mark.parametrize(
    ("patience", "stuck"), [(None, False), (3, False), (2, True), (1, True)], ids=["never", "3", "2", "1"]
)
def test_a_run_is_stuck_when_no_epoch_within_its_patience_was_the_best(patience, stuck):
    history = History(Best(2, "val", evaluation(8, 1.0), {}), rows=[{}, {}, {}, {}])
    assert history.is_stuck(patience) is stuck


def test_without_an_epoch_none_is_the_best():
    assert not History().is_stuck(1)
    with pytest.raises(TrainingError, match="has measured no epoch yet"):
        _ = History().chosen


def test_the_time_before_an_interruption_counts():
    assert History(earlier=100.0).seconds >= 100

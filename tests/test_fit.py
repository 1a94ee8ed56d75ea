"""All epochs of a run: the best is kept."""

import numpy as np
import pytest

from training.fit import Best
from training.metrics import SingleLabelEvaluation


def evaluation(right, loss):
    labels = np.zeros(10, dtype=np.int64)
    predictions = np.where(np.arange(10) < right, 0, 1)
    return SingleLabelEvaluation(labels, np.full(10, loss), predictions, labels == 0, np.full(10, 0.5), 2)


@pytest.mark.parametrize(
    ("right", "loss", "beats"),
    [(9, 2.0, True), (8, 0.9, True), (8, 1.0, False), (7, 0.1, False)],
    ids=["more right", "equal, lower loss", "equal", "fewer right"],
)
def test_the_best_epoch_is_chosen_by_accuracy_then_by_loss(right, loss, beats):
    assert Best(1, "val", evaluation(8, 1.0), {}).is_beaten_by(evaluation(right, loss)) is beats

"""What takes part in a step, and how far the run is."""

import torch
from learners import make_data, start
from torch import nn

from training.loop import train_one_epoch


def test_the_position_counts_updates_batches_and_pictures(tmp_path):
    make_data(tmp_path)
    learner, loaders = start(tmp_path, accumulate=2)
    seen = []
    learner.after_update.append(lambda learner: seen.append((learner.position.steps, learner.position.batches)))
    train_one_epoch(learner, loaders["train"])
    assert seen == [(1, 2), (2, 4), (3, 5)]
    assert learner.position.totals[1] == 40
    learner.position.next_epoch()
    assert (learner.position.epoch, learner.position.batches, learner.position.steps) == (2, 0, 3)
    assert learner.position.totals.tolist() == [0, 0]


def test_the_objective_sees_what_the_views_made_of_a_batch(tmp_path):
    make_data(tmp_path)
    learner, loaders = start(tmp_path)
    learner.views = lambda inputs, labels, epoch, batch: (inputs * 0, nn.functional.one_hot(labels, 2).float())
    targets = []

    def objective(logits, wanted):
        targets.append(wanted)
        assert torch.allclose(logits, logits[:1])  # all pictures were made alike
        return nn.functional.cross_entropy(logits, wanted)

    learner.objective = objective
    train_one_epoch(learner, loaders["train"])
    assert targets[0].shape == (8, 2)

"""BatchNorm statistics taken anew: those of the images at their full size, and of nothing that is frozen."""

import pytest
import torch
from learners import make_data, start, state

from training.loading.augment import prepare_batch
from training.loop.epoch import train_one_epoch
from training.loop.recalibration import recalibrate


@pytest.fixture
def trained(tmp_path):
    make_data(tmp_path, 20)

    def train(**settings):
        learner, loaders = start(tmp_path, start_size=8, **settings)
        train_one_epoch(learner, loaders["train"])
        return learner, loaders

    return train


def test_the_first_norm_has_the_statistics_of_the_training_images(trained):
    learner, loaders = trained(ema_decay=0.5)
    recalibrate(learner, loaders["train"])
    inputs = [prepare_batch(pixels, learner.preprocessing) for pixels, _, _ in loaders["train"]]
    for network in (learner.network, learner.ema.network):
        with torch.no_grad():
            seen = [network.conv1(batch) for batch in inputs]
        means = torch.stack([batch.mean((0, 2, 3)) for batch in seen]).mean(0)
        assert torch.allclose(network.bn1.running_mean, means, atol=1e-5)
        assert network.bn1.momentum == 0.1


def test_the_weights_stay_and_so_do_the_statistics_of_what_is_frozen(trained):
    learner, loaders = trained(freeze="stem,layer1")
    before = state(learner)
    recalibrate(learner, loaders["train"])
    after = state(learner)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {
        name
        for name in before
        if name.endswith(("running_mean", "running_var")) and name.startswith(("layer2", "layer3"))
    } | {name for name in changed if name.endswith("num_batches_tracked") and name.startswith(("layer2", "layer3"))}


def test_taking_them_twice_gives_the_same(trained):
    learner, loaders = trained()
    recalibrate(learner, loaders["train"])
    first = state(learner)
    learner.start_epoch()
    recalibrate(learner, loaders["train"])
    assert all(torch.equal(first[name], tensor) for name, tensor in state(learner).items())

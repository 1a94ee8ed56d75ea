"""The EMA of the weights: what it holds, and that it can win."""

import torch
from learners import make_data, start, state

from training.fit import evaluate_epoch
from training.loop.epoch import train_one_epoch


def test_the_average_lags_behind_the_weights_and_follows_their_statistics(tmp_path):
    make_data(tmp_path, 10)
    learner, loaders = start(tmp_path, ema_decay=0.5, lr=0.1)
    expected, names = None, ("fc.weight", "bn1.running_mean")

    def follow(learner):
        nonlocal expected
        now = state(learner)
        # timm takes the first weights as they are, and warms the decay up after that.
        share = 0 if expected is None else min(0.5, 1 - (1 + learner.position.steps - 1) ** (-2 / 3))
        expected = (
            now if expected is None else {name: share * expected[name] + (1 - share) * now[name] for name in names}
        )

    learner.after_update.append(follow)
    train_one_epoch(learner, loaders["train"])
    found = learner.ema.state_dict()
    for name in names:
        assert torch.allclose(found[name], expected[name], atol=1e-6)
        assert not torch.equal(found[name], state(learner)[name])


def test_the_average_is_measured_beside_the_weights(tmp_path):
    make_data(tmp_path, 10)
    learner, loaders = start(tmp_path, ema_decay=0.99, lr=0.1)
    train_one_epoch(learner, loaders["train"])
    assert set(evaluate_epoch(learner, loaders["validation"], lambda: None)) == {"val", "ema"}


def test_the_average_is_saved_and_restored(tmp_path):
    make_data(tmp_path, 10)
    learner, loaders = start(tmp_path, ema_decay=0.9)
    train_one_epoch(learner, loaders["train"])
    again, _ = start(tmp_path, ema_decay=0.9)
    again.ema.load_state_dict(learner.ema.state_dict())
    for name, tensor in learner.ema.state_dict().items():
        assert torch.equal(again.ema.state_dict()[name], tensor)

"""A head fitted to features before the network is trained."""

import pytest
import torch
import torch.nn.functional as F
from learners import make_data, start, state
from sklearn.linear_model import LogisticRegression

from training.loop.epoch import train_one_epoch
from training.trials.linear_probe import DECAY, collect, fit_linear, fit_linear_probe


@pytest.mark.parametrize("architecture", ["test_resnet", "resnetv2_18"])
def test_the_head_learns_the_features_and_nothing_else_moves(tmp_path, architecture):
    make_data(tmp_path, 10)
    learner, loaders = start(tmp_path, architecture, size=32, linear_probe_first=True)
    before = state(learner)
    fit_linear_probe(learner, loaders["features"])
    head = learner.network.classifier
    assert all(
        torch.equal(tensor, before[name]) for name, tensor in state(learner).items() if not name.startswith(head)
    )
    features, labels = collect(learner, loaders["features"])
    assert len(labels) == 16
    logits = learner.network._classify(features)
    assert (logits.argmax(1) == labels).all()


def test_a_head_for_the_same_classes_is_kept(tmp_path):
    make_data(tmp_path, 5)
    learner, loaders = start(tmp_path, linear_probe_first=True)
    learner.network.head_is_new = False
    before = state(learner)
    fit_linear_probe(learner, loaders["features"])
    assert all(torch.equal(tensor, before[name]) for name, tensor in state(learner).items())


def test_the_fit_is_that_of_a_logistic_regression():
    generator = torch.Generator().manual_seed(0)
    targets = torch.arange(3).repeat(20)
    features = torch.randn(60, 5, generator=generator) + F.one_hot(targets, 5)
    weight, bias, _ = fit_linear(features, targets, F.cross_entropy, 3)
    peer = LogisticRegression(C=1 / (2 * DECAY * 60), tol=1e-8, max_iter=1000).fit(features.numpy(), targets.numpy())
    assert torch.allclose(weight, torch.as_tensor(peer.coef_, dtype=torch.float32), atol=1e-3)
    assert torch.allclose(
        bias - bias.mean(), torch.as_tensor(peer.intercept_ - peer.intercept_.mean()).float(), atol=1e-2
    )


def test_a_run_starts_from_the_fitted_head(tmp_path):
    make_data(tmp_path, 10)
    learner, loaders = start(tmp_path, "test_resnet", size=32, lr=1e-6, linear_probe_first=True)
    fit_linear_probe(learner, loaders["features"])
    assert train_one_epoch(learner, loaders["train"])["train_loss"] < 0.6  # ln 2 = 0.69 is chance

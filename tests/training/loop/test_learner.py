"""What takes part in a step, and how far the run is."""

from types import SimpleNamespace

import pytest
import torch
from error_facts import code_and_fields
from learners import make_data, start, state
from torch import nn

from resnet_hub import create_model
from resnet_hub.errors import ConfigError
from training.loop.epoch import train_one_epoch
from training.loop.learner import synchronize_norms


def test_the_position_counts_updates_batches_and_images_and_the_schedule_follows_the_updates(tmp_path):
    make_data(tmp_path)
    learner, loaders = start(tmp_path, grad_accum_steps=2)
    seen, told = [], []
    learner.schedule = SimpleNamespace(step_update=told.append)
    learner.after_update.append(lambda learner: seen.append((learner.position.steps, learner.position.batches)))
    train_one_epoch(learner, loaders["train"])
    assert seen == [(1, 2), (2, 4), (3, 5)]
    assert told == [1, 2, 3]
    assert learner.position.totals[1] == 40
    learner.position.next_epoch()
    assert (learner.position.epoch, learner.position.batches, learner.position.steps) == (2, 0, 3)
    assert learner.position.totals.tolist() == [0, 0]


def test_the_criterion_sees_what_mixing_made_of_a_batch(tmp_path):
    make_data(tmp_path)
    learner, loaders = start(tmp_path)
    learner.mixing = lambda inputs, labels, epoch, batch: (inputs * 0, nn.functional.one_hot(labels, 2).float())
    targets = []

    def criterion(logits, wanted):
        targets.append(wanted)
        assert torch.allclose(logits, logits[:1])  # all images were made alike
        return nn.functional.cross_entropy(logits, wanted)

    learner.criterion = criterion
    train_one_epoch(learner, loaders["train"])
    assert targets[0].shape == (8, 2)


def test_gradient_checkpointing_changes_nothing_but_the_memory(tmp_path):
    make_data(tmp_path, 10)
    states = []
    for switched_on in (False, True):
        learner, loaders = start(tmp_path, grad_checkpointing=switched_on, lr=0.1)
        assert learner.network.grad_checkpointing is switched_on
        train_one_epoch(learner, loaders["train"])
        states.append(state(learner))
    assert all(torch.allclose(states[0][name], states[1][name], atol=1e-6) for name in states[0])


def test_sync_bn_is_refused_on_a_cpu(tmp_path):
    make_data(tmp_path, 5)
    with pytest.raises(ConfigError) as refused:
        start(tmp_path, sync_bn=True)
    assert code_and_fields(refused.value) == ("loop.synchronized_norms", {})


@pytest.mark.parametrize("architecture", ["cifar_resnet20", "resnetv2_18"])
def test_synchronized_norms_compute_the_same_and_keep_their_names_and_activations(architecture):
    network = create_model(architecture, num_classes=2).eval()
    images, names = torch.randn(2, 3, 32, 32), list(network.state_dict())
    with torch.no_grad():
        expected = network(images)
        synchronize_norms(network, SimpleNamespace(device=torch.device("cuda")))
        assert any(isinstance(module, nn.SyncBatchNorm) for module in network.modules())
        assert torch.allclose(network(images), expected, atol=1e-6)
    assert list(network.state_dict()) == names

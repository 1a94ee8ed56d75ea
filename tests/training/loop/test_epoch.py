"""One pass and one update: gradients of many batches make the step that one large batch would make."""

import pytest
import torch
from error_facts import code_and_fields
from launching import launch
from learners import NO_STATISTICS, make_data, start, state
from safetensors.torch import load_file

from resnet_hub import create_model
from resnet_hub.errors import TrainingError
from training import finetune
from training.loading.augment import to_views
from training.loop.epoch import grouped, one_value_explained, train_one_epoch


def joined(batches):
    """Several batches as one."""
    changed = [(to_views(pixels), *rest) for pixels, *rest in batches]
    return tuple(torch.cat(column) for column in zip(*changed, strict=True))


def first_two(batch):
    """The first two images of a batch."""
    return tuple(column[:2] for column in joined([batch]))


@pytest.mark.parametrize("accumulate", [2, 3, 8], ids=["5 = 2 + 2 + 1", "5 = 3 + 2", "5 of 8"])
def test_accumulated_batches_train_as_one_large_batch_the_last_partial_ones_too(tmp_path, accumulate):
    make_data(tmp_path)
    learner, loaders = start(tmp_path, options=NO_STATISTICS, grad_accum_steps=accumulate, lr=0.1)
    large, _ = start(tmp_path, options=NO_STATISTICS, lr=0.1)
    learner.schedule = large.schedule = type("Constant", (), {"step_update": lambda self, steps: None})()
    large.sampler.epoch = learner.sampler.epoch = 1
    batches = [joined(group) for group in grouped(list(loaders["train"]), accumulate)]
    found, expected = train_one_epoch(learner, loaders["train"]), train_one_epoch(large, batches)
    assert learner.position.steps == len(batches) == -(-5 // accumulate)
    assert found["train_loss"] == pytest.approx(expected["train_loss"], rel=1e-5)
    before = start(tmp_path, options=NO_STATISTICS)[0].network.state_dict()
    for name, tensor in state(learner).items():
        moved = (large.network.state_dict()[name] - before[name]).abs().max()
        assert torch.allclose(tensor, large.network.state_dict()[name], atol=1e-3 * moved + 1e-7), name


@pytest.mark.parametrize("settings", [{}, {"l1": 1e-3}], ids=["plain", "L1 penalty"])
def test_unequal_batches_of_an_update_weigh_each_image_alike_and_the_penalty_once(tmp_path, settings):
    make_data(tmp_path)
    learners = [
        start(tmp_path, options=NO_STATISTICS, lr=0.1, **settings, **one) for one in ({"grad_accum_steps": 2}, {})
    ]
    (learner, loaders), (large, _) = learners
    learner.sampler.epoch = large.sampler.epoch = 1
    first, second, *_ = list(loaders["train"])
    batches = [first, first_two(second)]
    before = state(large)
    train_one_epoch(learner, batches)
    train_one_epoch(large, [joined(batches)])
    for name, tensor in state(learner).items():
        expected = large.network.state_dict()[name]
        moved = (expected - before[name]).abs().max()
        assert torch.allclose(tensor, expected, atol=1e-3 * moved + 1e-7), name


def test_two_processes_that_accumulate_train_as_one_with_large_batches(tmp_path):
    make_data(tmp_path / "data", 25)  # 40 to train: 5 rounds of 2 x 4, so the last group has one round of two
    create_model("cifar_resnet20", num_classes=2, **NO_STATISTICS).save_pretrained(tmp_path / "start")
    flags = ["--dataset", tmp_path / "data", "--model", tmp_path / "start", "--image-size", 16, "--epochs", 1]
    flags += ["--warmup-epochs", 0, "--grad-accum-steps", 2, "--lr", 0.02, "--workers", 0, "--precision", "no"]
    two = launch("finetune", *flags, "--batch-size", 4, "--output", tmp_path / "two", processes=2)
    assert two.returncode == 0, two.stderr
    one = [*flags, "--batch-size", 8, "--output", tmp_path / "one", "--threads", 1]
    assert finetune.main([str(flag) for flag in one]) == 0
    weights = [load_file(tmp_path / name / "model.safetensors") for name in ("start", "one", "two")]
    for name, tensor in weights[1].items():
        if name in weights[0] and tensor.shape == weights[0][name].shape:
            moved = (tensor - weights[0][name]).abs().max()
            assert torch.allclose(tensor, weights[2][name], atol=1e-2 * moved + 1e-7), name


def test_the_mean_loss_weighs_each_image_alike(tmp_path):
    make_data(tmp_path)
    learner, loaders = start(tmp_path, lr=1e-9)
    learner.sampler.epoch = 1
    first, *_ = list(loaders["train"])
    learner.criterion = lambda logits, targets: logits.sum() * 0 + len(targets)  # 8 of a full batch, 2 of a small one
    loss = train_one_epoch(learner, [first, first_two(first)])["train_loss"]
    assert loss == pytest.approx((8 * 8 + 2 * 2) / 10)


def test_a_batch_that_leaves_one_value_for_each_channel_is_said_in_a_sentence():
    inputs = torch.zeros(1, 3, 4, 4)
    with pytest.raises(TrainingError) as refused, one_value_explained(inputs):
        torch.nn.BatchNorm2d(3)(inputs.mean((2, 3), keepdim=True))
    assert code_and_fields(refused.value) == ("loop.one_value", {"images": 1, "size": 4, "larger": 8})
    with pytest.raises(ValueError, match="another"), one_value_explained(inputs):
        raise ValueError("another")

"""What shortcuts do for training, measured again."""

from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import pytest
import torch

from resnet_hub.errors import ConfigError
from resnet_hub.explain.trainability import DEPTHS, digits, first_losses, gradient_flow, new_network


def test_without_shortcuts_the_gradient_explodes_with_depth():
    plain = [gradient_flow(depth, shortcuts=False).growth for depth in (20, 56, 110)]
    residual = [gradient_flow(depth, shortcuts=True).growth for depth in (20, 56, 110)]
    assert plain[0] > residual[0]
    assert plain[1] > 1e3
    assert plain[2] > 1e6
    assert residual[2] < 300


def test_the_first_number_is_the_last_block_s():
    flow = gradient_flow(20, shortcuts=True)
    assert (flow.blocks[0], flow.blocks[-1], len(flow.blocks)) == ("layer3.2", "layer1.0", 9)
    assert flow.growth == flow.norms[-1] / flow.norms[0]


def test_the_norms_are_those_of_the_loss_by_each_block_s_input():
    images, labels = digits()
    model = new_network(20, True, seed=0)
    stem = model.act1(model.bn1(model.conv1(images))).detach().requires_grad_()
    logits = model.fc(model.layer3(model.layer2(model.layer1(stem))).mean((2, 3)))
    torch.nn.functional.cross_entropy(logits, labels).backward()
    assert gradient_flow(20, shortcuts=True).norms[-1] == pytest.approx(float(stem.grad.norm()), rel=1e-4)


def test_with_shortcuts_the_first_steps_already_learn():
    plain, residual = (list(first_losses(44, shortcuts, steps=12)) for shortcuts in (False, True))
    assert min(plain) > 2
    assert residual[-1] < 0.7


@pytest.mark.parametrize("depth", DEPTHS)
def test_both_kinds_have_the_same_first_weights(depth):
    plain, residual = (new_network(depth, shortcuts, seed=3).state_dict() for shortcuts in (False, True))
    assert plain.keys() == residual.keys()
    assert all(torch.equal(plain[name], residual[name]) for name in plain)


def test_a_seed_gives_the_same_numbers_in_any_thread_and_touches_no_other_random_number():
    torch.manual_seed(5)
    expected = torch.rand(1)
    alone = gradient_flow(20, shortcuts=True)
    torch.manual_seed(5)
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda _: gradient_flow(20, shortcuts=True), range(2)))
    assert together == [alone, alone]
    assert torch.equal(torch.rand(1), expected)
    assert gradient_flow(20, shortcuts=True, seed=1).norms != alone.norms


def test_new_weights_are_as_large_as_those_that_a_network_draws_itself():
    from resnet_hub import create_model

    ours = new_network(20, True, seed=0).state_dict()
    for name, theirs in create_model("cifar_resnet20", num_classes=10).state_dict().items():
        if theirs.numel() > 500:
            assert float(ours[name].std()) == pytest.approx(float(theirs.std()), rel=0.2), name


def test_losses_come_one_by_one_and_nothing_stays_open_between_them():
    with torch.inference_mode():
        losses = list(islice(first_losses(20, shortcuts=True), 2))
        assert torch.is_inference_mode_enabled()
    assert losses[1] != losses[0]


REFUSED = {
    "depth": (lambda: gradient_flow(21, shortcuts=True), "depth=21 is not known; choose one of 20, 32, 44, 56, 110"),
    "steps": (lambda: next(first_losses(20, True, steps=0)), "steps=0 is out of range"),
    "rate": (lambda: next(first_losses(20, True, learning_rate=-1)), "learning_rate=-1 is out of range"),
}


@pytest.mark.parametrize(("call", "sentence"), REFUSED.values(), ids=REFUSED)
def test_an_impossible_number_is_refused(call, sentence):
    with pytest.raises(ConfigError, match=sentence):
        call()

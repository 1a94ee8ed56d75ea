"""Optimizers by name with their options, and which parameters move how fast."""

import pytest
import torch
from error_facts import Begins, code_and_fields
from launching import forget_accelerator
from timm.optim import create_optimizer_v2

from resnet_hub import create_model
from resnet_hub.errors import ConfigError
from training.hardware import make_accelerator
from training.optim.optimizers import clip, learning_rate, make_optimizer, parameter_groups, penalty, state_copies
from training.settings.recipe import FinetuneRecipe


@pytest.fixture(params=["test_resnet", "resnetv2_18"])
def model(request):
    return create_model(request.param, num_classes=3)


def recipe(**settings):
    return FinetuneRecipe(dataset="digits", **settings)


def test_every_parameter_is_in_exactly_one_group(model):
    groups = parameter_groups(model, recipe(), new_head=True)
    grouped = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(grouped) == sorted(id(parameter) for parameter in model.parameters())


def test_norms_and_biases_have_no_weight_decay(model):
    for group in parameter_groups(model, recipe(weight_decay=0.05), new_head=True):
        for parameter in group["params"]:
            assert group["weight_decay"] == (0.05 if parameter.ndim > 1 else 0)


def test_a_new_head_has_its_own_rate_and_an_old_one_the_common_rate(model):
    head = {id(parameter) for parameter in model.get_classifier().parameters()}
    for new_head in (True, False):
        optimizer = make_optimizer(model, recipe(lr=0.02, head_lr_factor=5), new_head=new_head)
        for group in optimizer.param_groups:
            in_head = id(group["params"][0]) in head
            assert group["lr_scale"] == (5 if in_head and new_head else 1)


def test_frozen_parameters_are_left_out(model):
    first = model.get_parameter(f"{model.first_conv}.weight").requires_grad_(False)
    groups = parameter_groups(model, recipe(), new_head=False)
    assert id(first) not in {id(parameter) for group in groups for parameter in group["params"]}


def test_sgd_uses_nesterov_momentum(model):
    optimizer = make_optimizer(model, recipe(momentum=0.8), new_head=False)
    assert isinstance(optimizer, torch.optim.SGD)
    assert optimizer.defaults["nesterov"]
    assert optimizer.defaults["momentum"] == 0.8


def test_sgd_and_its_groups_are_those_of_timm(model):
    settings = recipe(weight_decay=0.05, lr=0.1)
    found = make_optimizer(model, settings, new_head=False)
    expected = create_optimizer_v2(model, opt="sgd", lr=0.1, momentum=settings.momentum, weight_decay=0.05)
    assert type(found) is type(expected)
    assert {**found.defaults, "weight_decay": 0} == {**expected.defaults, "weight_decay": 0}
    decays = [
        {id(one): group["weight_decay"] for group in each.param_groups for one in group["params"]}
        for each in (found, expected)
    ]
    assert decays[0] == decays[1]


def test_an_unknown_optimizer_is_refused_with_the_known_ones(model):
    with pytest.raises(ConfigError) as refused:
        make_optimizer(model, recipe(optimizer="sgdd"), new_head=False)
    assert code_and_fields(refused.value) == (
        "optim.unknown_optimizer",
        {"optimizer": "sgdd", "nearest": Begins("'sgd'")},
    )


@pytest.mark.parametrize(
    "name", ["sgd", "momentum", "adam", "adamw", "rmsprop", "lamb", "lion", "muon", "lookahead_adam", "adafactor"]
)
def test_optimizers_of_timm_by_name_lower_a_loss(name):
    model = create_model("test_resnet", num_classes=3)
    optimizer = make_optimizer(model, recipe(optimizer=name, lr=1e-3), new_head=False)
    images, labels = torch.randn(6, 3, 32, 32), torch.tensor([0, 1, 2, 0, 1, 2])
    losses = []
    for _ in range(8):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


def test_an_optimizer_is_given_its_epsilon_and_betas(model):
    optimizer = make_optimizer(model, recipe(optimizer="adamw", opt_eps=1e-5, opt_betas="0.8, 0.9"), new_head=False)
    assert (optimizer.defaults["eps"], optimizer.defaults["betas"]) == (1e-5, (0.8, 0.9))


@pytest.mark.parametrize(
    ("settings", "code", "expected"),
    [
        ({"optimizer": "sgd", "opt_eps": 1e-5}, "optim.no_epsilon", {"optimizer": "sgd"}),
        ({"optimizer": "sgd", "opt_betas": "0.9,0.9"}, "optim.no_betas", {"optimizer": "sgd", "given": 2}),
        (
            {"optimizer": "adan", "opt_betas": "0.9,0.9"},
            "optim.other_betas",
            {"optimizer": "adan", "expected": 3, "given": 2},
        ),
        ({"optimizer": "adam", "momentum": 0.8}, "optim.no_momentum", {"optimizer": "adam"}),
        ({"optimizer": "adahessian"}, "optim.second_order", {"optimizer": "adahessian"}),
    ],
    ids=["no epsilon", "no betas", "three betas", "no momentum", "second order"],
)
def test_an_option_that_the_optimizer_lacks_is_refused(model, settings, code, expected):
    with pytest.raises(ConfigError) as refused:
        make_optimizer(model, recipe(**settings), new_head=False)
    assert code_and_fields(refused.value) == (code, expected)


def test_muon_leaves_head_norms_and_biases_to_adamw(model):
    head = {id(parameter) for parameter in model.get_classifier().parameters()}
    for group in parameter_groups(model, recipe(optimizer="muon"), new_head=False):
        for parameter in group["params"]:
            assert group["use_fallback"] == (parameter.ndim < 2 or id(parameter) in head)


def test_layer_wise_decay_slows_each_block_below_the_one_above(model):
    groups = parameter_groups(model, recipe(layer_decay=0.5, head_lr_factor=3), new_head=True)
    scales = {id(parameter): group["lr_scale"] for group in groups for parameter in group["params"]}
    blocks = [block for level in model.feature_info[1:] for block in model._blocks(level["module"])]
    order = [next(block.parameters()) for block in blocks]
    found = [scales[id(model.get_parameter(f"{model.first_conv}.weight"))], *(scales[id(each)] for each in order)]
    assert found == [0.5 ** (len(blocks) + 1 - place) for place in range(len(blocks) + 1)]
    assert {scales[id(parameter)] for parameter in model.get_classifier().parameters()} == {3.0}


def test_the_reported_rate_is_that_of_a_parameter_without_a_factor(model):
    optimizer = make_optimizer(model, recipe(lr=0.02, layer_decay=0.5, head_lr_factor=7), new_head=True)
    for group in optimizer.param_groups:
        group["lr"] = 0.02 * group["lr_scale"]
    assert learning_rate(optimizer) == pytest.approx(0.02)


def test_the_l1_penalty_spares_norms_biases_and_what_is_frozen(model):
    model.get_parameter(f"{model.first_conv}.weight").requires_grad_(False)
    penalty(model, 0.5).backward()
    for name, parameter in model.named_parameters():
        if name == f"{model.first_conv}.weight" or parameter.ndim < 2:
            assert parameter.grad is None
        else:
            assert torch.equal(parameter.grad, 0.5 * parameter.detach().sign())


@pytest.mark.parametrize(
    "settings", [{"clip_grad_norm": 0.1}, {"clip_grad_value": 0.001}, {"clip_grad_agc": 0.01}], ids=str
)
def test_gradients_are_clipped(model, settings):
    forget_accelerator()
    accelerator = make_accelerator("no", threads=1)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    clip(accelerator, model, model.get_classifier(), recipe(**settings))
    body = [each for name, each in model.named_parameters() if not name.startswith(f"{model.classifier}.")]
    if "clip_grad_norm" in settings:
        assert torch.stack([each.grad.norm() for each in model.parameters()]).norm() == pytest.approx(0.1, rel=1e-2)
    elif "clip_grad_value" in settings:
        assert max(each.grad.max() for each in model.parameters()) == pytest.approx(0.001)
    else:
        for each in body:
            if each.ndim > 1:
                bound = 0.01 * each.detach().flatten(1).norm(dim=1).clamp(min=1e-3)
                assert (each.grad.flatten(1).norm(dim=1) <= bound * 1.001).all()
        assert all((each.grad == 1).all() for each in model.get_classifier().parameters())


@pytest.mark.parametrize(
    ("name", "copies"),
    [("sgd", 1), ("momentum", 1), ("lion", 1), ("muon", 1), ("adamw", 2), ("adan", 4), ("lookahead_adam", 3)],
)
def test_the_state_of_an_optimizer_is_as_many_times_the_weights_as_it_turns_out_to_be(name, copies):
    assert state_copies(recipe(optimizer=name), torch.device("cpu")) == copies

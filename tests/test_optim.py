"""Parameter groups and the learning rate over a run."""

import pytest
import torch

from resnet_hub import create_model
from resnet_hub.errors import ConfigError
from training.optim import make_optimizer, parameter_groups
from training.recipe import FinetuneRecipe
from training.schedules import make_schedule


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
        make_schedule(optimizer, recipe(lr=0.02, warmup_epochs=0), 10).step_update(0)
        for group in optimizer.param_groups:
            in_head = id(group["params"][0]) in head
            assert group["lr"] == pytest.approx(0.1 if in_head and new_head else 0.02)


def test_frozen_parameters_are_left_out(model):
    first = model.get_parameter(f"{model.first_conv}.weight").requires_grad_(False)
    groups = parameter_groups(model, recipe(), new_head=False)
    assert id(first) not in {id(parameter) for group in groups for parameter in group["params"]}


def test_the_rate_rises_from_zero_and_falls_to_zero_along_a_cosine(model):
    settings = recipe(lr=0.4, epochs=10, warmup_epochs=2)
    optimizer = make_optimizer(model, settings, new_head=False)
    schedule = make_schedule(optimizer, settings, 5)
    rates = [optimizer.param_groups[0]["lr"]]
    for step in range(1, 51):
        schedule.step_update(step)
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates[0] == 0
    assert rates[5] == pytest.approx(0.2)
    assert rates[10] == pytest.approx(0.4)
    assert rates[30] == pytest.approx(0.2)
    assert rates[50] == pytest.approx(0, abs=1e-9)
    assert max(rates) == rates[10]


def test_sgd_uses_nesterov_momentum(model):
    optimizer = make_optimizer(model, recipe(momentum=0.8), new_head=False)
    assert isinstance(optimizer, torch.optim.SGD)
    assert optimizer.defaults["nesterov"]
    assert optimizer.defaults["momentum"] == 0.8


def test_an_unknown_optimizer_is_refused_with_the_known_ones(model):
    with pytest.raises(ConfigError, match="--optimizer 'sgdd' is not known; the nearest are 'sgd'"):
        make_optimizer(model, recipe(optimizer="sgdd"), new_head=False)

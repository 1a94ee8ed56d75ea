"""Whether a network changed: every way of writing into a weight is found, and nothing else is taken for one."""

import numpy as np
import pytest
import torch
from random_weights import lively

from resnet_hub.runtime.snapshot import SAMPLES, Snapshot, is_dense, parts, same


@pytest.fixture(scope="module")
def network():
    return lively("resnet18", depths=(1, 1, 1, 1), num_classes=5)


def written(tensor, place, value=7.0):
    tensor.data[place] = value


COUNTED = {
    "in place": lambda weight: weight.detach().add_(1),
    "one value": lambda weight: weight.detach()[3].fill_(1),
    "other storage": lambda weight: setattr(weight, "data", weight.data.clone()),
    "other shape": lambda weight: setattr(weight, "data", weight.data[:5]),
    "other order": lambda weight: setattr(weight, "data", weight.data.flip(0)),
    "other type": lambda weight: setattr(weight, "data", weight.data.half()),
}
UNCOUNTED = {
    "data": lambda weight: weight.data.mul_(1.01),
    "a filter": lambda weight: written(weight, 3),
    "a channel": lambda weight: written(weight, (slice(None), 2)),
    "a twentieth of the values": lambda weight: written(weight, torch.rand(weight.shape) < 0.05),
    "numpy": lambda weight: np.multiply(weight.detach().numpy(), 2, out=weight.detach().numpy()),
}


@pytest.mark.parametrize("write", [*COUNTED.values(), *UNCOUNTED.values()], ids=[*COUNTED, *UNCOUNTED])
@pytest.mark.parametrize("name", ["layer4.0.conv2.weight", "layer1.0.conv1.weight", "fc.weight"])
def test_what_is_written_into_a_weight_is_seen_at_once(write, name):
    network = lively("resnet18", depths=(1, 1, 1, 1), num_classes=50)
    snapshot = Snapshot(network)
    with torch.no_grad():
        write(network.get_parameter(name))
    assert not snapshot.still_holds()


@pytest.mark.parametrize("name", ["bn1.running_var", "bn1.bias", "layer4.0.bn2.weight", "fc.bias"])
def test_one_value_of_a_norm_or_a_bias_is_seen_at_once_however_it_is_written(name):
    network = lively("resnet18", depths=(1, 1, 1, 1), num_classes=5)
    snapshot = Snapshot(network)
    network.state_dict()[name].data[-1] += 0.5
    assert not snapshot.still_holds()


@pytest.mark.parametrize("place", [0, SAMPLES + 1, -1])
def test_one_value_of_a_filter_is_seen_after_as_many_looks_as_the_sums_are_spread_over(place):
    network = lively("resnet18", depths=(1, 1, 1, 1), num_classes=5)
    snapshot = Snapshot(network)
    assert all(snapshot.still_holds(3) for _ in range(4))
    network.layer4[0].conv2.weight.data.view(-1)[place] += 1
    assert not all(snapshot.still_holds(3) for _ in range(3))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64], ids=str)
@pytest.mark.parametrize("place", [0, SAMPLES + 1, -1])
def test_one_value_of_a_filter_is_seen_at_once_though_nothing_counts_it(place, dtype):
    network = lively("resnet18", depths=(1, 1, 1, 1), num_classes=5).to(dtype)
    snapshot = Snapshot(network)
    network.layer4[0].conv2.weight.data.view(-1)[place] += 1
    assert not snapshot.still_holds()


@pytest.mark.parametrize("start", [0, 1, 2, 3])
@pytest.mark.parametrize("place", [0, 1, -2, -1])
def test_values_at_the_ends_of_a_weight_that_begins_anywhere_in_memory_are_seen(start, place):
    network = torch.nn.Module()
    network.weight = torch.nn.Parameter(torch.randn(5 * SAMPLES + 7)[start : start + 5 * SAMPLES + 2])
    snapshot = Snapshot(network)
    network.weight.data[place] += 1
    assert not snapshot.still_holds()


def test_a_network_that_only_answers_stays_the_same(network):
    snapshot, before = Snapshot(network), parts(network)
    network(torch.zeros(1, 3, 32, 32))
    assert snapshot.still_holds()
    assert snapshot.still_holds()
    assert same(before, parts(network))


@pytest.mark.parametrize(
    "make",
    [
        lambda: lively("cifar_resnet20").to(memory_format=torch.channels_last),
        lambda: lively("cifar_resnet20").half(),
        lambda: lively("resnetv2_50x1_bit", depths=(1, 1, 1, 1)),
    ],
    ids=["channels last", "half", "standardized"],
)
def test_weights_of_any_layout_and_type_are_looked_at(make):
    network = make()
    snapshot = Snapshot(network)
    assert snapshot.still_holds()
    next(network.parameters()).data[0] += 1
    assert not snapshot.still_holds()


def test_weights_made_in_inference_mode_have_no_counter_and_are_compared():
    with torch.inference_mode():
        network = lively("cifar_resnet20")
        snapshot = Snapshot(network)
        network.fc.weight.mul_(2)
        assert not snapshot.still_holds()


MADE_OF = {
    "a part": lambda network: setattr(network, "maxpool", torch.nn.Identity()),
    "a part of a part": lambda network: network.layer1.append(torch.nn.Identity()),
    "a setting": lambda network: setattr(network.conv1, "stride", (1, 1)),
    "a hook": lambda network: network.layer1[0].conv1.register_forward_hook(print),
    "a hook in front": lambda network: network.layer1[0].conv1.register_forward_pre_hook(print),
    "a function": lambda network: setattr(network.layer1[0], "forward", print),
    "a parameter": lambda network: setattr(network.fc, "weight", torch.nn.Parameter(torch.zeros(5, 512))),
    "a buffer": lambda network: setattr(network.bn1, "running_mean", torch.zeros(64)),
    "a class": lambda network: setattr(network.fc, "__class__", type("Other", (torch.nn.Linear,), {})),
}


@pytest.mark.parametrize("change", MADE_OF.values(), ids=MADE_OF)
def test_what_a_network_is_made_of_is_compared_by_identity(change):
    network = lively("resnet18", depths=(1, 1, 1, 1), num_classes=5)
    before = parts(network)
    assert same(before, parts(network))
    change(network)
    assert not same(before, parts(network))


@pytest.mark.parametrize(
    ("tensor", "dense"),
    [
        (torch.zeros(2, 3, 4, 5), True),
        (torch.zeros(2, 3, 4, 5).to(memory_format=torch.channels_last), True),
        (torch.zeros(2, 3).t(), True),
        (torch.zeros(()), True),
        (torch.zeros(4, 6)[:, ::2], False),
        (torch.zeros(4, 1).expand(4, 6), False),
    ],
    ids=["plain", "channels last", "transposed", "one number", "every second", "expanded"],
)
def test_dense_is_what_fills_its_memory(tensor, dense):
    assert is_dense(tensor) is dense

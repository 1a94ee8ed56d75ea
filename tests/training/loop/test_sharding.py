"""A network that FSDP2 has cut is saved and loaded as if it were whole, and so are its optimizer's moments."""

import pytest
import torch
import torch.distributed as group
from torch import nn
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor

from training.loop.distributed.sharding import save_whole, whole


@pytest.fixture
def alone(tmp_path):
    """A group of one process."""
    group.init_process_group("gloo", init_method=f"file://{tmp_path}/meeting", rank=0, world_size=1)
    yield
    group.destroy_process_group()


def cut():
    """A network cut by FSDP2, and its optimizer after an update."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 2))
    fully_shard(network)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    save_whole(network, optimizer)
    network(torch.ones(2, 3, 4, 4)).sum().backward()
    optimizer.step()
    return network, optimizer


def test_what_is_saved_is_whole_and_what_is_loaded_is_cut_again(alone):
    network, optimizer = cut()
    assert all(isinstance(parameter, DTensor) for parameter in network.parameters())
    weights, moments = network.state_dict(), optimizer.state_dict()
    tensors = [*weights.values(), *(kept["momentum_buffer"] for kept in moments["state"].values())]
    assert not any(isinstance(tensor, DTensor) or tensor.requires_grad for tensor in tensors)

    changed = {name: torch.ones_like(tensor) for name, tensor in weights.items()}
    network.load_state_dict(changed)
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, changed[name])
    network.load_state_dict(weights)
    optimizer.load_state_dict(moments)
    assert all(isinstance(parameter, DTensor) for parameter in network.parameters())
    for kept in optimizer.state.values():
        assert isinstance(kept["momentum_buffer"], DTensor)
    assert torch.equal(whole(next(iter(network.parameters()))).detach(), weights["0.weight"])


def test_a_network_that_was_loaded_goes_on_as_the_one_that_was_saved(alone):
    first, moved = cut()
    weights, moments = first.state_dict(), moved.state_dict()
    second, other = cut()
    second.load_state_dict(weights)
    other.load_state_dict(moments)
    for network, optimizer in ((first, moved), (second, other)):
        optimizer.zero_grad()
        network(torch.ones(2, 3, 4, 4)).square().sum().backward()
        optimizer.step()
    for name, tensor in first.state_dict().items():
        assert torch.equal(tensor, second.state_dict()[name])


def test_what_is_no_shard_stays_as_it_is():
    assert whole("a word") == "a word"
    tensor = torch.zeros(2)
    assert whole(tensor) is tensor

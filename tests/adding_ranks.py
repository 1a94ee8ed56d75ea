"""One of three processes that train, and train the last step again from what they had before it: prints whether alike.

`python adding_ranks.py`; everything is summed over the processes.
"""

import sys

import torch

from resnet_hub import create_model
from training.hardware import make_accelerator
from training.loop.distributed.buckets import settle_buckets

SIZE = (3, 16, 16)


def begun(accelerator):
    """A network as a run has it before its first step, and its optimizer."""
    torch.manual_seed(0)
    network = create_model("cifar_resnet20", num_classes=2)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    model, optimizer = accelerator.prepare(network, optimizer)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    settle_buckets(model, SIZE, 2, accelerator.num_processes)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())
    return network, model, optimizer


def step(accelerator, model, optimizer, number):
    """One step on images that are each process's own."""
    torch.manual_seed(10 * number + accelerator.process_index)
    optimizer.zero_grad()
    accelerator.backward(model(torch.randn(4, *SIZE)).square().mean())
    optimizer.step()


def main():
    accelerator = make_accelerator("no", 1)
    whole, model, optimizer = begun(accelerator)
    step(accelerator, model, optimizer, 1)
    saved = {name: value.clone() for name, value in whole.state_dict().items()}
    step(accelerator, model, optimizer, 2)
    resumed, model, optimizer = begun(accelerator)
    resumed.load_state_dict(saved)
    step(accelerator, model, optimizer, 2)
    alike = [torch.equal(value, resumed.state_dict()[name]) for name, value in whole.state_dict().items()]
    sys.stdout.write(f"{all(alike)}\n")
    accelerator.end_training()


if __name__ == "__main__":
    main()

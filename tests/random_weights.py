"""Random weights for comparisons.

New weights would hide mistakes (a new block returns its shortcut, a new BatchNorm does nothing), so these have scales,
biases and statistics as well, and keep the signal at a sane size in any depth.
"""

from functools import cache
from unittest.mock import patch

import torch
from timm.layers import BlurPool2d

from resnet_hub import create_model
from resnet_hub.registry.architectures import PREACTIVATION

# Networks of 200 million parameters and more: `make test` compares their tensors, `make parity` their numbers as well.
LARGE = {name for name in PREACTIVATION if "x" in name and not name.endswith("x1_bit")}


INITIALIZERS = [name for name in dir(torch.nn.init) if name.endswith("_") and not name.startswith("_")]


@cache
def noise():
    """Normal numbers, more than nearly every tensor has; to draw them anew for each tensor would take minutes."""
    return torch.randn(20_000_003, generator=torch.Generator().manual_seed(0))


def random_state(model):
    """A state dict for the network, which may be without storage."""
    generator, state = torch.Generator().manual_seed(0), {}
    for name, tensor in model.state_dict().items():
        # The widest layers of BiT have more weights than there are numbers.
        enough = noise() if tensor.numel() < len(noise()) else noise().repeat(1 + tensor.numel() // len(noise()))
        start = int(torch.randint(len(enough) - tensor.numel(), (), generator=generator))
        values = enough[start : start + tensor.numel()].reshape(tensor.shape)
        if name.endswith("num_batches_tracked"):
            state[name] = torch.tensor(7)
        elif name.endswith("running_var") or (name.endswith("weight") and tensor.ndim == 1):
            state[name] = 0.5 + values.sigmoid()
        elif tensor.ndim == 1:
            state[name] = values * 0.1
        else:
            state[name] = values * tensor[0].numel() ** -0.5
    return state


def undrawn():
    """Lets new networks keep what their memory holds, for those whose weights come from elsewhere.

    To draw them takes half of the time in which a network is made.
    """
    return patch.multiple(torch.nn.init, **{name: lambda tensor, *_, **__: tensor for name in INITIALIZERS})


def without_storage(create, name, **options):
    """A network in evaluation mode by our or timm's `create`, without weights until it is given some."""
    with undrawn(), torch.device("meta"):
        model = create(name, **options).eval()
    for module in model.modules():
        if isinstance(module, BlurPool2d):  # timm's: no state dict holds the numbers of its filter
            row = torch.tensor([0.25, 0.5, 0.25])
            module.filt = (row[:, None] * row).repeat(module.channels, 1, 1, 1)
    return model


def lively(name="test_resnet", **options):
    """A network of this package in which every layer does something, in evaluation mode."""
    model = without_storage(create_model, name, **options)  # since to draw its initial weights would take longer
    model.load_state_dict(random_state(model), assign=True)
    return model


def assert_equal(ours, theirs):
    """Within 1e-5 of the largest number."""
    assert ours.shape == theirs.shape
    assert theirs.isfinite().all()
    assert (ours - theirs).abs().max() <= 1e-5 * theirs.abs().max()

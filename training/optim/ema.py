"""Exponential moving average (EMA) of the weights."""

from __future__ import annotations

from accelerate import Accelerator
from accelerate.utils import broadcast
from torch import Tensor

from resnet_hub.models import PretrainedNetwork


class EMAWeights:
    """EMA of a network's weights and BatchNorm statistics; early on the decay is lower, so that short runs profit.

    Source: timm's ModelEmaV3 with warm-up: after n updates the decay is at most 1 - (1 + n) ** (-2 / 3).
    """

    def __init__(self, network: PretrainedNetwork, decay: float) -> None:
        from timm.utils import ModelEmaV3

        self.average = ModelEmaV3(network, decay=decay, use_warmup=True)

    @property
    def network(self) -> PretrainedNetwork:
        """The network with the averaged weights, in evaluation mode."""
        return self.average.module

    def update(self, network: PretrainedNetwork, updates: int) -> None:
        """Takes in the weights after this many updates."""
        self.average.update(network, step=updates)

    def share(self, accelerator: Accelerator) -> None:
        """Broadcasts the BatchNorm statistics of the first process: each sees other images, so that they differ."""
        if accelerator.num_processes > 1:
            broadcast([buffer for buffer in self.network.buffers() if buffer.is_floating_point()])

    def state_dict(self) -> dict[str, Tensor]:
        """The averaged weights and statistics, by name."""
        return self.network.state_dict()

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Goes on from what `state_dict` gave."""
        self.network.load_state_dict(state)

"""The door to checkpoints of every family: `AutoResNet.from_pretrained`."""

from __future__ import annotations

from resnet_hub.models.pretrained import PretrainedNetwork


class AutoResNet(PretrainedNetwork):
    """Opens a checkpoint as the class that its architecture asks for: `ResNet`, `ResNetV2`, or one of a new family.

    `AutoResNet.from_pretrained` takes and raises what `ResNet.from_pretrained` does. It has no network of its own: to
    make one by name, call `create_model`.
    """

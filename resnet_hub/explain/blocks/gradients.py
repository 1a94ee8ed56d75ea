"""How much the loss of a loaded network depends on what each of its blocks receives: gradients, block by block."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from resnet_hub.classifier import ImageClassifier
from resnet_hub.explain.saliency import Target


def gradient_norms(classifier: ImageClassifier, pixels: Tensor, class_index: int) -> Mapping[str, float]:
    """The norm of the loss's gradient at the input of each block, by its name, in execution order.

    The loss is the cross entropy of the class, or its binary cross entropy in a network of several labels; the network
    is in evaluation mode and is not modified. Blocks of one stage can be compared; where the shape changes, so does the
    number of values that the norm is of.

    Args:
        classifier: Whose network it is.
        pixels: What it sees: uint8 (C, H, W).
        class_index: The class, counted from 0.

    Raises:
        ConfigError: There is no such class.
        ImageError: The pixels are not those of one image of the right channels.
    """
    target = Target(classifier, pixels, class_index)
    model, inputs = target.model, {}

    def step(name: str, block: nn.Module, x: Tensor) -> Tensor:
        inputs[name] = x = x if x.requires_grad else x.requires_grad_()
        return block(x)

    with torch.inference_mode(False), torch.enable_grad():
        logits = model.forward_head(model.walk(target.images(), step)).float()
        wanted = torch.tensor([class_index], device=logits.device)
        if model.config.task == "multi_label":
            loss = F.binary_cross_entropy_with_logits(logits[:, class_index], torch.ones_like(logits[:, class_index]))
        else:
            loss = F.cross_entropy(logits, wanted)
        found = torch.autograd.grad(loss, list(inputs.values()))
    return {name: float(gradient.float().norm()) for name, gradient in zip(inputs, found, strict=True)}

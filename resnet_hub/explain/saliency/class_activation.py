"""Class activation maps: what each place of the last feature map adds to the logit of a class."""

from __future__ import annotations

import torch
from torch import Tensor

from resnet_hub.explain.saliency.target import Target


def class_activation(target: Target, method: str) -> tuple[Tensor, float]:
    """What each place adds to the class, and the score of the class.

    The map is float32 (h, w) on the CPU, as large as the last feature map, negative where the place speaks against the
    class. Where the head averages over places, both methods give the same map, and it adds up to logit minus bias.

    Args:
        target: The class, the pixels and the network.
        method: "hires-cam" multiplies each feature by its own gradient, so that no place gets another one's credit;
            "grad-cam" by the gradient's mean over all places.

    Raises:
        CheckpointError: The network's answer is not finite.

    Source: Selvaraju et al. 2017, "Grad-CAM", equations 1 and 2; Draelos and Carin 2020, "Use HiResCAM instead of
    Grad-CAM", equation 5. Both without the final relu.
    """
    # The gradient stops at the feature map, so no parameter needs one and no activation of the stages is kept.
    with torch.inference_mode(False), torch.no_grad():
        features = target.model.forward_features(target.images())
        with torch.enable_grad():
            features.requires_grad_()
            logits = target.model.forward_head(features)
            (gradient,) = torch.autograd.grad(logits[0, target.class_index], features)
        features, gradient = features.detach().float(), gradient.float()
        if method == "grad-cam":
            gradient = gradient.mean((2, 3), keepdim=True)
        return (features * gradient).sum(1)[0].cpu(), float(target.scores(logits)[0])

"""Features and classes -> a linear head by ridge regression, in closed form, and what it says of images left out.

Targets are one-hot, classes have equal weight however many images they have, and the intercept is not penalized. The
penalty is fixed, so that leaving images out measures what it did not choose. All is done on the Gram matrix (N, N),
for there are fewer images than features.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from resnet_hub.few_shot.examples import Examples

PENALTY = 1.0
"""Beside features whose mean squared distance from their center is 1, and weights of images whose mean is 1."""
FOLDS_AT_ONCE = 2**22
"""Numbers of Gram matrices that are solved together: 32 MB of float64, some four times."""
TEMPERATURES = torch.logspace(-2.5, 0.5, 121, dtype=torch.float64)
"""What logits may be divided by."""


@dataclass(frozen=True, eq=False)
class LinearHead:
    """Logits are `features @ weight.T + bias`; their softmax is calibrated on the images left out."""

    weight: Tensor
    """float32 (classes, features)."""
    bias: Tensor
    """float32 (classes,)."""

    def __call__(self, features: Tensor) -> Tensor:
        """Scores float32 (N, classes), each row with sum 1, of features (N, features)."""
        return torch.nn.functional.linear(features.float(), self.weight, self.bias).softmax(dim=1)


@dataclass(frozen=True, eq=False)
class _Solution:
    """Ridge regressions, one for each row of weights of the images."""

    dual: Tensor
    """(folds, N, classes): of which linear combination of centered images the weights are made."""
    weights: Tensor
    """(folds, N), with sum 1."""
    scale: Tensor
    """(folds,): mean squared distance from the center."""
    center: Tensor
    """(folds, classes): the mean of the targets."""


def ridge_head(examples: Examples, left_out: Tensor) -> LinearHead:
    """The head of all examples; its temperature is that of what it says of images `left_out` (N, classes)."""
    features = examples.features.double()
    weights = _class_weights(examples.one_hot, torch.ones(1, len(features), dtype=torch.float64))
    solved = _solve(features @ features.T, examples.one_hot, weights)
    mean = solved.weights[0] @ features
    weight = solved.dual[0].T @ (features - mean) / solved.scale[0]
    bias = solved.center[0] - weight @ mean
    temperature = _temperature(left_out, examples)
    return LinearHead((weight / temperature).float(), (bias / temperature).float())


def leave_one_out(examples: Examples) -> Tensor:
    """What a head of all other images says of each, before its temperature: float64 (N, classes).

    Each time the head is made anew of N - 1 images, with equal weight of the classes among these.
    """
    features, one_hot = examples.features.double(), examples.one_hot
    gram, count = features @ features.T, len(features)
    rows, together = [], max(1, FOLDS_AT_ONCE // count**2)
    for first in range(0, count, together):
        out = torch.arange(first, min(first + together, count))
        kept = torch.ones(len(out), count, dtype=torch.float64)
        kept[torch.arange(len(out)), out] = 0
        solved = _solve(gram, one_hot, _class_weights(one_hot, kept))
        # The Gram matrix's row of the image that was left out, from the center of the others.
        weights = solved.weights
        means = weights @ gram
        row = gram[out] - means - ((gram[out] * weights).sum(1) - (means * weights).sum(1))[:, None]
        answers = torch.einsum("fn,fnc->fc", row, solved.dual) / solved.scale[:, None]
        rows.append(answers + solved.center)
    return torch.cat(rows)


def _class_weights(one_hot: Tensor, kept: Tensor) -> Tensor:
    """Weights (folds, N) with sum 1, equal for all classes, of the images that are kept (1) and not left out (0)."""
    counts = kept @ one_hot
    return kept / (counts @ one_hot.T) / one_hot.shape[1]


def _solve(gram: Tensor, one_hot: Tensor, weights: Tensor) -> _Solution:
    """Ridge regressions of weighted images; an image of weight 0 has no part in its own."""
    means = weights @ gram
    inner = (means * weights).sum(1)
    centered = gram - means[:, :, None] - means[:, None, :] + inner[:, None, None]
    # Images that are all alike have no spread but rounding, and from that nothing is learned.
    least = max(1e-9 * float(gram.diagonal().mean()), 1e-300)
    scale = (centered.diagonal(dim1=1, dim2=2) * weights).sum(1).clamp(min=least)
    center = weights @ one_hot
    # So that the mean weight of those that are kept is 1.
    roots = (weights * (weights > 0).sum(1, keepdim=True)).sqrt()
    system = roots[:, :, None] * (centered / scale[:, None, None]) * roots[:, None, :]
    system.diagonal(dim1=1, dim2=2).add_(PENALTY)
    wanted = roots[:, :, None] * (one_hot - center[:, None, :])
    return _Solution(roots[:, :, None] * torch.linalg.solve(system, wanted), weights, scale, center)


def _temperature(logits: Tensor, examples: Examples) -> Tensor:
    """What the logits of images left out are divided by for the least cross-entropy.

    The targets are not quite 0 and 1 (Platt 1999, "Probabilistic outputs for support vector machines"), for else a head
    that errs on none of a few images would be sure of everything.
    """
    rest = 1 / (len(logits) + 2)
    classes = logits.shape[1]
    wanted = examples.one_hot * (1 - rest) + (1 - examples.one_hot) * rest / (classes - 1)
    (weights,) = _class_weights(examples.one_hot, torch.ones(1, len(logits), dtype=torch.float64))
    said = (logits / TEMPERATURES[:, None, None]).log_softmax(dim=2)
    losses = -(said * wanted).sum(2) @ weights
    return TEMPERATURES[losses.argmin()]
